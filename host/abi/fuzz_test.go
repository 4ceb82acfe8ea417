package abi

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/host/ipc/ipctest"
)

const fuzzedRows = 10 // of a batch

// everyOutput declares a batch and a patch of each kind of column, a patch without columns, and batches that have all types
// together.
var everyOutput = sync.OnceValue(func() (outputs []Output) {
	each := ipctest.EachKind()
	outputs = []Output{
		{Name: "batch", Kind: OutputBatch, Schema: each}, {Name: "patch", Kind: OutputPatch, Schema: each},
		{Name: "rows", Kind: OutputPatch, Schema: noColumns},
	}
	fields := ipctest.EveryType().Fields()
	for group := range slices.Chunk(fields, len(fields)/(LimitOutputs-len(outputs))+1) {
		outputs = append(outputs, Output{Name: "only from " + group[0].Name, Kind: OutputBatch, Schema: arrow.NewSchema(group, nil)})
	}
	return outputs
})

// everySchema are the schema messages of everyOutput.
var everySchema = sync.OnceValue(func() (messages [][]byte) {
	for _, o := range everyOutput() {
		message, err := ipc.AppendSchema(nil, o.Schema)
		if err != nil {
			panic(err)
		}
		messages = append(messages, message)
	}
	return messages
})

// declare calls output for the first n of everyOutput, the messages at 0.
func (s *scripted) declare(n int) error {
	for k, o := range everyOutput()[:n] {
		message := everySchema()[k]
		at, n := s.put(0, message)
		nameAt, nameLen := s.put(len(message), []byte(o.Name))
		if _, err := s.call("weir.output", nameAt, nameLen, uint64(o.Kind), at, n); err != nil {
			return err
		}
	}
	return nil
}

// emitter is an instance of a scripted guest that has the outputs of everyOutput.
type emitter struct {
	*scripted
	*Instance
	mem *tally
}

func newEmitter(t testing.TB) *emitter {
	t.Helper()
	s := newScripted(1 << 17)
	s.exports["weir_open"] = func(s *scripted, _ uint32) (uint32, error) { return StatusOK, s.declare(len(everyOutput())) }
	s.exports["weir_process"] = func(s *scripted, _ uint32) (uint32, error) { return StatusOK, nil }
	mem := newTally()
	i, err := Open(t.Context(), s, Config{Name: "fuzz", Input: inputSchema, Allocator: mem})
	if err != nil {
		t.Fatal(err)
	}
	return &emitter{s, i, mem}
}

// tries has the guest emit once and judges what comes of it.
func (e *emitter) tries(t *testing.T, output uint32, rows []uint32, message []byte) *Failure {
	e.exports["weir_process"] = func(s *scripted, _ uint32) (uint32, error) { return StatusOK, s.emit(output, rows, message) }
	failure := judge(t, e.scripted, e.Instance, e.mem)
	if failure != nil {
		if err := e.Instance.Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return failure
}

// judge runs a batch and checks what came of it: an answer that is all that SPEC.md says, or a failure with a code.
func judge(t *testing.T, s *scripted, i *Instance, mem *tally) *Failure {
	batch := batchOf(inputSchema, fuzzedRows, memory.DefaultAllocator)
	defer batch.Release()
	before := mem.allocated
	result, err := i.Process(t.Context(), batch, somewhere{})
	if taken := mem.allocated - before; taken > s.held {
		t.Fatalf("%d bytes were copied out, %d accounted for", taken, s.held)
	}
	if s.held > s.room {
		t.Fatalf("%d bytes are held where %d may be", s.held, s.room)
	}
	if err != nil {
		if n := mem.CurrentAlloc(); n != 0 {
			t.Fatalf("%d bytes of a failed call are kept", n)
		}
		return presentable(t, err)
	}
	judgeAnswer(t, i, result)
	result.Release()
	if n := mem.CurrentAlloc(); n != 0 {
		t.Fatalf("%d bytes of an answer are kept", n)
	}
	return nil
}

// presentable checks that an error is a failure of the guest's and can be shown.
func presentable(t *testing.T, err error) *Failure {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) || f.Kind == FailedBug || f.Code == "" || f.Row >= fuzzedRows {
		t.Fatalf("%v", err)
	}
	if text := f.Error(); len(text) > 16<<10 || strings.ContainsFunc(text, unicode.IsControl) {
		t.Fatalf("%d bytes: %q", len(text), text)
	}
	return f
}

func judgeAnswer(t *testing.T, i *Instance, r *Result) {
	rejected := map[uint32]bool{}
	for _, j := range r.Rejected {
		if j.Row >= fuzzedRows || rejected[j.Row] || !isCode([]byte(j.Code)) || len(j.Message) > LimitMessageBytes {
			t.Fatalf("rejection %+v", j)
		}
		rejected[j.Row] = true
	}
	for _, e := range r.Emits {
		o := i.Outputs()[e.Output]
		for k, row := range e.Selection {
			if k > 0 && e.Selection[k-1] >= row {
				t.Fatalf("selection %v", e.Selection)
			}
		}
		for _, row := range slices.Concat(e.Selection, e.Origin) {
			if row >= fuzzedRows || rejected[row] {
				t.Fatalf("row %d of emit %+v", row, e)
			}
		}
		if (e.Record == nil) != (o.Schema.NumFields() == 0) {
			t.Fatalf("record %v for %+v", e.Record, o)
		}
		if e.Record != nil {
			judgeRecord(t, o, e)
		}
	}
}

var testMessages = NewLiveLimits(Limits{}).now.Load().messages()

