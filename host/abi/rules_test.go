package abi

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/internal/fault"
)

var (
	oneColumn = arrow.NewSchema([]arrow.Field{{Name: "class", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	noColumns = arrow.NewSchema(nil, nil)
	testLimit = Limits{Outputs: 3, Columns: 4, Emits: 5, EmittedRows: 40, EmittedBytes: 1200, LogLines: 10}
)

// two declares output 0, a patch without columns, and output 1, a batch of one column.
func (g *guest) two() asm.Code {
	return asm.Block(g.declares("", OutputPatch, noColumns), g.declares("rows", OutputBatch, oneColumn), ok())
}

// wild are places and lengths that do not lie in the guest's memory of four pages.
var wild = []struct{ at, n int32 }{
	{4 * 65536, 1}, {4*65536 - 1, 2}, {-1, 1}, {-1, -1}, {1024, -1}, {1, 4 * 65536}, {-65536, 65536},
}

func wildly(build func(g *guest, place asm.Code) bodies) (guests []func(*guest) bodies) {
	for _, w := range wild {
		guests = append(guests, func(g *guest) bodies { return build(g, asm.Block(asm.I32(w.at), asm.I32(w.n))) })
	}
	return guests
}

func one(build func(*guest) bodies) []func(*guest) bodies { return []func(*guest) bodies{build} }

// processes is a guest with the outputs of two and the given weir_process.
func processes(body func(*guest) asm.Code) []func(*guest) bodies {
	return one(func(g *guest) bodies { return bodies{open: g.two(), process: asm.Block(body(g), ok())} })
}

func opens(body func(*guest) asm.Code) []func(*guest) bodies {
	return one(func(g *guest) bodies { return bodies{open: asm.Block(body(g), ok())} })
}

func arenas(code asm.Code) []func(*guest) bodies {
	return one(func(*guest) bodies { return bodies{arena: code} })
}

func rowsOf(n int) []byte { return messageOf(batchOf(oneColumn, n, memoryDefault)) }

// broken is a valid message of three rows with one byte overwritten, counted from the end if negative.
func broken(at int, b byte) []byte {
	m := rowsOf(3)
	if at < 0 {
		at += len(m)
	}
	m[at] = b
	return m
}

// Every rule of SPEC.md has a guest here that breaks it. The batch has 10 rows.
var rules = []struct {
	name, code string
	guests     []func(*guest) bodies
}{
	{"output outside weir_open", CodeCallTime, processes(func(g *guest) asm.Code { return g.declares("late", OutputPatch, noColumns) })},
	{"output in _initialize", CodeCallTime, one(func(g *guest) bodies { return bodies{initialize: g.declares("", OutputPatch, noColumns)} })},
	{"output in the start function", CodeCallTime, one(func(g *guest) bodies { return bodies{start: g.declares("", OutputPatch, noColumns)} })},
	{"output in weir_arena", CodeCallTime, one(func(g *guest) bodies {
		return bodies{arena: asm.Block(g.declares("", OutputPatch, noColumns), asm.I32(arenaAt))}
	})},
	{"emit in weir_open", CodeCallTime, opens(func(g *guest) asm.Code { return asm.Block(g.two(), asm.Drop, g.emits(0, nil, nil)) })},
	{"emit in weir_progress", CodeCallTime, one(func(g *guest) bodies {
		return bodies{progress: asm.Block(g.emits(0, nil, nil), asm.I32(cellAt))}
	})},
	{"reject in weir_open", CodeCallTime, opens(func(g *guest) asm.Code { return g.rejects(0, "x", "") })},

	{"wild output name", CodeMemoryRange, wildly(func(g *guest, place asm.Code) bodies {
		return bodies{open: asm.Block(place, asm.I32(1), g.put([]byte("x")), asm.Call(g.output))}
	})},
	{"wild output schema", CodeMemoryRange, wildly(func(g *guest, place asm.Code) bodies {
		return bodies{open: asm.Block(g.put(nil), asm.I32(1), place, asm.Call(g.output))}
	})},
	{"wild reject code", CodeMemoryRange, wildly(func(g *guest, place asm.Code) bodies {
		return bodies{process: asm.Block(asm.I32(0), place, g.put(nil), asm.Call(g.reject))}
	})},
	{"wild reject message", CodeMemoryRange, wildly(func(g *guest, place asm.Code) bodies {
		return bodies{process: asm.Block(asm.I32(0), g.put([]byte("x")), place, asm.Call(g.reject))}
	})},
	{"wild fail", CodeMemoryRange, wildly(func(g *guest, place asm.Code) bodies {
		return bodies{process: asm.Block(place, asm.Call(g.fail), ok())}
	})},
	{"wild log", CodeMemoryRange, wildly(func(g *guest, place asm.Code) bodies {
		return bodies{process: asm.Block(asm.I32(1), place, asm.Call(g.log), ok())}
	})},
	{"wild log in the start function", CodeMemoryRange, wildly(func(g *guest, place asm.Code) bodies {
		return bodies{start: asm.Block(asm.I32(1), place, asm.Call(g.log))}
	})},
	{"wild rows", CodeMemoryRange, one(func(g *guest) bodies {
		return bodies{process: asm.Block(asm.I32(0), asm.I32(4*65536-4), asm.I32(2), asm.I32(0), asm.I32(0), asm.Call(g.emit))}
	})},
	{"wild message", CodeMemoryRange, processes(func(g *guest) asm.Code {
		return asm.Block(asm.I32(1), asm.I32(0), asm.I32(-1), asm.I32(4*65536-8), asm.I32(16), asm.Call(g.emit), asm.Drop)
	})},

	{"no arena", CodeArenaNone, arenas(asm.I32(0))},
	{"arena not aligned", CodeArenaAlignment, arenas(asm.I32(arenaAt + 8))},
	{"arena beyond the memory", CodeArenaRange, arenas(asm.I32(1 << 20))},
	{"arena over the memory's end", CodeArenaRange, arenas(asm.I32(4*65536 - 64))},
	{"arena at the end of the address space", CodeArenaRange, arenas(asm.I32(-64))},
	{"progress cell not aligned", CodeProgressRange, one(func(*guest) bodies { return bodies{progress: asm.I32(2)} })},
	{"progress cell at the end", CodeProgressRange, one(func(*guest) bodies { return bodies{progress: asm.I32(4 * 65536)} })},
	{"progress cell at -4", CodeProgressRange, one(func(*guest) bodies { return bodies{progress: asm.I32(-4)} })},

	{"too many outputs", CodeOutputCount, opens(func(g *guest) asm.Code {
		return asm.Block(g.declares("a", 1, noColumns), g.declares("b", 1, noColumns), g.declares("c", 1, noColumns), g.declares("d", 1, noColumns))
	})},
	{"output name taken", CodeOutputName, opens(func(g *guest) asm.Code {
		return asm.Block(g.declares("a", 1, noColumns), g.declares("a", 1, noColumns))
	})},
	{"output name too long", CodeOutputName, opens(func(g *guest) asm.Code { return g.declares(strings.Repeat("x", 256), 1, noColumns) })},
	{"output name not UTF-8", CodeOutputName, opens(func(g *guest) asm.Code { return g.declares("\xff", 1, noColumns) })},
	{"output kind 2", CodeOutputKind, opens(func(g *guest) asm.Code { return g.declares("", 2, noColumns) })},
	{"output kind -1", CodeOutputKind, opens(func(g *guest) asm.Code { return g.declares("", -1, noColumns) })},
	{"batch without columns", CodeOutputSchema, opens(func(g *guest) asm.Code { return g.declares("", OutputBatch, noColumns) })},
	{"schema too large", CodeOutputSchema, opens(func(g *guest) asm.Code {
		return asm.Block(asm.I32(128), asm.MemoryGrow, asm.Drop, g.put(nil), asm.I32(0), asm.I32(0), asm.I32(schemaBytes+8), asm.Call(g.output), asm.Drop)
	})},
	{"too many columns", ipc.CodeLimit, opens(func(g *guest) asm.Code {
		fields := make([]arrow.Field, 5)
		for k := range fields {
			fields[k] = arrow.Field{Name: string(rune('a' + k)), Type: arrow.PrimitiveTypes.Int64}
		}
		return g.declares("", 0, arrow.NewSchema(fields, nil))
	})},
	{"no schema", ipc.CodeFrame, opens(func(g *guest) asm.Code {
		return asm.Block(g.put(nil), asm.I32(1), g.put(nil), asm.Call(g.output), asm.Drop)
	})},
	{"no output declared", CodeOutputMissing, opens(func(*guest) asm.Code { return nil })},

	{"no such output", CodeEmitOutput, processes(func(g *guest) asm.Code { return g.emits(2, nil, nil) })},
	{"output -1", CodeEmitOutput, processes(func(g *guest) asm.Code { return g.emits(-1, nil, nil) })},
	{"message for no columns", CodeEmitMessage, processes(func(g *guest) asm.Code { return g.emits(0, nil, rowsOf(10)) })},
	{"no message for columns", CodeEmitMessage, processes(func(g *guest) asm.Code { return g.emits(1, nil, nil) })},
	{"selection longer than the batch", CodeEmitRowCount, processes(func(g *guest) asm.Code { return g.emits(0, make([]uint32, 11), nil) })},
	{"origin shorter than the rows", CodeEmitRowCount, processes(func(g *guest) asm.Code { return g.emits(1, []uint32{0, 1}, rowsOf(3)) })},
	{"origin longer than any batch", CodeEmitRowCount, processes(func(g *guest) asm.Code {
		return asm.Block(asm.I32(1), asm.I32(0), asm.I32(-2), g.put(rowsOf(1)), asm.Call(g.emit), asm.Drop)
	})},
	{"patch columns of another length", CodeEmitRowCount, one(func(g *guest) bodies {
		return bodies{open: asm.Block(g.declares("", OutputPatch, oneColumn), ok()), process: asm.Block(g.emits(0, nil, rowsOf(9)), ok())}
	})},
	{"patch columns longer than the selection", CodeEmitRowCount, one(func(g *guest) bodies {
		return bodies{open: asm.Block(g.declares("", OutputPatch, oneColumn), ok()), process: asm.Block(g.emits(0, []uint32{1, 2}, rowsOf(3)), ok())}
	})},
	{"selection not ascending", CodeEmitSelection, processes(func(g *guest) asm.Code { return g.emits(0, []uint32{1, 3, 2}, nil) })},
	{"selection twice the same", CodeEmitSelection, processes(func(g *guest) asm.Code { return g.emits(0, []uint32{1, 1}, nil) })},
	{"selection beyond the batch", CodeEmitSelection, processes(func(g *guest) asm.Code { return g.emits(0, []uint32{1, 10}, nil) })},
	{"selection of row -1", CodeEmitSelection, processes(func(g *guest) asm.Code { return g.emits(0, []uint32{1<<32 - 1}, nil) })},
	{"origin beyond the batch", CodeEmitOrigin, processes(func(g *guest) asm.Code { return g.emits(1, []uint32{1, 10}, rowsOf(2)) })},
	{"rejected and selected", CodeEmitRejected, processes(func(g *guest) asm.Code {
		return asm.Block(g.rejects(3, "x", ""), g.emits(0, []uint32{1, 3}, nil))
	})},
	{"selected and then rejected", CodeEmitRejected, processes(func(g *guest) asm.Code {
		return asm.Block(g.emits(0, []uint32{1, 3}, nil), g.rejects(3, "x", ""))
	})},
	{"rejected and all selected", CodeEmitRejected, processes(func(g *guest) asm.Code { return asm.Block(g.rejects(3, "x", ""), g.emits(0, nil, nil)) })},
	{"rejected and an origin", CodeEmitRejected, processes(func(g *guest) asm.Code {
		return asm.Block(g.rejects(3, "x", ""), g.emits(1, []uint32{4, 3}, rowsOf(2)))
	})},
	{"too many emits", CodeEmitCount, processes(func(g *guest) asm.Code {
		return asm.Block(asm.I32(6), asm.Set(1), asm.Loop(g.emits(0, []uint32{}, nil), asm.Get(1), asm.I32(1), asm.Sub, asm.Set(1), asm.Get(1)))
	})},
	{"emits without end", CodeEmitCount, processes(func(g *guest) asm.Code { return asm.Loop(g.emits(0, []uint32{}, nil), asm.I32(1)) })},
	{"too many rows", CodeEmitRows, processes(func(g *guest) asm.Code { return asm.Loop(g.emits(0, nil, nil), asm.I32(1)) })},
	{"too many rows in a message", ipc.CodeLimit, processes(func(g *guest) asm.Code { return g.emits(1, nil, rowsOf(41)) })},
	{"too many bytes", CodeEmitBytes, processes(func(g *guest) asm.Code { return asm.Loop(g.emits(1, nil, rowsOf(1)), asm.I32(1)) })},
	{"too many bytes at once", CodeEmitBytes, processes(func(g *guest) asm.Code {
		return asm.Block(asm.I32(1), asm.I32(0), asm.I32(-1), asm.I32(0), asm.I32(-1), asm.Call(g.emit), asm.Drop)
	})},
	{"too many bytes of rejections", CodeEmitBytes, processes(func(g *guest) asm.Code {
		return asm.Block(g.rejects(1, "x", strings.Repeat("y", 5000)))
	})},

	{"row rejected beyond the batch", CodeRejectRow, processes(func(g *guest) asm.Code { return g.rejects(10, "x", "") })},
	{"row -1 rejected", CodeRejectRow, processes(func(g *guest) asm.Code { return g.rejects(-1, "x", "") })},
	{"row rejected twice", CodeRejectTwice, processes(func(g *guest) asm.Code { return asm.Block(g.rejects(1, "x", ""), g.rejects(1, "x", "")) })},
	{"rejected without a code", CodeRejectCode, processes(func(g *guest) asm.Code { return g.rejects(1, "", "") })},
	{"rejected with a long code", CodeRejectCode, processes(func(g *guest) asm.Code { return g.rejects(1, strings.Repeat("x", 65), "") })},
	{"rejected with a code in capitals", CodeRejectCode, processes(func(g *guest) asm.Code { return g.rejects(1, "Bad", "") })},
	{"rejected with a message not UTF-8", CodeRejectMessage, processes(func(g *guest) asm.Code { return g.rejects(1, "x", "\xff") })},
	{"log level 4", CodeLogLevel, processes(func(g *guest) asm.Code { return g.logs(4, "x") })},

	{"another schema", ipc.CodeLayout, processes(func(g *guest) asm.Code { return g.emits(1, nil, messageOf(batchOf(inputSchema, 3, memoryDefault))) })},
	{"a schema as a batch", ipc.CodeHeader, processes(func(g *guest) asm.Code {
		m, _ := ipc.AppendSchema(nil, oneColumn)
		return g.emits(1, nil, m)
	})},
	{"broken frame", ipc.CodeFrame, processes(func(g *guest) asm.Code { return g.emits(1, nil, broken(0, 0)) })},
	{"broken metadata", ipc.CodeMetadata, processes(func(g *guest) asm.Code { return g.emits(1, nil, broken(11, 0x7f)) })},
	{"lying validity", ipc.CodeValidity, processes(func(g *guest) asm.Code { return g.emits(1, nil, broken(-192, 0xff)) })},
	{"lying offsets", ipc.CodeOffsets, processes(func(g *guest) asm.Code { return g.emits(1, nil, broken(-128, 0x7f)) })},
	{"lying UTF-8", ipc.CodeUTF8, processes(func(g *guest) asm.Code { return g.emits(1, nil, broken(-64, 0xff)) })},
}

func TestEveryRuleHasAGuestThatBreaksIt(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, build := range rule.guests {
				g := newGuest()
				trip := trip{config: Config{Limits: testLimit}, rows: 10}
				err := trip.run(t, g.build(build(g)))
				f := failureOf(t, err)
				wantKind := FailedViolation
				if rule.code == CodeArenaNone {
					wantKind = FailedMemory
				}
				if f.Kind != wantKind || f.Code != rule.code {
					t.Errorf("%s, %s (%v); want %s", f.Kind, f.Code, f, rule.code)
				}
				if fault.Of(err) != fault.Input {
					t.Errorf("class %v", fault.Of(err))
				}
				if limit := map[string]string{CodeEmitCount: "weir.emits", CodeEmitRows: "weir.emitted_rows", CodeEmitBytes: "weir.emitted_bytes"}[rule.code]; limit != "" &&
					!strings.HasSuffix(err.Error(), "; raise "+limit+" or make batches smaller") {
					t.Errorf("no way on in: %v", err)
				}
				if trip.instance != nil {
					if _, err := trip.instance.Process(t.Context(), batchOf(inputSchema, 1, memoryDefault), nil); !errors.Is(err, ErrDead) {
						t.Errorf("the instance is not dead: %v", err)
					}
				}
			}
		})
	}
}

