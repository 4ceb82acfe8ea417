package format

// DataError says why a record is bad, without ever repeating a value from it: reports go to logs and dead letters that
// more people read than the data itself.
type DataError struct {
	Code    string // stable and dotted, "json.type"; what dashboards count by
	Path    string // the field, "dep_delay"; "" for the record as a whole
	Message string // what was expected and what was found, with the byte position in the frame

	// What was expected, a type as a CREATE TABLE spells it, and what was found, "string (length: 5)"; "" where there is
	// nothing to compare. Message says both in words.
	Expected, Found string
}

// Error is the message with code and path before it.
func (e *DataError) Error() string {
	if e.Path == "" {
		return e.Code + ": " + e.Message
	}
	return e.Code + ": field '" + e.Path + "': " + e.Message
}
