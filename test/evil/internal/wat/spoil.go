package wat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// prefix is FFFFFFFF and the metadata's length, before the metadata.
const prefix = 8

// place is where in a valid message its parts are (Message.fbs and Schema.fbs in apache/arrow); 0: it is left out.
type place struct {
	version, kind, body  int // fields of Message
	rows, nodes, buffers int // fields of RecordBatch; nodes and buffers are where the vectors' lengths are
	children             int // of a schema's first column: where the vector's length is
	content              int // where the body begins
}

func places(message []byte) place {
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(message[at:])) }
	u32 := func(at int) int { return int(binary.LittleEndian.Uint32(message[at:])) }
	field := func(table, id int) int {
		vtable := table - int(int32(u32(table)))
		if 4+2*id >= u16(vtable) || u16(vtable+4+2*id) == 0 {
			return 0
		}
		return table + u16(vtable+4+2*id)
	}
	follow := func(at int) int { return at + u32(at) }
	root := follow(prefix)
	header := follow(field(root, 2))
	p := place{version: field(root, 0), kind: field(root, 1), body: field(root, 3), content: prefix + u32(4)}
	switch message[p.kind] {
	case 1:
		if columns := follow(field(header, 1)); u32(columns) > 0 {
			p.children = follow(field(follow(columns+4), 5))
		}
	case 3:
		p.rows, p.nodes, p.buffers = field(header, 0), follow(field(header, 1)), follow(field(header, 2))
	}
	return p
}

// length is a message's length, the first in a stream.
func length(stream []byte) int {
	p := places(stream)
	if p.body == 0 {
		return p.content
	}
	return p.content + int(binary.LittleEndian.Uint64(stream[p.body:]))
}

// span is where a buffer's offset and length are.
func (p place) span(i int) int { return p.buffers + 4 + 16*i }

// spoil makes one change. The message must still be whole enough to find the place.
func spoil(message []byte, words []string) ([]byte, error) {
	var n []int64
	name := ""
	for _, word := range words {
		if v, err := strconv.ParseInt(word, 0, 64); err == nil {
			n = append(n, v)
		} else if v, err := strconv.ParseUint(word, 0, 64); err == nil {
			n = append(n, int64(v))
		} else {
			name += " " + word
		}
	}
	want := map[string]int{" node length": 2, " node nulls": 2, " buffer offset": 2, " buffer length": 2, " data": 3, " byte": 2, " word": 2}
	if w := max(want[name], 1); len(n) != w {
		return nil, fmt.Errorf("%d numbers, %d are wanted", len(n), w)
	}
	at, size := 0, 0
	switch name {
	case " cut", " pad":
		if n[0] < 0 || n[0] > int64(len(message)) {
			return nil, fmt.Errorf("0 to %d bytes", len(message))
		}
		if name == " cut" {
			return message[:n[0]], nil
		}
		return append(message, make([]byte, n[0])...), nil
	case " byte", " word":
		at, size = int(n[0]), map[string]int{" byte": 1, " word": 4}[name]
		if at < 0 {
			at += len(message)
		}
	default:
		if at, size = named(places(message), message, name, n); at == 0 {
			size = 0
		}
	}
	if size == 0 || at < 0 || at+size > len(message) {
		return nil, errors.New("there is no such place in the message")
	}
	copy(message[at:at+size], binary.LittleEndian.AppendUint64(nil, uint64(n[len(n)-1])))
	return message, nil
}

// named is where a named field is, and its size; a size of 0 says that there is none.
func named(p place, message []byte, name string, n []int64) (at, size int) {
	switch name {
	case " version":
		return p.version, 2
	case " kind":
		return p.kind, 1
	case " body":
		return p.body, 8
	case " rows":
		return p.rows, 8
	case " nodes":
		return p.nodes, 4
	case " buffers":
		return p.buffers, 4
	case " children":
		return p.children, 4
	case " node length":
		return p.nodes + 4 + 16*int(n[0]), 8
	case " node nulls":
		return p.nodes + 12 + 16*int(n[0]), 8
	case " buffer offset":
		return p.span(int(n[0])), 8
	case " buffer length":
		return p.span(int(n[0])) + 8, 8
	case " data":
		offset := binary.LittleEndian.Uint64(message[p.span(int(n[0])):])
		return p.content + int(offset) + int(n[1]), 1
	}
	return 0, 0
}
