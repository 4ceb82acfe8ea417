package ipc

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	arrowipc "github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/ipc/ipctest"
)

var testLimits = Limits{Columns: 500, NameBytes: 255, Rows: 1 << 20, Bytes: 1 << 26}

// scattered gives numbers that put nulls into every column.
func scattered() func() int {
	n := 0
	return func() int { n = (n*5 + 3) % 101; return n }
}

// drawSchema draws up to six columns of any type, of types that hold others too.
func drawSchema(t *rapid.T) *arrow.Schema {
	fields := []arrow.Field{}
	next := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "type") }
	for i := range rapid.IntRange(0, 6).Draw(t, "columns") {
		dt := ipctest.Any(rapid.IntRange(0, 5).Draw(t, "depth"), next)
		fields = append(fields, arrow.Field{Name: fmt.Sprint(i), Type: dt, Nullable: rapid.Bool().Draw(t, "nullable")})
	}
	return arrow.NewSchema(fields, nil)
}

// encode writes a batch with Writer into memory that held something before.
func encode(t testing.TB, batch arrow.RecordBatch) []byte {
	t.Helper()
	w, err := NewWriter(batch.Schema())
	if err != nil {
		t.Fatal(err)
	}
	size, err := w.Prepare(batch)
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Repeat([]byte{0xaa}, size+1)
	w.Write(out)
	if out[size] != 0xaa || size%64 != 0 {
		t.Fatalf("size %d, byte behind it %x", size, out[size])
	}
	return out[:size]
}

func schemaMessage(t testing.TB, schema *arrow.Schema) []byte {
	t.Helper()
	out, err := AppendSchema(nil, schema)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// decode reads a message with Reader over an allocator's copy.
func decode(schema *arrow.Schema, message []byte, mem memory.Allocator) (arrow.RecordBatch, error) {
	r, err := NewReader(schema, testLimits)
	if err != nil {
		return nil, err
	}
	own := mem.Allocate(len(message))
	copy(own, message)
	buffer := memory.NewBufferWithAllocator(own, mem)
	defer buffer.Release()
	return r.Read(buffer)
}

// arrowWrite writes a stream with arrow-go and takes it apart into its messages, schema first.
func arrowWrite(t testing.TB, batches ...arrow.RecordBatch) [][]byte {
	t.Helper()
	var out bytes.Buffer
	w := arrowipc.NewWriter(&out, arrowipc.WithSchema(batches[0].Schema()))
	for _, b := range batches {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return messages(t, out.Bytes())
}

// messages cuts a stream into its encapsulated messages.
func messages(t testing.TB, stream []byte) (out [][]byte) {
	t.Helper()
	for len(stream) > prefix {
		size := int(int32(uint32(stream[4]) | uint32(stream[5])<<8 | uint32(stream[6])<<16 | uint32(stream[7])<<24))
		if size == 0 {
			break
		}
		f := &flat{b: stream[prefix : prefix+size]}
		end := prefix + size + int(f.root().i64(3))
		out = append(out, stream[:end])
		stream = stream[end:]
	}
	return out
}

// arrowRead reads a schema message and batch messages with arrow-go.
func arrowRead(t testing.TB, mem memory.Allocator, parts ...[]byte) (out []arrow.RecordBatch) {
	t.Helper()
	ipctest.Register()
	r, err := arrowipc.NewReader(bytes.NewReader(bytes.Join(parts, nil)), arrowipc.WithAllocator(mem))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	for {
		b, err := r.Read()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b.Retain()
		out = append(out, b)
	}
}

// touch has every value read and the batch judged.
func touch(t testing.TB, batch arrow.RecordBatch) {
	t.Helper()
	if err := ipctest.Check(batch); err != nil {
		t.Fatal(err)
	}
}