// The codes of abi.json are the codes that are used, and each has a guest that meets it. The rest of ipc's are met in
// that package's own tests.
func TestEveryViolationIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, rule := range rules {
		tried[rule.code] = true
	}
	for _, code := range []string{CodeCallTime, CodeMemoryRange, CodeArenaNone, CodeArenaAlignment, CodeArenaRange, CodeProgressRange,
		CodeOutputCount, CodeOutputName, CodeOutputKind, CodeOutputSchema, CodeOutputMissing, CodeEmitOutput, CodeEmitMessage,
		CodeEmitRowCount, CodeEmitSelection, CodeEmitOrigin, CodeEmitRejected, CodeEmitCount, CodeEmitRows, CodeEmitBytes,
		CodeRejectRow, CodeRejectTwice, CodeRejectCode, CodeRejectMessage, CodeLogLevel} {
		if !tried[code] {
			t.Errorf("no guest breaks %s", code)
		}
	}
	pairs := map[string]string{
		ipc.CodeFrame: CodeIPCFrame, ipc.CodeMetadata: CodeIPCMetadata, ipc.CodeVersion: CodeIPCVersion, ipc.CodeHeader: CodeIPCHeader,
		ipc.CodeUnsupported: CodeIPCUnsupported, ipc.CodeSchema: CodeIPCSchema, ipc.CodeLimit: CodeIPCLimit, ipc.CodeLayout: CodeIPCLayout,
		ipc.CodeLength: CodeIPCLength, ipc.CodeBuffer: CodeIPCBuffer, ipc.CodeOffsets: CodeIPCOffsets, ipc.CodeValidity: CodeIPCValidity,
		ipc.CodeNull: CodeIPCNull, ipc.CodeUTF8: CodeIPCUTF8, ipc.CodeValue: CodeIPCValue,
	}
	for got, want := range pairs {
		if got != want {
			t.Errorf("ipc says %s where abi.json says %s", got, want)
		}
	}
}

