package jsonformat

// verdict says how reading a value went.
type verdict uint8

const (
	good       verdict = iota
	badSyntax          // not what the type is written as at all
	badRange           // does not fit
	badType            // of another type
	notInteger         // has a fraction or an exponent, and that is not wanted
	tooPrecise         // has more digits behind the point than the column, and that is not wanted
	verdicts           // how many there are
)

// code is the error code of a verdict that is not good; syntax is that of badSyntax.
func (v verdict) code(syntax string) string {
	switch v {
	case badSyntax:
		return syntax
	case badRange:
		return "json.range"
	}
	return "json.type"
}

// reason is what a message says about it behind what was found.
func (v verdict) reason() string {
	return [verdicts]string{
		badSyntax: " - parse failure", badRange: " - out of range",
		notInteger: " - with a fraction or an exponent", tooPrecise: " - with more digits behind the point than the column has",
	}[v]
}
