package abi

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/host/ipc/ipctest"
)

// script is what a scripted guest does, read from a fuzzer's bytes. Where they end, numbers are 0 and exports return.
type script struct{ b []byte }

func (s *script) next() byte {
	if len(s.b) == 0 {
		return 0
	}
	b := s.b[0]
	s.b = s.b[1:]
	return b
}

func (s *script) u32() uint32 {
	return uint32(s.next()) | uint32(s.next())<<8 | uint32(s.next())<<16 | uint32(s.next())<<24
}

// argument is a number that a guest might pass: small, a place, at the end of the memory, telling, or any.
func (s *script) argument(mem []byte) uint64 {
	switch kind, v := s.next(), s.next(); kind % 5 {
	case 0:
		return uint64(v)
	case 1:
		return uint64(v) * 256
	case 2:
		return uint64(len(mem)) - uint64(v)
	case 3:
		return telling[int(v)%len(telling)]
	}
	return uint64(s.u32())
}

// What lies in a scripted guest's memory: (place, length) of each. good is what a well-behaved guest would pass.
type props struct {
	name, schema, code, text, rows, vectors [2]uint64
	messages                                [3][2]uint64
}

const progressAt = 1 << 12

// stage puts the props into a guest's memory.
func stage(s *scripted) props {
	image, p := staged()
	copy(s.memory, image)
	return p
}

var staged = sync.OnceValues(func() (image []byte, p props) {
	s := newScripted(1 << 15)
	free := 64
	put := func(b []byte) [2]uint64 {
		at, n := s.put(free, b)
		free += len(b) + 1
		return [2]uint64{at, n}
	}
	schema, err := ipc.AppendSchema(nil, ipctest.EachKind())
	if err != nil {
		panic(err)
	}
	p.name, p.code, p.text = put([]byte("third")), put([]byte("bad.row")), put([]byte("a line, schön\nand \xff more"))
	p.rows = put(listOf(0, 2, 9))
	p.vectors = put(listOf(uint32(p.text[0]), uint32(p.text[1]), uint32(p.code[0]), uint32(p.code[1])))
	free = progressAt + 64
	p.schema = put(schema)
	for k, n := range []int{3, 10, 0} {
		p.messages[k] = put(messageOf(ipctest.Fill(ipctest.EachKind(), n, memory.DefaultAllocator, ipctest.Counter())))
	}
	return s.memory, p
})

// good calls a host function as a well-behaved guest would, but for one argument.
func (p props) good(s *scripted, sc *script) error {
	message := p.messages[sc.next()%3]
	calls := []struct {
		name      string
		arguments []uint64
	}{
		{"weir.output", []uint64{p.name[0], p.name[1], 1, p.schema[0], p.schema[1]}},
		{"weir.emit", []uint64{0, p.rows[0], p.rows[1] / 4, message[0], message[1]}},
		{"weir.emit", []uint64{0, 0, NoRows, message[0], message[1]}},
		{"weir.emit", []uint64{1, p.rows[0], p.rows[1] / 4, message[0], message[1]}},
		{"weir.emit", []uint64{2, p.rows[0], p.rows[1] / 4, 0, 0}},
		{"weir.emit", []uint64{2, 0, NoRows, 0, 0}},
		{"weir.reject", []uint64{uint64(sc.next()), p.code[0], p.code[1], p.name[0], p.name[1]}},
		{"weir.fail", p.text[:]},
		{"weir.log", []uint64{2, p.text[0], p.text[1]}},
		{WASIModule + ".fd_write", []uint64{1 + uint64(sc.next()%2), p.vectors[0], p.vectors[1] / 8, 8}},
		{WASIModule + ".poll_oneoff", []uint64{p.schema[0], 9 << 12, 3, 8}},
		{WASIModule + ".random_get", []uint64{10 << 12, 100}},
	}
	c := calls[int(sc.next())%len(calls)]
	if at := int(sc.next()); at < len(c.arguments) {
		c.arguments[at] = sc.argument(s.memory)
	}
	_, err := s.call(c.name, c.arguments...)
	return err
}

// play goes on with the script until an export returns, or a call ends it.
func (p props) play(s *scripted, sc *script) (uint32, error) {
	names := hostNames()
	for len(sc.b) > 0 {
		var err error
		switch op := sc.next(); op % 8 {
		case 0:
			return uint32(sc.next()), nil
		case 1:
			f := hostFuncNamed(names[int(sc.next())%len(names)])
			arguments := make([]uint64, len(f.Type.Params))
			for k := range arguments {
				arguments[k] = sc.argument(s.memory)
			}
			_, err = s.call(f.Module+"."+f.Name, arguments...)
		case 2: // where the guest may write to as well
			at := int(sc.u32()) % len(s.memory)
			n := min(int(sc.next())%32, len(sc.b), len(s.memory)-at)
			copy(s.memory[at:], sc.b[:n])
			sc.b = sc.b[n:]
		case 3:
			binary.LittleEndian.PutUint32(s.memory[progressAt:], uint32(sc.next()))
		default:
			err = p.good(s, sc)
		}
		if err != nil {
			return 0, err
		}
	}
	return StatusOK, nil
}

// hostNames are the names of all host functions, in an order that does not change.
var hostNames = sync.OnceValue(func() (names []string) {
	for _, f := range HostFuncs() {
		names = append(names, f.Module+"."+f.Name)
	}
	slices.Sort(names)
	return names
})

