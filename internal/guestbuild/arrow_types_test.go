package guestbuild

import (
	"bytes"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// The SDK's copies of the flat columns that pyarrow wrote are these columns.
func TestArrowGoReadsEveryTypeThatTheSDKWrites(t *testing.T) {
	file := func(parts ...string) []byte {
		b, err := os.ReadFile(root(parts...))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	original := file("guest-abi", "go", "weir", "testdata", "pyarrow_types.arrows")
	if !bytes.Equal(original, file("host", "ipc", "testdata", "pyarrow_types.arrows")) {
		t.Error("the SDK's copy of pyarrow_types.arrows is another than host/ipc's")
	}
	want := readStream(t, original)
	got := readStream(t, file("guest-abi", "go", "weir", "testdata", "sdk_types.arrows"))
	if len(got) != len(want) {
		t.Fatalf("%d batches, want %d", len(got), len(want))
	}
	for i, batch := range got {
		for k, f := range batch.Schema().Fields() {
			at := want[i].Schema().FieldIndices(f.Name)[0]
			if !f.Equal(want[i].Schema().Field(at)) || !array.ApproxEqual(batch.Column(k), want[i].Column(at), array.WithNaNsEqual(true)) {
				t.Errorf("batch %d: %v %v, want %v %v", i, f, batch.Column(k), want[i].Schema().Field(at), want[i].Column(at))
			}
			if err := array.ValidateFull(batch.Column(k)); err != nil {
				t.Errorf("batch %d, column %s: %v", i, f.Name, err)
			}
		}
		if batch.NumCols() != 19 {
			t.Errorf("batch %d: %d columns", i, batch.NumCols())
		}
	}
}

func readStream(t *testing.T, stream []byte) (batches []arrow.RecordBatch) {
	t.Helper()
	r, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	for r.Next() {
		r.RecordBatch().Retain()
		t.Cleanup(r.RecordBatch().Release)
		batches = append(batches, r.RecordBatch())
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return batches
}
