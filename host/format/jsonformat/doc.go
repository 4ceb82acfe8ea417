// Package jsonformat reads and writes rows as JSON objects, one a frame.
//
// Decoding is one pass over the frame, directed by the declared fields, straight into the batch's columns. The fields are
// looked for in the order in which the record before had them, so a stream of records of one shape costs a comparison a
// key. Keys match case-sensitively, whatever their spelling ("\u0061" is "a"). Undeclared keys are checked for syntax and
// skipped. A declared field that is absent or null becomes a null, or an error if it is NOT NULL. What a record
// may have of levels, values and bytes of a string is limited, see [format.Limits].
//
// # What a column takes
//
//	BIGINT and the     a number: integers exactly, a fraction or exponent truncated toward zero ("1.9" is 1, "2e1" is 20),
//	other integers     exactly too, never by way of a float; or a string of digits with an optional sign
//	FLOAT, DOUBLE      a number, or a string with one; the nearest float32 or float64; past its range is an error; or a string
//	                   "NaN", "Infinity", "inf", in any case, the latter two with a sign perhaps
//	DECIMAL            a number, or a string with one, exactly; digits past the scale are dropped, whole digits past the
//	                   precision an error. With json.decimal_encoding = 'bytes' a string is base64 of the unscaled number, 1 to
//	                   16 bytes of big-endian two's complement
//	BOOLEAN            true or false
//	TEXT, DICTIONARY   a string
//	BYTEA              a string of base64 (RFC 4648 section 4), with its padding
//	UUID               a string of 32 hexadecimal digits (RFC 9562 section 4), with dashes or without, or after "urn:uuid:"
//	TIMESTAMP          a string "2013-01-02T15:04:05", with "t" or a space for the "T", with a fraction (digits past
//	                   the ninth, and those finer than the column, are dropped), with "Z", "+05", "+0500" or "+05:00", an
//	                   instant in UTC without; or just the date, for midnight; or "2013-01-02T150405"; second 60 is the next
//	                   minute. Or a number, truncated like an integer's: in the column's own unit, or in milliseconds
//	                   with json.timestamp_format = 'unix_millis'. WITH TIME ZONE the same: columns hold UTC
//	DATE               a string "2013-01-02", or a timestamp's, whose date in UTC counts; or a number of days since 1970, of
//	                   milliseconds with 'unix_millis' except in an envelope or a change event
//	TIME               a string "15:04:05", with a fraction, or "15:04"; or a number in the column's unit, less than a day
//	INTERVAL           a string with an ISO 8601 duration, "P1Y2M3W4DT5H6M7.5S", its units in this order and none of them needed
//	                   but one; a sign before any number or the whole; a fraction of seconds only
//	JSON               any value, as its own text, white space and escapes included; null is the text "null", and so is a value
//	                   that is absent, also where the column is NOT NULL
//	T[]                an array
//	STRUCT             an object, its keys as those of a record
//	MAP                an object, its keys as strings, the digits of an integer, or true and false; of two entries with one key
//	                   the last counts
//
// # Leniencies
//
// Arroyo's decoder (arrow-json's tape.rs) is lenient, and so is this one; with [Config.Strictness] it is not, in all of it or by name:
//
//   - any number of commas, or none, between the members of an object and the items of an array: {,"a":1 "b":2,,}
//   - control characters in strings without an escape
//   - numbers with leading zeros, or without digits on one side of the point: 007, 1., -.5
//   - under an undeclared key, a minus or digit and any run of digits and the characters + - . e E in place of a number
//   - a declared key, or the key of a map, more than once: the last one wins, and only its value counts
//   - a fraction or an exponent for an integer column
//   - digits other than zero past the scale of a decimal column
//   - a string for a number
//   - for a timestamp, what json.timestamp_format does not say (a number with RFC3339, a string with unix_millis), and of
//     the strings those without both date and time, with "t" or a space for the "T", with "z" for the "Z", without colons,
//     with more than nine digits of fraction, with second 60, or with an offset that is not spelled "+05:00"
//   - for a date or time a number (with RFC3339), for a date a timestamp's text, for a time one without seconds or with more
//     than nine digits of fraction, for an interval one with more than nine, for a UUID any text but that of 36 characters, for the
//     key of a map that is an integer one with a plus or leading zeros
//
// They hold at every level, but for the value of a JSON column, which no leniency applies to: what it holds is JSON.
//
// Never accepted: anything but one object in a frame, invalid UTF-8 or an unpaired surrogate anywhere in it, NaN and
// infinity outside of a string.
//
// # Errors
//
// A bad frame is a *format.DataError. A frame that is not UTF-8 is reported as that, whatever else is wrong with it; then
// one that is not well-formed; then the first wrong field in the frame's order, then the first missing one in the table's.
// Positions are byte offsets in the frame, from 0. Paths are "s.a" for a field of a STRUCT, "items[1].price" for one in an
// array, from 0, and "m{2}" for an entry of a map, whose key is data and so is not named. Codes:
//
//	json.empty      no object: nothing but white space
//	json.syntax     not JSON, cut short, or more than one object; with a path: a malformed number
//	json.utf8       not UTF-8
//	json.depth      nested deeper than limit.depth
//	json.fields     more values than limit.fields
//	json.size       a string longer than limit.string
//	json.type       the value has another type than the column, or the frame is not an object
//	json.parse      a string, or the key of a map, that is not written as the column's type is
//	json.range      a number, date or time that the column cannot hold
//	json.null       null for NOT NULL
//	json.missing    no value for NOT NULL
//	json.duplicate  a field, or the key of a map, that comes twice (strict only)
//
// # Encoding
//
// An object on one line, the fields in the table's order, nulls written, in lists, structs and maps alike.
//
//	integers, BOOLEAN   as they are
//	FLOAT, DOUBLE       the fewest digits that read back as the same number, always with a point or an exponent; NaN and
//	                    infinity become null
//	DECIMAL             all its digits, as json.decimal_encoding says: 'number' (the default), 'string', or 'bytes', base64 of
//	                    the unscaled number in 16 bytes, big-endian two's complement
//	TEXT, DICTIONARY    a string; the quote, the backslash and control characters are escaped, nothing else
//	BYTEA               base64, RFC 4648 section 4, padded
//	UUID                "00112233-4455-6677-8899-aabbccddeeff"
//	TIMESTAMP           "2013-01-02T15:04:05.250", WITH TIME ZONE with a "Z"; the fraction in groups of three digits and only
//	                    if not zero. Or whole milliseconds, rounded down, with json.timestamp_format = 'unix_millis'
//	DATE                "2013-01-02"; with 'unix_millis' the milliseconds of its midnight, or days since 1970 in an envelope or a
//	                    change event
//	TIME                "15:04:05.250"
//	INTERVAL            an ISO 8601 duration, "P1Y2M3DT4H5M6.500S", each number with its own sign; none at all is "PT0S"
//	JSON                the text as it is, with spaces for line breaks; one that is not JSON, with json.invalid_documents =
//	                    'string', as a string
//	MAP                 an object, the keys as strings; not with a key twice
//
// What cannot be written so is a DataError with the path, and nothing is written: text that is not UTF-8 (json.utf8), a JSON
// column whose text is not JSON as strict mode reads it (json.syntax, json.utf8, json.depth), a map that has a key twice
// (json.duplicate), timestamps and dates outside the years 0 to 9999, or the range of milliseconds (json.range).
//
// # Carrying
//
// A row can be written with the bytes of its frame (format.Carrier): as they are, where the frame has all of the sink's columns and
// no other member; or value by value, beside columns that are encoded. Frames are read strictly for that, whatever is
// tolerated. One that does not pass is read again as the table has it, and takes the ordinary path: its row is encoded. So is
// that of a frame in which a declared key is spelled with an escape, a value has members that its type does not declare or
// lacks some that it does, or a time is finer than its column or has an offset other than "Z". Not carried at all are JSON
// columns, whose line breaks an encoder replaces; dates and timestamps with 'unix_millis'; decimals but as numbers; and records
// in an envelope, change events, and those behind a registry header.
//
// # Unstructured
//
// With json.unstructured a frame is the text of the table's one column, JSON or TEXT, and a table that declares none has
// value JSON. Reading keeps it as it is, JSON or not, with U+FFFD for what is not UTF-8, unless the leniency unchecked_text
// is off. A frame longer than limit.string is refused; levels and values are counted where it must be JSON. Writing writes a TEXT as
// it is, with that leniency off and in a JSON column only what is JSON, and null for a null.
//
// # Schema documents
//
// A table that declares no columns has those of json.schema, of json.schema_file, or of the registry that json.registry names; those that
// it declares must fit the document. A JSON Schema, draft 4 to 2020-12, becomes columns so:
//
//	boolean, number     BOOLEAN, DOUBLE; FLOAT with format float
//	integer             BIGINT; with bounds the first of INT, INT UNSIGNED, BIGINT and BIGINT UNSIGNED that has room; with a
//	                    format int8 to int64 or uint8 to uint64 that one
//	string              TEXT; TIMESTAMP, DATE, TIME, INTERVAL or UUID with format date-time, date, time, duration or uuid; BYTEA with
//	                    contentEncoding base64
//	array, object       T[]; STRUCT, or MAP where all members are additional ones of some type
//	oneOf, anyOf        of null and one other: that, nullable
//	anything else       JSON; [ParseColumns] says why
//
// The keyword x-weir-type, which [FromColumns] writes, names what JSON Schema has no word for: a type that is not nested, as weir schema
// spells it, with NOT NULL behind it perhaps, and in propertyNames that of a map's keys. It must go with what the rest of the schema
// describes. Declared columns are checked against that rest, which is what records hold.
//
// A document that does not say which draft it is of is of the first one, from 2020-12 back, by which it is valid.
//
// What is not required is nullable, as is what may be null. References lead to the document, or to those the registry has for it. With
// json.register a given document is what is registered.
//
// # Envelopes
//
// With json.include_schema a record is {"schema": …, "payload": …} as Kafka Connect's JsonConverter has it, the row being the
// payload, which the limits are of. A schema that is read is not looked at beyond its syntax. The one that is written says what the
// payload holds: unsigned integers are of the next wider type (a BIGINT UNSIGNED past 2^63-1 is json.range), a timestamp or date is Connect's
// with 'unix_millis' and otherwise a string, a decimal is Connect's unless it is written as a string. A JSON column is Debezium's
// io.debezium.data.Json: its text in a string. In an envelope that is read a string for a JSON column is what it holds, where that is
// JSON within the limits.
//
// With json.confluent_schema_registry a record begins with a zero byte and the id of a schema in four bytes. They are checked
// when read, and the id is not looked up. The id that is written is json.schema_id, or comes from the registry that
// json.registry names: that of the subject's latest version, of json.schema_version, or, with json.register = true, of a
// JSON Schema of the table (see [FromColumns]), which is registered before the first record.
//
//	json.envelope         an envelope without a payload
//	json.registry_header  no registry header: too short, or another first byte
//
// # Change events
//
// A Config with Debezium, the format debezium_json, has rows before, after and op, of which before and after are structs of
// the columns that the table declares. Whatever else an event has is skipped. With op c (create), r (read in a snapshot) and u
// (update) there must be a row after, with d (delete) one before, with t (truncate) neither need be; an update may lack the
// row before, as PostgreSQL leaves it out. Tombstones, which are empty records or null, are no rows. The same is checked when
// events are written. Timestamps are milliseconds and decimals bytes unless the options say otherwise.
//
//	debezium.op      none of these, or null
//	debezium.before  no row before
//	debezium.after   no row after
package jsonformat
