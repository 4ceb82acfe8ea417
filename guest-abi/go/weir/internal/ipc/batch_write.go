package ipc

// Writer writes record batch messages of one schema. Metadata is laid out once; for each batch only numbers change in it, and
// one buffer is used again and again.
//
//	w.Begin(rows)
//	each column in order: w.Node(nulls), then w.Buffer for each of its buffers
//	message := w.Finish()
type Writer struct {
	message []byte // metadata, then the body as far as it is written
	body    int    // where the body starts

	bodyLength, rows, nodes, buffers int // positions of the numbers that change
	node, buffer, row                int // positions of the next ones; the rows of this message
}

// NewWriter lays out messages for the given columns.
func NewWriter(fields []Field) *Writer {
	buffers := 0
	for _, f := range fields {
		buffers += 2
		if f.Type.IsVariable() {
			buffers++
		}
	}
	w := &Writer{}
	w.message, w.bodyLength = envelope(headerRecordBatch, func(b *writer) int {
		batch, at := b.table(slot{8, 0}, reference, reference)
		w.rows = at[batchLength]
		w.nodes = b.structs(at[batchNodes], len(fields))
		w.buffers = b.structs(at[batchBuffers], buffers)
		return batch
	})
	w.body = len(w.message)
	return w
}

// structs writes a vector of zeroed FieldNodes or Buffers and returns the first one's position.
func (w *writer) structs(link, count int) int {
	at := w.vector(count, 8)
	w.link(link, at)
	w.b = append(w.b, make([]byte, count*structSize)...)
	return at + 4
}

// Begin starts a message and ends the life of the one before.
func (w *Writer) Begin(rows int) {
	w.message = w.message[:w.body]
	w.node, w.buffer = w.nodes, w.buffers
	putUint(w.message, w.rows, 8, uint64(rows))
	w.row = rows
}

// Node starts the next column.
func (w *Writer) Node(nulls int) {
	putUint(w.message, w.node, 8, uint64(w.row))
	putUint(w.message, w.node+8, 8, uint64(nulls))
	w.node += structSize
}

// Buffer copies the column's next buffer into the body.
func (w *Writer) Buffer(data []byte) {
	w.describe(len(data))
	w.message = append(w.message, data...)
	w.pad()
}

// Validity writes the column's validity buffer from a bitmap of its nulls, which may end before the last row.
func (w *Writer) Validity(nulls []uint64) {
	w.describe((w.row + 7) / 8)
	end := len(w.message) + (w.row+7)/8
	for _, word := range nulls {
		for i := 0; i < 64 && len(w.message) < end; i += 8 {
			w.message = append(w.message, ^byte(word>>i))
		}
	}
	for len(w.message) < end {
		w.message = append(w.message, 0xFF)
	}
	w.pad()
}

// Finish gives the message, valid until the next Begin.
func (w *Writer) Finish() []byte {
	putUint(w.message, w.bodyLength, 8, uint64(len(w.message)-w.body))
	return w.message
}

func (w *Writer) describe(length int) {
	putUint(w.message, w.buffer, 8, uint64(len(w.message)-w.body))
	putUint(w.message, w.buffer+8, 8, uint64(length))
	w.buffer += structSize
}

var zeros [alignment]byte

func (w *Writer) pad() {
	w.message = append(w.message, zeros[:-len(w.message)&(alignment-1)]...)
}