func TestManifestAndDeclarationsDisagree(t *testing.T) {
	for name, tc := range map[string]struct{ outputs, code string }{
		"agree":             {`[{"kind":"patch"},{"name":"rows","kind":"batch","columns":[{"name":"class","type":"TEXT","nullable":true}]}]`, ""},
		"columns left out":  {`[{"kind":"patch"},{"name":"rows","kind":"batch"}]`, ""},
		"types left out":    {`[{"kind":"patch","columns":[]},{"name":"rows","kind":"batch","columns":[{"name":"class"}]}]`, ""},
		"another kind":      {`[{"kind":"batch"},{"name":"rows","kind":"batch"}]`, CodeOutputManifest},
		"one too few":       {`[{"kind":"patch"}]`, CodeOutputManifest},
		"one too many":      {`[{"kind":"patch"},{"name":"rows","kind":"batch"},{"name":"more","kind":"batch"}]`, CodeOutputMissing},
		"another column":    {`[{"kind":"patch"},{"name":"rows","kind":"batch","columns":[{"name":"x"}]}]`, CodeOutputManifest},
		"another type":      {`[{"kind":"patch"},{"name":"rows","kind":"batch","columns":[{"name":"class","type":"BIGINT"}]}]`, CodeOutputManifest},
		"not nullable":      {`[{"kind":"patch"},{"name":"rows","kind":"batch","columns":[{"name":"class","nullable":false}]}]`, CodeOutputManifest},
		"a column too many": {`[{"kind":"patch"},{"name":"rows","kind":"batch","columns":[{"name":"class"},{"name":"x"}]}]`, CodeOutputManifest},
	} {
		manifest, reasons := ParseManifest([]byte(`{"abi":1,"outputs":` + tc.outputs + `}`))
		if reasons != nil {
			t.Fatal(reasons)
		}
		g := newGuest()
		trip := trip{config: Config{Manifest: manifest}, rows: 1}
		err := trip.run(t, g.build(bodies{open: g.two()}))
		if tc.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if f := failureOf(t, err); f.Code != tc.code {
			t.Errorf("%s: %v, want %s", name, f, tc.code)
		}
	}
}

