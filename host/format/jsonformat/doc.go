// Package jsonformat reads and writes rows as JSON objects, one a frame.
//
// Decoding is one pass over the frame, directed by the declared fields, straight into the batch's columns. The fields are
// looked for in the order in which the record before had them, so a stream of records of one shape costs a comparison a
// key. Keys match case-sensitively, whatever their spelling ("\u0061" is "a"). Undeclared keys are checked for syntax and
// skipped. A declared field that is absent or null becomes a null, or an error if it is NOT NULL. Nesting deeper than
// [MaxDepth] is an error.
//
// # What a column takes
//
//	BIGINT, INT        a number: integers exactly, a fraction or exponent truncated toward zero ("1.9" is 1, "2e1" is 20),
//	                   exactly too, never by way of a float; or a string of digits with an optional sign
//	DOUBLE             a number, or a string with one; the nearest float64; past its range is an error
//	BOOLEAN            true or false
//	TEXT               a string
//	TIMESTAMP(0,3,6,9) a string "2013-01-02T15:04:05", with "t" or a space for the "T", with a fraction (digits past
//	                   the ninth, and those finer than the column, are dropped), with "Z", "+05", "+0500" or "+05:00", an
//	                   instant in UTC without; or just the date, for midnight; or "2013-01-02T150405"; second 60 is the next
//	                   minute. Or a number, truncated like an integer's: in the column's own unit, or in milliseconds
//	                   with json.timestamp_format = 'unix_millis'
//
// # Leniencies
//
// Arroyo's decoder (arrow-json's tape.rs) is lenient, and so is this one; with [Config.Strict] it is not:
//
//   - any number of commas, or none, between the members of an object and the items of an array: {,"a":1 "b":2,,}
//   - control characters in strings without an escape
//   - numbers with leading zeros, or without digits on one side of the point: 007, 1., -.5
//   - under an undeclared key, any run of digits and the characters + - . e E in place of a number
//   - a declared key more than once: the last one wins, and only its value counts
//   - a fraction or an exponent for an integer column
//   - a string for a number
//   - for a timestamp, what json.timestamp_format does not say (a number with RFC3339, a string with unix_millis), and of
//     the strings those without both date and time, with "t" or a space for the "T", with "z" for the "Z", without colons,
//     with more than nine digits of fraction, with second 60, or with an offset that is not spelled "+05:00"
//
// Never accepted: anything but one object in a frame, invalid UTF-8 or an unpaired surrogate anywhere in it, NaN and
// infinity in any spelling.
//
// # Errors
//
// A bad frame is a *format.DataError. A frame that is not UTF-8 is reported as that, whatever else is wrong with it; then
// one that is not well-formed; then the first wrong field in the frame's order, then the first missing one in the table's.
// Positions are byte offsets in the frame, from 0. Codes:
//
//	json.empty      no object: nothing but white space
//	json.syntax     not JSON, cut short, or more than one object; with a path: a malformed number
//	json.utf8       not UTF-8
//	json.depth      nested too deep
//	json.type       the value has another type than the column, or the frame is not an object
//	json.parse      a string that holds no number or timestamp where the column needs one
//	json.range      a number or timestamp that the column cannot hold
//	json.null       null for NOT NULL
//	json.missing    no value for NOT NULL
//	json.duplicate  a field that comes twice (strict only)
//
// # Encoding
//
// An object without white space, the fields in the table's order, nulls written. A DOUBLE has the fewest digits that read
// back as the same number, always with a point or an exponent; NaN and infinity become null. Strings escape the quote,
// the backslash and control characters, nothing else. A timestamp is "2013-01-02T15:04:05.250": no zone, fraction in
// groups of three and only if not zero; or whole milliseconds, rounded down, with 'unix_millis'. Text that is not UTF-8
// (json.utf8) and timestamps outside the years 0 to 9999, or the range of milliseconds (json.range), are DataErrors.
package jsonformat
