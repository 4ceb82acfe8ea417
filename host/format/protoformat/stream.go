package protoformat

import (
	"encoding/binary"

	"github.com/weir-stream/weir/host/format"
)

// stream reads frames of any number of messages, each behind its length as a varint.
type stream struct {
	*decoder
	broken bool // the last of Next is no message but what is wrong with the stream
}

var _ format.Unpacker = (*stream)(nil)

// Next implements format.Unpacker.
func (s *stream) Next(rest []byte) (row, remaining []byte, ok bool, err error) {
	if len(rest) == 0 {
		return nil, nil, false, nil
	}
	n, p := varint(rest, 0)
	s.broken = p < 0 || n > uint64(len(rest)-p)
	if p < 0 {
		code := wireCodes[-p]
		return rest, nil, true, &format.DataError{Code: code[0], Message: "the length before a message: " + code[1]}
	}
	if s.broken {
		return rest, nil, true, &format.DataError{Code: "protobuf.truncated", Message: "a message is cut short: its length goes past the end"}
	}
	return rest[p : p+int(n)], rest[p+int(n):], true, nil
}

// Whole implements format.Unpacker.
func (s *stream) Whole() format.Whole {
	if s.broken {
		return format.Alone
	}
	return delimited
}

// delimited is a message behind its length.
func delimited(row []byte) []byte {
	out := make([]byte, 0, binary.MaxVarintLen64+len(row))
	return append(binary.AppendUvarint(out, uint64(len(row))), row...)
}
