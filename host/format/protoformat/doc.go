// Package protoformat reads and writes rows as Protobuf messages, one a frame.
//
// The schema is a .proto file or its text, compiled in process, a descriptor set, or what a schema registry has. Columns are
// matched with the fields of one message type by name (or by the JSON name), at every level; fields without a column are skipped.
// A table that declares no columns has those of [ToColumns].
//
// # What a column takes
//
//	integers            any integer type that holds the number, DECIMAL; TIMESTAMP, DATE and TIME as a number in their unit
//	float, double       FLOAT, DOUBLE; DOUBLE
//	bool                BOOLEAN
//	string              TEXT, DICTIONARY<TEXT>, BYTEA; UUID and DECIMAL as they are usually spelled
//	bytes               BYTEA; TEXT in base64; UUID
//	enum                TEXT with the name, "" for a number without one, or with protobuf.enums = 'number' the number; an integer
//	                    type with the number. An unknown number of a closed enum is an unknown field, as in Google's parsers
//	message, group      STRUCT
//	Timestamp, Duration TIMESTAMP, finer digits dropped; INTERVAL or BIGINT in nanoseconds
//	Int64Value …        what the wrapped type takes
//	repeated            an array; packed or not, also both in one record
//	map                 MAP; of entries with one key the last
//	any of these        JSON
//
// JSON is protojson's with the names of the .proto file, 64-bit integers as numbers, and of an Any whose type the schema lacks
// {"type_url": …, "value": base64}. Fields that are not set are left out. With protobuf.into_unstructured_json a record is one such
// text.
//
// # Absent fields
//
// A field with presence (optional, required, a message, a oneof's member; in editions unless features.field_presence says
// otherwise) is NULL where it is absent, or the default that the .proto file gives it. A field without presence is 0, "" or false,
// as writers leave those out; a repeated field or a map is empty. With protobuf.defaults = 'arroyo' all of them are NULL. What would
// be NULL for NOT NULL is an error. Of a oneof's members the last on the wire counts and the others are NULL. A message that comes
// in several pieces is merged, of a scalar the last counts, and a field with another wire type than its own is an unknown one.
//
// # Errors
//
// A bad frame is a *format.DataError; which of several mistakes it names is not said. Strings must be UTF-8, in proto2 as well.
// What is inside of fields without a column, or of a value that a later one takes the place of, is not looked at. Codes:
//
//	protobuf.truncated        a value goes past the end of its message
//	protobuf.varint           a varint of more than 64 bits
//	protobuf.tag              no valid tag, or the end of a group that was not begun
//	protobuf.group            a group without its end
//	protobuf.depth            nested deeper than limit.depth, by default [DefaultDepth]
//	protobuf.fields           the record becomes more values than limit.fields
//	protobuf.size             a string or bytes longer than limit.string
//	protobuf.utf8             a string that is not UTF-8
//	protobuf.range            a number, a time or an interval that the column (or, written, the field) cannot hold
//	protobuf.parse            a text or bytes that are no UUID, DECIMAL or base64
//	protobuf.missing          no value for NOT NULL; NULL for a required field
//	protobuf.registry_header  no registry header, or wrong message indexes
//	protobuf.message_index    a header for another message type than protobuf.message
//	protobuf.unknown_schema   a header with an id that the registry does not know
//	protobuf.schema           a header's schema that does not fit the table, or is none
//
// and of rows that cannot be written protobuf.enum, protobuf.null (in an array or a map), protobuf.oneof (two members with values)
// and protobuf.json. A registry that cannot be reached is no DataError.
//
// # Encoding
//
// Fields come in the order of their numbers, as Google's writers have them, NULL and zeros without presence left out, repeated
// numbers packed where the schema says so, maps in the order they have. JSON columns may use the names of the .proto file or
// the JSON names; the JSON null is NULL, but for a google.protobuf.Value, of which it is a value.
package protoformat
