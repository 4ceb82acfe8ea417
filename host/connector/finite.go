package connector

// Finite is implemented by configurations of which some are sources that end by themselves.
type Finite interface {
	// Finite tells that the source has an end behind which nothing will ever come. A pipeline over it stops there, whether or not
	// it is told to.
	Finite() bool
}

// Ends tells whether a source ends by itself.
func Ends(c Config) bool {
	f, ok := c.(Finite)
	return ok && f.Finite()
}
