package app

import (
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc"
)

// Functions that a tinyGuest imports.
const (
	guestOutput = iota
	guestEmit
	guestReject
)

// tinyGuest assembles a module whose outputs, named, are patches without columns, and whose weir_process runs code: local 0 is
// the length of the batch's message. The list of the row 0 is at 1,024, the text "odd.one" at 1,032.
func tinyGuest(t testing.TB, outputs []string, change func(m *asm.Module), process ...asm.Code) []byte {
	t.Helper()
	m := asm.New()
	m.Import("weir", "output", asm.Sig("iiiii", "i"))
	m.Import("weir", "emit", asm.Sig("iiiii", "i"))
	m.Import("weir", "reject", asm.Sig("iiiii", "i"))
	if change != nil {
		change(m) // before the functions, since imports come first
	}
	m.Memory(4, 0)
	m.Data(1024, binary.LittleEndian.AppendUint32(nil, 0))
	m.Data(1032, []byte("odd.one"))
	message, err := ipc.AppendSchema(nil, arrow.NewSchema(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	m.Data(2048, message)
	var open []asm.Code
	for i, name := range outputs {
		at := int32(1100 + 20*i)
		m.Data(uint32(at), []byte(name))
		open = append(open, asm.I32(at), asm.I32(int32(len(name))), asm.I32(abi.OutputPatch), asm.I32(2048), asm.I32(int32(len(message))),
			asm.Call(guestOutput), asm.Drop)
	}
	m.Func(abi.Marker, asm.Sig("", ""), "")
	m.Func("weir_arena", asm.Sig("i", "i"), "", asm.I32(131072))
	m.Func("weir_open", asm.Sig("i", "i"), "", append(open, asm.I32(0))...)
	m.Func("weir_process", asm.Sig("i", "i"), "", append(process, asm.I32(0))...)
	return m.Bytes()
}

// all emits all rows to an output, one the first row of the batch.
func all(output int32) asm.Code {
	return asm.Block(asm.I32(output), asm.I32(0), asm.I32(-1), asm.I32(0), asm.I32(0), asm.Call(guestEmit), asm.Drop)
}

func one(output int32) asm.Code {
	return asm.Block(asm.I32(output), asm.I32(1024), asm.I32(1), asm.I32(0), asm.I32(0), asm.Call(guestEmit), asm.Drop)
}

// rejectFirst rejects the first row of the batch.
var rejectFirst = asm.Block(asm.I32(0), asm.I32(1032), asm.I32(7), asm.I32(1032), asm.I32(3), asm.Call(guestReject), asm.Drop)

// failAbove traps where the batch's message is longer.
func failAbove(bytes int32) asm.Code {
	const greater = 0x4b // i32.gt_u
	return asm.Block(asm.Get(0), asm.I32(bytes), asm.Code{greater}, asm.If(asm.Unreachable))
}

// saved writes a module to a file named m.wasm.
func saved(t testing.TB, wasm []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(path, wasm, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tiny runs a module over lines of records with a column n.
func tiny(t testing.TB, wasm []byte, lines ...string) ModuleRun {
	return ModuleRun{
		Path: saved(t, wasm), Schema: "n BIGINT NOT NULL", Input: written(t, "in.ndjson", strings.Join(lines, "\n")), Log: slog.New(slog.DiscardHandler),
	}
}

// numbers are n records.
func numbers(n int) (lines []string) {
	for i := range n {
		lines = append(lines, `{"n":`+string(rune('0'+i%10))+`}`)
	}
	return lines
}
