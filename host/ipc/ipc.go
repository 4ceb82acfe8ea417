// Package ipc writes and reads Arrow IPC messages: the form in which schemas and record batches cross into a guest and back.
//
// Only what crosses that boundary is here: encapsulated Schema and RecordBatch messages of metadata version V5, without
// compression, dictionaries and variadic buffers, over the column types in types.go. The writer lays a batch out straight
// into the guest's memory, in one copy. The reader trusts nothing: it takes the host's own copy of what a guest made, and
// checks every offset, length, validity bit and text of every column, and of everything inside of one, before an array is
// made over it.
//
//	message:  FFFFFFFF | i32 length of metadata | metadata (a flatbuffer), padded | body
//	metadata: Message { version, header: Schema | RecordBatch, bodyLength }
//	body:     the columns' buffers one after the other, each padded: validity, then values, or offsets and data, or
//	          nothing but the fields of a struct, or offsets and the items of a list: fields and items as columns are
//
// The rules are those of https://arrow.apache.org/docs/format/Columnar.html and of Message.fbs and Schema.fbs in
// apache/arrow; guest-abi/SPEC.md narrows them.
package ipc

import (
	"encoding/binary"
	"fmt"
)

// Codes of Error. They are part of the guest ABI (violations in guest-abi/abi.json).
const (
	CodeFrame       = "ipc.frame"
	CodeMetadata    = "ipc.metadata"
	CodeVersion     = "ipc.version"
	CodeHeader      = "ipc.header"
	CodeUnsupported = "ipc.unsupported"
	CodeSchema      = "ipc.schema"
	CodeLimit       = "ipc.limit"
	CodeLayout      = "ipc.layout"
	CodeLength      = "ipc.length"
	CodeBuffer      = "ipc.buffer"
	CodeOffsets     = "ipc.offsets"
	CodeValidity    = "ipc.validity"
	CodeNull        = "ipc.null"
	CodeUTF8        = "ipc.utf8"
	CodeValue       = "ipc.value"
)

// Error says which rule a message breaks.
type Error struct {
	Code    string // one of the codes above
	Message string // what is wrong and where
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

func errorf(code, layout string, args ...any) error {
	return &Error{code, fmt.Sprintf(layout, args...)}
}

// Limits bound what a reader accepts. Every field must be set.
type Limits struct {
	Columns   int // of a schema, with all fields inside of them
	NameBytes int // of a column's name
	Rows      int // of a record batch, MostRows at most
	Bytes     int // of a message, metadata included
}

// MostRows is the most that Limits.Rows may be, and the most items that the lists of one column, or of one field, may have
// together: their offsets can be measured in bits in 31 bits.
const MostRows = 1 << 24

const (
	prefix    = 8  // continuation marker and metadata length
	alignment = 64 // of a body and of the buffers in it, when we write

	versionV5 = 4 // MetadataVersion.V5

	headerSchema      = 1 // MessageHeader.Schema
	headerRecordBatch = 3 // MessageHeader.RecordBatch
)

// frame takes an encapsulated message apart, whose metadata it puts into f. The message must be wholly there, and nothing
// behind it.
func frame(f *flat, message []byte, kind byte, l Limits) (header table, body []byte, err error) {
	if len(message) > l.Bytes {
		return table{}, nil, errorf(CodeLimit, "a message of %d bytes; at most %d are allowed", len(message), l.Bytes)
	}
	if len(message) < prefix || binary.LittleEndian.Uint32(message) != 0xffffffff {
		return table{}, nil, errorf(CodeFrame, "the message does not begin with FFFFFFFF and a length")
	}
	size := int64(int32(binary.LittleEndian.Uint32(message[4:])))
	if size <= 0 || size%8 != 0 || size > int64(len(message)-prefix) {
		return table{}, nil, errorf(CodeFrame, "metadata of %d bytes in a message of %d", size, len(message))
	}
	f.b = message[prefix : prefix+size]
	body = message[prefix+size:]
	root := f.root()
	version, tag, bodyLength := root.i16(0), root.u8(1), root.i64(3)
	header = root.table(2)
	switch {
	case f.broken:
		return table{}, nil, errBroken
	case version != versionV5:
		return table{}, nil, errorf(CodeVersion, "metadata version %d; V5 (4) is the one in use", version)
	case tag != kind:
		return table{}, nil, errorf(CodeHeader, "%s where %s is wanted", messageName(tag), messageName(kind))
	case !header.there():
		return table{}, nil, errorf(CodeMetadata, "the message has no header")
	case bodyLength != int64(len(body)):
		return table{}, nil, errorf(CodeFrame, "a body of %d bytes where the metadata says %d", len(body), bodyLength)
	}
	return header, body, nil
}

// messageName is a kind of MessageHeader in Message.fbs, in words.
func messageName(kind byte) string {
	names := [...]string{"a message without a header", "a schema", "a dictionary batch", "a record batch", "a tensor", "a sparse tensor"}
	if int(kind) < len(names) {
		return names[kind]
	}
	return fmt.Sprintf("a message of kind %d", kind)
}

func align(n, to int) int { return (n + to - 1) / to * to }
