// Package avroformat decodes Avro datums into rows and encodes rows as Avro datums.
//
// A record holds datums in one of four ways (spec: Object Container Files, Single object encoding):
//
//	object container file    4F 62 6A 01 | header: schema, codec | marker | block … ; any number of rows; the default
//	avro.raw_datums          datum                                                   ; its schema is avro.schema, or avro.reader_schema
//	avro.single_object       C3 01 | fingerprint of avro.schema, 8 bytes | datum
//	avro.confluent_schema_registry
//	                         00 | schema id, 4 bytes, big endian | datum             ; its schema is the registry's
//
// A datum is compiled into the table: for each schema that a writer used, a program reads the values in the order in which
// they were written and puts each straight into its column. Where avro.reader_schema is given, the writer's schema is
// resolved against it as the specification says (names, aliases, defaults, promotions, unions), and its fields go to the
// columns of their names; else the writer's fields do. A column whose name Avro cannot have ("dep-delay") takes the field
// of the nearest name that it can have (dep_delay). A nullable column without a field is null.
//
//	Avro                                       column that a schema gives     other columns that take it
//	boolean                                    BOOLEAN
//	int, long                                  INT, BIGINT                    any integer in range, FLOAT, DOUBLE, DECIMAL, times in the column's unit
//	float, double                              FLOAT, DOUBLE                  each other; a double only where a FLOAT is exact
//	string                                     TEXT                           BYTEA, UUID, DICTIONARY<TEXT>
//	bytes, fixed                               BYTEA                          TEXT if it is UTF-8 (bytes); UUID (fixed of 16)
//	decimal                                    DECIMAL(p, s)                  DECIMAL of another scale, if nothing is lost; BYTEA
//	uuid                                       UUID                           TEXT
//	date                                       DATE                           integers, TIMESTAMP
//	time-millis, -micros                       TIME(3), TIME(6)               TIME of another unit, integers
//	timestamp-millis, -micros, -nanos          TIMESTAMP(3, 6, 9) WITH …      TIMESTAMP of another unit or without zone, integers
//	local-timestamp-…                          TIMESTAMP(3, 6, 9)             the same
//	duration                                   INTERVAL
//	enum                                       TEXT                           DICTIONARY<TEXT>
//	record                                     STRUCT
//	array                                      ARRAY
//	array of {key, value} (logicalType map)    MAP                            ARRAY of STRUCT
//	map                                        MAP<TEXT, V>
//	union of null and T                        T, nullable
//	any other union, a recursive type          JSON                           what each branch that comes up fits
//
// Of entries of a MAP with one key the last counts; what the values of the others are is not looked at. A JSON column has them all.
// Times of a finer unit are rounded down. A JSON column takes every value: numbers, text and booleans as themselves,
// decimals as numbers (of at most 1,024 bytes and 1,024 digits behind the point), bytes as text of the characters U+0000 to
// U+00FF, times as numbers in their unit, durations as {"months", "days", "milliseconds"}, NaN and infinities as text, and
// the values of unions of more than null and one other type with the branch's name around them, {"long": 5}, as Avro's own
// JSON encoding has them.
//
// Rows are written with avro.schema, with the registry's schema, or with one that is made from the columns: NULL comes
// first in unions, names become Avro's, TIMESTAMP(9) and TIME(9) lose their nanoseconds (avro.timestamp_nanos keeps those
// of timestamps), TIMESTAMP is a timestamp with or without a zone, as in Arroyo. A schema that is given must fit every
// column exactly, which is checked before the first row. A JSON column is its text where the schema has a string; for any
// other type its value is converted, from the form in which JSON columns have that type, where the name of a union's branch
// may be left out if the value fits no branch before its own; fields that are left out have their defaults. A value that
// does not convert is bad data (avro.json), and converting allocates. A container holds one row; its sync marker is a function of the
// schema, so that equal rows are equal messages.
//
// Options, beside those of the registry that schemaregistry.FromOptions lists with the prefix avro:
//
//	avro.raw_datums, avro.single_object, avro.confluent_schema_registry   bool, at most one of them; avro.registry implies the last
//	avro.schema, avro.schema_file                the schema that rows are, or were, written with (the file's path is relative to
//	                                             the file that the option stands in)
//	avro.reader_schema, avro.reader_schema_file  the reader's schema; without avro.schema that of raw and single-object datums too
//	avro.into_unstructured_json                  bool: a datum becomes JSON in the table's only column
//	avro.record_name                             name of the record of a schema made from the columns ('Row')
//	avro.timestamp_nanos                         bool: such a schema has timestamp-nanos (Avro 1.12)
//	avro.compression                             of containers written: 'null' (default), 'deflate', 'snappy', 'zstandard'
//	avro.max_uncompressed                        bytes that the blocks of a container may have together (64 MB)
//	avro.schema_id                               the id of avro.schema, where there is a header and no registry
//
// A datum ends where its record does: what stands behind it is bad data, but for one line feed.
//
// What a datum may ask for is bounded: nesting, items and entries, with the fields of each that is a record, and bytes of a string, as the
// options limit.depth, limit.fields and limit.string say (avro.depth, avro.fields, avro.size); items without bytes (65,536), what comes from the schema rather than
// from the datum (64 MB a row), the length of schemas (1 MB), what blocks unpack to. Every bad datum is a *format.DataError
// and leaves nothing behind. In a container it costs its own row if the next one's place is known, else the rest of its
// block; where a block itself is damaged, the walk goes on behind the next sync marker.
package avroformat