// playing is a guest that plays a script through all of its exports.
func playing(sc *script) *scripted {
	s := newScripted(1 << 17)
	s.room, s.fuel = 1<<18, 1<<16
	p := stage(s)
	play := func(s *scripted, _ uint32) (uint32, error) { return p.play(s, sc) }
	arena := s.exports["weir_arena"]
	s.exports["weir_arena"] = func(s *scripted, n uint32) (uint32, error) {
		if sc.next() == 0xff {
			return uint32(sc.argument(s.memory)), nil
		}
		return arena(s, n)
	}
	s.exports["_initialize"], s.exports["weir_process"] = play, play
	s.exports["weir_open"] = func(s *scripted, _ uint32) (uint32, error) {
		if err := s.declare(3); err != nil {
			return 0, err
		}
		stage(s) // declare has written over it
		return p.play(s, sc)
	}
	s.exports["weir_progress"] = func(s *scripted, _ uint32) (uint32, error) {
		if sc.next() == 0xff {
			return uint32(sc.argument(s.memory)), nil
		}
		return progressAt, nil
	}
	return s
}

// ledger counts what guests log.
type ledger struct {
	slog.Handler
	lines, bytes int
}

func (l *ledger) Handle(_ context.Context, r slog.Record) error {
	l.lines++
	l.bytes += len(r.Message)
	return nil
}

func (l *ledger) Enabled(context.Context, slog.Level) bool { return true }

// scriptLimits are small, so that a short script meets them.
var scriptLimits = Limits{Emits: 8, EmittedRows: 50, EmittedBytes: 1 << 15, LogLines: 5, LogBytes: 100}

// afterOpening is the beginning of a script whose guest opens: _initialize, weir_arena, weir_open and weir_progress return.
func afterOpening(then ...[]byte) []byte {
	return slices.Concat(append([][]byte{make([]byte, 6)}, then...)...)
}

// well is a good call, by its index in props.good, with the message and the row.
func well(call, message, row byte) []byte { return []byte{4, message, row, 0, call, 0xff} }

// FuzzHostCalls has a guest call the host in any order with any arguments, through all of its life. It ends in answers that
// are all that SPEC.md says, or in failures with a code, within the limits.
func FuzzHostCalls(f *testing.F) {
	f.Add([]byte{})
	f.Add(afterOpening(well(1, 0, 0), well(3, 0, 0), well(6, 0, 1), []byte{0, 0}))
	f.Add(afterOpening(well(2, 1, 0), well(4, 0, 0), well(5, 0, 0), []byte{0, 0}))
	f.Add(afterOpening(well(7, 0, 0), well(8, 0, 0), well(9, 0, 0), []byte{0, 1}, well(10, 0, 0), well(11, 0, 0), []byte{0, 0}))
	f.Add(slices.Concat([]byte{0, 0, 0}, well(0, 0, 0), []byte{0, 0, 0}, bytes.Repeat(well(5, 0, 0), 9)))
	f.Add(afterOpening(well(1, 0, 0), []byte{4, 0, 0, 0, 1, 3, 2, 1}, []byte{4, 0, 0, 0, 2, 4, 3, 12}))
	f.Add(afterOpening([]byte{1, 10, 0, 1, 3, 12, 2, 8, 0, 0}, []byte{2, 8, 16, 0, 0, 4, 1, 2, 3, 4}, []byte{3, 9}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, mem, log := playing(&script{b[:min(len(b), 1<<12)]}), newTally(), new(ledger)
		i, err := Open(t.Context(), s, Config{Name: "fuzz", Input: inputSchema, Allocator: mem, Limits: scriptLimits, Logger: slog.New(log)})
		if err != nil {
			presentable(t, err)
			return
		}
		for range 4 {
			if judge(t, s, i, mem) != nil {
				if err := i.Restore(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if most := s.calls * (scriptLimits.LogLines + 1); log.lines > most {
			t.Fatalf("%d lines in %d calls", log.lines, s.calls)
		}
		if most := s.calls * (3*scriptLimits.LogBytes + len("log lines left out")); log.bytes > most { // a byte that is not UTF-8 becomes three
			t.Fatalf("%d bytes of log in %d calls", log.bytes, s.calls)
		}
	})
}

// A script of good calls alone is answered with all that it emits: what the fuzzer starts from gets deep.
func TestScriptOfAWellBehavedGuest(t *testing.T) {
	log := new(ledger)
	s := playing(&script{afterOpening(well(1, 0, 0), well(2, 2, 0), well(3, 0, 0), well(4, 0, 0), well(6, 0, 1), well(7, 0, 0), well(8, 0, 0),
		well(9, 0, 0), well(10, 0, 0), well(11, 0, 0))})
	i, err := Open(t.Context(), s, Config{Name: "good", Input: inputSchema, Limits: scriptLimits, Logger: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	batch := batchOf(inputSchema, fuzzedRows, memory.DefaultAllocator)
	defer batch.Release()
	result, err := i.Process(t.Context(), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	if len(result.Emits) != 4 || len(result.Rejected) != 1 || log.lines == 0 {
		t.Errorf("%d emits, %d rejections, %d lines", len(result.Emits), len(result.Rejected), log.lines)
	}
	judgeAnswer(t, i, result)
}
