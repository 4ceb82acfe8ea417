package operator_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/host/ipc/ipctest"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/types"
)

// keeper assembles a guest that keeps some rows of each batch, and adds the columns of a batch that it has with it, if any.
func keeper(t *testing.T, rows []uint32, added arrow.RecordBatch) []byte {
	t.Helper()
	schema, err := ipc.AppendSchema(nil, added.Schema())
	if err != nil {
		t.Fatal(err)
	}
	var message []byte
	if added.NumCols() > 0 {
		w, err := ipc.NewWriter(added.Schema())
		if err != nil {
			t.Fatal(err)
		}
		size, err := w.Prepare(added)
		if err != nil {
			t.Fatal(err)
		}
		message = make([]byte, size)
		w.Write(message)
	}
	var list []byte
	for _, r := range rows {
		list = binary.LittleEndian.AppendUint32(list, r)
	}
	const rowsAt, schemaAt, messageAt, arena = 256, 65536, 2 * 65536, 4 * 65536
	m := asm.New()
	output := m.Import("weir", "output", asm.Sig("iiiii", "i"))
	emit := m.Import("weir", "emit", asm.Sig("iiiii", "i"))
	m.Memory(8, 0)
	m.Data(rowsAt, list)
	m.Data(schemaAt, schema)
	m.Data(messageAt, message)
	m.Func(abi.Marker, asm.Sig("", ""), "")
	m.Func("weir_arena", asm.Sig("i", "i"), "", asm.I32(arena))
	m.Func("weir_open", asm.Sig("i", "i"), "",
		asm.I32(0), asm.I32(0), asm.I32(abi.OutputPatch), asm.I32(schemaAt), asm.I32(int32(len(schema))), asm.Call(output), asm.Drop, asm.I32(0))
	m.Func("weir_process", asm.Sig("i", "i"), "",
		asm.I32(0), asm.I32(rowsAt), asm.I32(int32(len(rows))), asm.I32(messageAt), asm.I32(int32(len(message))), asm.Call(emit), asm.Drop, asm.I32(0))
	return m.Bytes()
}

// A guest is sent columns of every type, keeps a few rows of them and adds more columns. What it left alone is what it was.
func TestColumnsOfEveryTypeGoThroughAGuest(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	input := ipctest.EveryType()
	rows := []uint32{0, 3, 4, 11}
	tags := types.List(types.Struct(arrow.Field{Name: "k", Type: types.JSON(), Nullable: true}), true)
	more := arrow.NewSchema([]arrow.Field{{Name: "more", Type: tags, Nullable: true}, {Name: "id", Type: types.UUID()}}, nil)
	for _, schema := range []*arrow.Schema{arrow.NewSchema(nil, nil), more} {
		added := ipctest.Fill(schema, len(rows), mem, ipctest.Counter())
		defer added.Release()
		res := throughKeeper(t, keeper(t, rows, added), input, schema, mem)
		if len(res.Batches) != 1 || res.Batches[0].Record.NumRows() != int64(len(rows)) {
			t.Fatalf("%d batches", len(res.Batches))
		}
		got := res.Batches[0].Record
		if err := ipctest.Check(got); err != nil {
			t.Error(err)
		}
		sent := ipctest.Fill(input, 12, mem, ipctest.Counter())
		for i, c := range sent.Columns() {
			for k, row := range rows {
				if !array.SliceEqual(got.Column(i), int64(k), int64(k+1), c, int64(row), int64(row+1)) {
					t.Errorf("%s: row %d came back as %s, was %s", c.DataType(), row, got.Column(i).ValueStr(k), c.ValueStr(int(row)))
				}
			}
		}
		for i, c := range added.Columns() {
			if !array.Equal(got.Column(input.NumFields()+i), c) {
				t.Errorf("%s: %v was added, want %v", c.DataType(), got.Column(input.NumFields()+i), c)
			}
		}
		sent.Release()
		operator.Release(res.Batches)
	}
}

// throughKeeper runs twelve rows of a schema through a module that patches it with columns of another.
func throughKeeper(t *testing.T, wasm []byte, input, added *arrow.Schema, mem memory.Allocator) *operator.Result {
	t.Helper()
	eng, err := builtin.Engine("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close(context.Background())
	module, err := abi.Compile(t.Context(), eng, nil, wasm, engine.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = module.Close(context.Background()) }()
	out := operator.Output{To: operator.Sinks, Patch: true, Schema: arrow.NewSchema(append(input.Fields(), added.Fields()...), nil)}
	stage := operator.Stage{
		Function: "keeper", Input: input,
		Open: func(ctx context.Context) (operator.Guest, error) {
			return abi.Open(ctx, module, abi.Config{Name: "keeper", Input: input, Allocator: mem})
		},
	}
	for i := range input.NumFields() {
		stage.Send, out.Columns = append(stage.Send, i), append(out.Columns, operator.Column{Index: i})
	}
	for i := range added.NumFields() {
		out.Columns = append(out.Columns, operator.Column{Emitted: true, Index: i})
	}
	stage.Outputs = []operator.Output{out}
	c, err := operator.Open(t.Context(), []operator.Stage{stage}, mem)
	if err != nil {
		t.Fatal(err)
	}
	from := &batch.Provenance{Topic: "all"}
	for i := range int64(12) {
		from.Append(i, 0, -1, nil)
	}
	in := &batch.Batch{Record: ipctest.Fill(input, 12, mem, ipctest.Counter()), From: from}
	defer in.Record.Release()
	res, err := c.Process(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(res.Batches[0].Origin); got != "[0 3 4 11]" {
		t.Errorf("the rows come from %s", got)
	}
	return res
}