func TestEndsOfGuests(t *testing.T) {
	spin := asm.Forever()
	trapped := asm.Unreachable
	for name, tc := range map[string]struct {
		kind       FailureKind
		code, call string
		bodies     func(*guest) bodies
	}{
		"trap in start":         {FailedTrap, "trap.unreachable", "start", func(*guest) bodies { return bodies{start: trapped} }},
		"trap in _initialize":   {FailedTrap, "trap.unreachable", "_initialize", func(*guest) bodies { return bodies{initialize: trapped} }},
		"trap in weir_arena":    {FailedTrap, "trap.unreachable", "weir_arena", func(*guest) bodies { return bodies{arena: trapped} }},
		"trap in weir_open":     {FailedTrap, "trap.unreachable", "weir_open", func(*guest) bodies { return bodies{open: trapped} }},
		"trap in weir_progress": {FailedTrap, "trap.unreachable", "weir_progress", func(*guest) bodies { return bodies{progress: trapped} }},
		"trap in weir_process":  {FailedTrap, "trap.unreachable", "weir_process", func(*guest) bodies { return bodies{process: asm.Block(at(7), trapped)} }},
		"loop in start":         {FailedDeadline, CodeLimitTime, "start", func(*guest) bodies { return bodies{start: spin} }},
		"loop in _initialize":   {FailedDeadline, CodeLimitTime, "_initialize", func(*guest) bodies { return bodies{initialize: spin} }},
		"loop in weir_arena":    {FailedDeadline, CodeLimitTime, "weir_arena", func(*guest) bodies { return bodies{arena: asm.Block(spin, ok())} }},
		"loop in weir_open":     {FailedDeadline, CodeLimitTime, "weir_open", func(*guest) bodies { return bodies{open: asm.Block(spin, ok())} }},
		"loop in weir_progress": {FailedDeadline, CodeLimitTime, "weir_progress", func(*guest) bodies { return bodies{progress: asm.Block(spin, ok())} }},
		"loop in weir_process":  {FailedDeadline, CodeLimitTime, "weir_process", func(*guest) bodies { return bodies{process: asm.Block(at(7), spin, ok())} }},
		"loop of host calls": {FailedDeadline, CodeLimitTime, "weir_process", func(g *guest) bodies {
			return bodies{process: asm.Block(at(7), asm.Loop(g.logs(0, "again"), asm.I32(1)), ok())}
		}},
		"load outside": {FailedTrap, "trap.out_of_bounds", "weir_process", func(*guest) bodies { return bodies{process: asm.Block(at(7), asm.I32(-4), asm.Load(0))} }},
		"recursion": {FailedTrap, CodeLimitDepth, "weir_process", func(g *guest) bodies {
			// Imports and the marker, arena and open come first: weir_process calls itself.
			return bodies{process: asm.Block(at(7), asm.Get(0), asm.Call(5+3), asm.I32(1), asm.Add)}
		}},
		"memory without end": {FailedMemory, CodeLimitMemory, "weir_process", func(*guest) bodies {
			return bodies{process: asm.Block(at(7), asm.Loop(asm.I32(1), asm.MemoryGrow, asm.I32(1), asm.Add), asm.Unreachable)}
		}},
		"no memory left": {FailedMemory, CodeArenaNone, "weir_arena", func(*guest) bodies { return bodies{arena: ok()} }},
		"status error": {FailedStatus, "status.error", "weir_process", func(g *guest) bodies {
			return bodies{process: asm.Block(at(7), g.put([]byte("first")), asm.Call(g.fail), g.put([]byte("no \xff way")), asm.Call(g.fail), asm.I32(1))}
		}},
		"status 99":     {FailedStatus, "status.error", "weir_process", func(*guest) bodies { return bodies{process: asm.Block(at(7), asm.I32(99))} }},
		"status -1":     {FailedStatus, "status.error", "weir_process", func(*guest) bodies { return bodies{process: asm.Block(at(7), asm.I32(-1))} }},
		"bad schema":    {FailedStatus, "status.bad_schema", "weir_open", func(*guest) bodies { return bodies{open: asm.I32(2)} }},
		"bad parameter": {FailedStatus, "status.bad_parameter", "weir_open", func(*guest) bodies { return bodies{open: asm.I32(3)} }},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuest()
			trip := trip{rows: 10, limits: engine.Limits{Memory: 64 * engine.PageSize}}
			if tc.kind == FailedDeadline {
				trip.limits.Timeout, trip.limits.Fuel, trip.limits.HostCalls = short, engine.MaxFuel, engine.MaxHostCalls
			}
			f := failureOf(t, trip.run(t, g.build(tc.bodies(g))))
			if f.Kind != tc.kind || f.Code != tc.code || f.Call != tc.call {
				t.Errorf("%s %s in %s (%v)", f.Kind, f.Code, f.Call, f)
			}
			row := -1
			if tc.call == "weir_process" {
				row = 7
			}
			if f.Row != row {
				t.Errorf("row %d, want %d", f.Row, row)
			}
			opening := "opening it failed (" + tc.code + "): " + tc.call + ": "
			if f.Opening != (trip.instance == nil) || strings.Contains(f.Error(), opening) != f.Opening {
				t.Errorf("opening is %t: %v", f.Opening, f)
			}
			if name == "status error" && !strings.HasSuffix(f.Message, "no \ufffd way") {
				t.Errorf("message %q", f.Message)
			}
			if f.Kind == FailedTrap && f.Code != CodeLimitDepth && f.Function == "" {
				t.Error("the function is not known")
			}
		})
	}
}

func TestExit(t *testing.T) {
	g := newGuest("proc_exit")
	trip := trip{rows: 1}
	f := failureOf(t, trip.run(t, g.build(bodies{process: asm.Block(asm.I32(0), asm.Call(g.wasi["proc_exit"]), ok())})))
	if f.Kind != FailedExit || f.Code != "exit" {
		t.Errorf("%v", f)
	}
}
