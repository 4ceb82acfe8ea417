package ipc

import "errors"

// ErrMessage is in the chain of every error about a message that is not what Arrow's format asks for or this package reads.
var ErrMessage = errors.New("bad Arrow IPC message")

type messageError string

func (e messageError) Error() string { return "bad Arrow IPC message: " + string(e) }
func (e messageError) Unwrap() error { return ErrMessage }

const (
	continuation = 0xFFFFFFFF
	prefix       = 8 // continuation and length
	alignment    = 64

	versionV5 = 4 // MetadataVersion.V5

	headerSchema      = 1 // MessageHeader
	headerRecordBatch = 3
)

// split takes a message apart and gives its header's table. The body is as long as the metadata says.
func split(message []byte, header int) (r reader, table int, body []byte, err error) {
	prefixed := reader{b: message}
	length := prefixed.i32(4)
	if prefixed.bad || prefixed.u32(0) != continuation || length < 0 || length%8 != 0 || length > len(message)-prefix {
		return r, 0, nil, messageError("its prefix is wrong or it is cut short")
	}
	r = reader{b: message[prefix : prefix+length]}
	root := r.ref(0)
	if version := r.int(root, 0, 2); version != versionV5 && !r.bad {
		return r, 0, nil, messageError("its metadata version is not V5")
	}
	if got := r.int(root, 1, 1); got != uint64(header) && !r.bad {
		return r, 0, nil, messageError("it is of another kind than expected")
	}
	table = r.table(root, 2)
	bodyLength := r.int(root, 3, 8)
	rest := message[prefix+length:]
	if r.bad || table == 0 {
		return r, 0, nil, messageError("its metadata is damaged")
	}
	if bodyLength > uint64(len(rest)) {
		return r, 0, nil, messageError("its body is cut short")
	}
	return r, table, rest[:bodyLength], nil
}

// envelope writes a Message table around a header that write appends, with the prefix, padded so that a body can follow. It
// returns where the body's length stands.
func envelope(header int, write func(w *writer) (table int)) (message []byte, bodyLength int) {
	// The prefix is as long as the strictest alignment, so positions may count from its start.
	w := writer{b: make([]byte, prefix, 512)}
	root := len(w.b)
	w.put(4, 0)
	start, at := w.table(slot{2, versionV5}, slot{1, uint64(header)}, reference, slot{8, 0})
	w.link(root, start)
	w.link(at[2], write(&w))
	w.align(alignment, 0)
	putUint(w.b, 0, 4, continuation)
	putUint(w.b, 4, 4, uint64(len(w.b)-prefix))
	return w.b, at[3]
}