// judgeRecord checks that a record is sound, of the declared schema, as long as its rows say, and can be encoded again.
func judgeRecord(t *testing.T, o Output, e Emit) {
	rows := int64(fuzzedRows)
	switch {
	case o.Kind == OutputPatch && e.Selection != nil:
		rows = int64(len(e.Selection))
	case o.Kind == OutputBatch && e.Origin != nil:
		rows = int64(len(e.Origin))
	case o.Kind == OutputBatch:
		rows = e.Record.NumRows()
	}
	if e.Record.NumRows() != rows || !e.Record.Schema().Equal(o.Schema) {
		t.Fatalf("%d rows where %d are named, of %v", e.Record.NumRows(), rows, e.Record.Schema())
	}
	if err := ipctest.Check(e.Record); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(o.Schema, testMessages)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Read(memory.NewBufferBytes(messageOf(e.Record)))
	if err != nil {
		t.Fatalf("accepted, encoded and then refused: %v", err)
	}
	again.Release()
}

// rowList reads row numbers from a fuzzer's bytes; nil: none are given.
func rowList(b []byte) (rows []uint32) {
	for len(b) >= 4 && len(rows) < 1000 {
		rows, b = append(rows, binary.LittleEndian.Uint32(b)), b[4:]
	}
	return rows
}

func listOf(rows ...uint32) (b []byte) {
	for _, r := range rows {
		b = binary.LittleEndian.AppendUint32(b, r)
	}
	return b
}

// FuzzEmit emits any bytes for any output.
func FuzzEmit(f *testing.F) {
	f.Add(uint32(2), listOf(0, 2, 9), []byte{})
	f.Add(uint32(1), listOf(0, 2, 9), messageOf(ipctest.Fill(ipctest.EachKind(), 3, memory.DefaultAllocator, ipctest.Counter())))
	f.Add(uint32(0), []byte{}, messageOf(ipctest.Fill(ipctest.EachKind(), 0, memory.DefaultAllocator, ipctest.Counter())))
	f.Add(uint32(3), listOf(9, 9), messageOf(ipctest.Fill(everyOutput()[3].Schema, 2, memory.DefaultAllocator, ipctest.Counter())))
	e := newEmitter(f)
	f.Fuzz(func(t *testing.T, output uint32, rows, message []byte) {
		e.tries(t, output, rowList(rows), message[:min(len(message), 1<<15)])
	})
}

// everyMessage are valid messages for everyOutput, empty where that has no columns.
var everyMessage = sync.OnceValue(func() [][]byte {
	messages := make([][]byte, len(everyOutput()))
	for k, o := range everyOutput() {
		if o.Schema.NumFields() > 0 {
			messages[k] = messageOf(ipctest.Fill(o.Schema, fuzzedRows, memory.DefaultAllocator, ipctest.Counter()))
		}
	}
	return messages
})

// FuzzMutatedEmit breaks valid emits of every type in a few places.
func FuzzMutatedEmit(f *testing.F) {
	messages := everyMessage()
	for k := range messages {
		f.Add(uint8(k), true, []byte{})
		f.Add(uint8(k), false, []byte{1, 1, 0, 7, 40, 2, 1, 3})
	}
	e := newEmitter(f)
	f.Fuzz(func(t *testing.T, which uint8, listed bool, changes []byte) {
		which %= uint8(len(messages))
		var rows []uint32
		if listed {
			rows = []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
		}
		message := mutate(slices.Clone(messages[which]), changes)
		if failure := e.tries(t, uint32(which), rows, message); failure != nil && len(changes) == 0 {
			t.Fatalf("a valid emit is refused: %v", failure)
		}
	})
}

// telling are numbers that find mistakes.
var telling = []uint64{0, 1, 7, 8, 9, 10, 11, 63, 64, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 61, 1<<63 - 1, 1 << 63, 1<<64 - 8, 1<<64 - 1}

// mutate changes a message in places: four bytes say where, how and what.
func mutate(message, changes []byte) []byte {
	for ; len(changes) >= 4 && len(message) >= 8; changes = changes[4:] {
		at, how, what := int(binary.LittleEndian.Uint16(changes)), changes[2], changes[3]
		switch how % 4 {
		case 0:
			message[at%len(message)] = what
		case 1: // a whole field of the metadata, or an offset
			binary.LittleEndian.PutUint64(message[at%(len(message)-7):], telling[int(what)%len(telling)])
		case 2:
			binary.LittleEndian.PutUint32(message[at%(len(message)-7):], uint32(telling[int(what)%len(telling)]))
		case 3:
			if what%8 == 0 {
				message = message[:at%len(message)]
			} else {
				message[at%len(message)] ^= 1 << (what % 8)
			}
		}
	}
	return message
}

// Some thousand broken emits of every type, the same in each run, meet the rules about record batches. (Compression, and nulls where
// there must be none, take more changes at once than are made here; package ipc has cases for them.)
func TestBrokenEmitsMeetEveryRule(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	e, met, taken := newEmitter(t), map[string]int{}, 0
	for n := range 3000 {
		which := n % len(everyOutput())
		changes := make([]byte, 4*(1+random.IntN(2)))
		for k := range changes {
			changes[k] = byte(random.Uint32())
		}
		if f := e.tries(t, uint32(which), nil, mutate(slices.Clone(everyMessage()[which]), changes)); f != nil {
			met[f.Code]++
		} else {
			taken++
		}
	}
	for _, code := range []string{ipc.CodeFrame, ipc.CodeMetadata, ipc.CodeVersion, ipc.CodeHeader, ipc.CodeLimit, ipc.CodeLayout,
		ipc.CodeLength, ipc.CodeBuffer, ipc.CodeOffsets, ipc.CodeValidity, ipc.CodeUTF8, ipc.CodeValue} {
		if met[code] == 0 {
			t.Errorf("%s was not met", code)
		}
	}
	if taken == 0 {
		t.Error("all of them were refused")
	}
}
