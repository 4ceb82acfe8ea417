// Package ipc reads and writes the few Arrow IPC messages that a guest exchanges with its host: a Schema and a RecordBatch.
//
// An encapsulated message is
//
//	0    FF FF FF FF
//	4    i32 length of the metadata, a multiple of 8
//	8    metadata: a flatbuffer, table Message (Schema.fbs and Message.fbs of Apache Arrow)
//	…    body (RecordBatch only): the columns' buffers, each at an offset that the metadata gives
//
// A column has one node (values, nulls) and, by its type, these buffers, and behind them the nodes and buffers of what it holds:
//
//	fixed width, BOOLEAN   validity, values
//	TEXT, JSON, BYTEA      validity, offsets (i32, one more than values), bytes
//	ARRAY                  validity, offsets; it holds the items
//	MAP                    validity, offsets; it holds a STRUCT of key and value, without nulls
//	STRUCT                 validity; it holds its fields
//
// What holds others is read and never written. Metadata is checked as it is read, so a damaged message gives an error and never
// a read outside of it. The package uses nothing but errors of the standard library, because what it imports every guest
// carries.
package ipc
