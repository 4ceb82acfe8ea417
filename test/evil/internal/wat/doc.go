// Package wat fills Arrow IPC messages into WebAssembly text: a comment says what the message is and what is wrong with it,
// and the data string behind the comment holds its bytes.
//
// In a data segment, a line that begins with ";;=" is such a comment. Fill replaces the lines of strings that follow it, and
// writes the message's length into the comment, for whoever writes the code that passes it on:
//
//	(data (i32.const 2048)
//	  ;;= batch 3 class:text? | buffer 1 offset -8 (576 bytes)
//	  "\ff\ff\ff\ff…")
//
// Messages are "schema COLUMNS" and "batch ROWS COLUMNS", which the host's own writer lays out, "foreign COLUMNS", the schema as
// Arrow's library writes it, and "dictionary" (a dictionary batch). A column is NAME:TYPE, with ? where it may be null; then every
// third value is. A name may be quoted as in Go. Types:
//
//	text bigint int double bool timestamp
//	decimal                    of four digits, two behind the point
//	time                       in seconds
//	json
//	list                       of text
//	struct                     of two numbers x and y
//	map                        from text to numbers
//
// and in schemas also: dictionary, dictionaries (a list of them), half (a float of 16 bits), zoned (a timestamp in Berlin), twice (a
// struct with two fields x), nothing (a struct without fields), keyed (a map from doubles), deep (lists within each other, one more
// than may be), wide (a struct of 40 flags). In row r a number is r, a text "row", a document "{}"; a list or a map has one item.
//
// Changes follow behind "|", separated by commas; N is any number that strconv reads, negative ones too:
//
//	rows N                     the record batch's length
//	body N                     the body's length
//	version N, kind N          of the Message
//	nodes N, buffers N         the lengths of these vectors
//	node I length N            of a column, or of what is inside of one; also: node I nulls N
//	buffer I offset N          of a buffer in the body; also: buffer I length N
//	children N                 how many fields a schema's first column says that it has
//	data I K N                 byte K of buffer I
//	byte K N                   byte K of the message; from the end where K is negative
//	word K N                   four bytes from there
//	cut N, pad N               keep N bytes; append N zeros
package wat
