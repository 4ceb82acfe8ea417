package abi

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"testing"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
)

// flatMemory is a memory without a guest.
type flatMemory []byte

func (m flatMemory) Bytes() []byte { return m }

func function(t testing.TB, name string) engine.HostFunc {
	t.Helper()
	for _, f := range HostFuncs() {
		if f.Module == WASIModule && f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no %s", name)
	return engine.HostFunc{}
}

// wasiCall calls a WASI function of an instance in the midst of a batch, over a memory of 4,096 bytes.
func wasiCall(t testing.TB, i *Instance, mem flatMemory, name string, args ...uint64) uint64 {
	t.Helper()
	stack := append(args, 0)
	if err := function(t, name).Call(context.Background(), i, mem, stack); err != nil {
		t.Fatal(err)
	}
	return stack[0]
}

// inBatch is an instance that stands at a row of a batch of ten. The progress cell is at 0.
func inBatch(row uint32, from Rows) (*Instance, flatMemory) {
	i, err := newInstance(Config{Name: "test", Input: inputSchema, Seed: 7, OpenTime: 500})
	if err != nil {
		panic(err)
	}
	mem := make(flatMemory, 4096)
	i.memory, i.hasProgress = mem, true
	i.begin(phaseProcess, "weir_process")
	i.call.rows, i.call.from = 10, from
	binary.LittleEndian.PutUint32(mem, row)
	return i, mem
}

func TestEveryFunctionHasABody(t *testing.T) {
	if got, want := len(HostFuncs()), len(weirTable)+len(servedTable)+len(inertTable); got != want {
		t.Errorf("%d functions, want %d", got, want)
	}
	for _, f := range HostFuncs() {
		i, mem := inBatch(0, nil)
		stack := make([]uint64, max(len(f.Type.Params), 1))
		for k := range stack {
			stack[k] = math.MaxUint64 // nothing that lies in the memory
		}
		_ = f.Call(t.Context(), i, mem, stack) // must not panic
		for k := range stack {
			stack[k] = 0
		}
		_ = f.Call(t.Context(), i, mem, stack)
	}
}

func TestInertFunctionsAnswer(t *testing.T) {
	i, mem := inBatch(0, nil)
	for _, name := range badfTable {
		args := make([]uint64, len(function(t, name).Type.Params))
		if got := wasiCall(t, i, mem, name, args...); got != errnoBadf {
			t.Errorf("%s answers %d", name, got)
		}
	}
	copy(mem[64:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	for _, name := range []string{"args_sizes_get", "environ_sizes_get"} {
		if got := wasiCall(t, i, mem, name, 64, 68); got != errnoSuccess || binary.LittleEndian.Uint64(mem[64:]) != 0 {
			t.Errorf("%s: %d, % x", name, got, mem[64:72])
		}
		if got := wasiCall(t, i, mem, name, 64, 4094); got != errnoFault {
			t.Errorf("%s beyond the memory: %d", name, got)
		}
	}
	for _, name := range []string{"args_get", "environ_get"} {
		if got := wasiCall(t, i, mem, name, 0, 0); got != errnoSuccess {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := wasiCall(t, i, mem, "sched_yield"); got != errnoSuccess {
		t.Errorf("sched_yield: %d", got)
	}
	for fd, want := range []uint64{errnoBadf, errnoSuccess, errnoSuccess, errnoBadf} {
		if got := wasiCall(t, i, mem, "fd_fdstat_get", uint64(fd), 128); got != want || want == errnoSuccess && mem[128] != 2 {
			t.Errorf("fd_fdstat_get(%d): %d", fd, got)
		}
	}
	for _, fd := range []uint64{0, 3, 1 << 31} {
		if got := wasiCall(t, i, mem, "fd_write", fd, 0, 0, 64); got != errnoBadf {
			t.Errorf("fd_write(%d): %d", fd, got)
		}
	}
}

func (i *Instance) timeNow(t *testing.T, mem flatMemory) int64 {
	if got := wasiCall(t, i, mem, "clock_time_get", 0, 1, 64); got != errnoSuccess {
		t.Fatalf("clock_time_get: %d", got)
	}
	return int64(binary.LittleEndian.Uint64(mem[64:])) / 1e6
}

type times []int64

func (x times) Row(i uint32) Row { return Row{Topic: "t", Offset: int64(i), Time: x[i]} }

func TestClockIsTheRowsAndNeverRunsBackwards(t *testing.T) {
	i, mem := inBatch(0, times{1000, 3000, 2000, -1, math.MaxInt64, 0, 0, 0, 0, 0})
	for _, step := range []struct {
		row  uint32
		want int64
	}{{0, 1000}, {1, 3000}, {2, 3000}, {3, 3000}, {99, 3000}, {4, math.MaxInt64 / 1_000_000}, {0, math.MaxInt64 / 1_000_000}} {
		binary.LittleEndian.PutUint32(mem, step.row)
		if got := i.timeNow(t, mem); got != step.want {
			t.Errorf("at row %d it is %d, want %d", step.row, got, step.want)
		}
	}
	if got := wasiCall(t, i, mem, "clock_time_get", 2, 0, 64); got != errnoInval {
		t.Errorf("the clock of CPU time: %d", got)
	}
	if got := wasiCall(t, i, mem, "clock_time_get", 0, 0, 4089); got != errnoFault {
		t.Errorf("beyond the memory: %d", got)
	}
	if got := wasiCall(t, i, mem, "clock_res_get", 1, 64); got != errnoSuccess || binary.LittleEndian.Uint64(mem[64:]) != 1e6 {
		t.Errorf("clock_res_get: %d", got)
	}
	i, mem = inBatch(0, times{1000})
	i.hasProgress = false
	if got := i.timeNow(t, mem); got != 500 {
		t.Errorf("without a progress cell it is %d", got)
	}
}

func TestRandomnessFollowsTheRow(t *testing.T) {
	draw := func(i *Instance, mem flatMemory, row uint32) string {
		binary.LittleEndian.PutUint32(mem, row)
		if got := wasiCall(t, i, mem, "random_get", 64, 16); got != errnoSuccess {
			t.Fatal(got)
		}
		return string(mem[64:80])
	}
	a, memA := inBatch(0, somewhere{base: 100})
	b, memB := inBatch(0, somewhere{base: 95}) // the same rows, five later in the batch
	first, second := draw(a, memA, 1), draw(a, memA, 1)
	if first == second {
		t.Error("a row draws the same bytes twice")
	}
	if draw(b, memB, 6) != first || draw(b, memB, 6) != second {
		t.Error("the same row in another batch draws other bytes")
	}
	if draw(b, memB, 7) == first {
		t.Error("another row draws the same bytes")
	}
	b.config.Seed, b.world.seed = 8, 8
	if draw(b, memB, 6) == first {
		t.Error("another seed draws the same bytes")
	}
	a.hasProgress = false
	fixed := draw(a, memA, 1)
	a.begin(phaseProcess, "weir_process")
	if draw(a, memA, 5) != fixed {
		t.Error("without a progress cell two calls draw different bytes")
	}
	if got := wasiCall(t, a, memA, "random_get", 4090, 16); got != errnoFault {
		t.Errorf("beyond the memory: %d", got)
	}
}

func TestPollMovesTheClock(t *testing.T) {
	i, mem := inBatch(0, times{1000})
	clock := func(user, timeout uint64, flags byte) []byte {
		s := make([]byte, subscriptionSize)
		binary.LittleEndian.PutUint64(s, user)
		binary.LittleEndian.PutUint64(s[24:], timeout)
		s[40] = flags
		return s
	}
	descriptor := func(user uint64) []byte {
		s := make([]byte, subscriptionSize)
		binary.LittleEndian.PutUint64(s, user)
		s[8] = 1
		return s
	}
	poll := func(subscriptions ...[]byte) (users []uint64, errnos []uint16) {
		copy(mem[256:], bytes.Join(subscriptions, nil))
		if got := wasiCall(t, i, mem, "poll_oneoff", 256, 240, uint64(len(subscriptions)), 64); got != errnoSuccess {
			t.Fatal(got)
		}
		for k := range binary.LittleEndian.Uint32(mem[64:]) {
			e := mem[240+k*eventSize:]
			users, errnos = append(users, binary.LittleEndian.Uint64(e)), append(errnos, binary.LittleEndian.Uint16(e[8:]))
		}
		return users, errnos
	}
	if users, _ := poll(clock(5, 2e9, 0), clock(6, 50e6, 0)); len(users) != 1 || users[0] != 6 || i.timeNow(t, mem) != 1050 {
		t.Errorf("%v, %d", users, i.timeNow(t, mem))
	}
	if users, _ := poll(clock(5, 900e6, 1)); len(users) != 1 || i.timeNow(t, mem) != 1050 {
		t.Errorf("a time that is past: %v, %d", users, i.timeNow(t, mem))
	}
	users, errnos := poll(descriptor(8), clock(5, 1e9, 0))
	if len(users) != 1 || users[0] != 8 || errnos[0] != errnoBadf || i.timeNow(t, mem) != 1050 {
		t.Errorf("a descriptor: %v, %v, %d", users, errnos, i.timeNow(t, mem))
	}
	if users, _ := poll(clock(5, math.MaxUint64, 0)); len(users) != 1 || i.timeNow(t, mem) != math.MaxInt64/1_000_000 {
		t.Errorf("for ever: %v, %d", users, i.timeNow(t, mem))
	}
	for name, args := range map[string][]uint64{"none": {256, 240, 0, 64}, "wild": {4090, 240, 1, 64}, "too many": {0, 0, 1 << 20, 64}} {
		if got := wasiCall(t, i, mem, "poll_oneoff", args...); got == errnoSuccess {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestWriteIsBounded(t *testing.T) {
	i, mem := inBatch(0, nil)
	big := make(flatMemory, 1<<20)
	copy(big, mem)
	i.memory = big
	binary.LittleEndian.PutUint32(big[64:], 4096)
	binary.LittleEndian.PutUint32(big[68:], 1<<20-4096)
	if got := wasiCall(t, i, big, "fd_write", 1, 64, 1, 128); got != errnoSuccess || binary.LittleEndian.Uint32(big[128:]) != mostWritten {
		t.Errorf("%d, %d bytes taken", got, binary.LittleEndian.Uint32(big[128:]))
	}
	if n := len(i.call.partial[0]); n != LimitMessageBytes {
		t.Errorf("%d bytes of a line are kept", n)
	}
	binary.LittleEndian.PutUint32(big[64:], 1<<31)
	if got := wasiCall(t, i, big, "fd_write", 1, 64, 1, 128); got != errnoFault {
		t.Errorf("wild vector: %d", got)
	}
}

// A guest that imports all of WASI that is offered is linked, with the signatures of abi.json.
func TestAllOfWASICanBeImported(t *testing.T) {
	names := []string{}
	for _, table := range []map[string]string{servedTable, inertTable} {
		for name := range table {
			names = append(names, name)
		}
	}
	g := newGuest(names...)
	trip := trip{rows: 1}
	if err := trip.run(t, g.build(bodies{initialize: asm.Block(asm.Call(g.wasi["sched_yield"]), asm.Drop)})); err != nil {
		t.Error(err)
	}
}

func TestCut(t *testing.T) {
	for _, tc := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aü", 2, "a"}, {"aüb", 3, "aü"}, {"日本", 5, "日"}, {"\xff\xff\xff", 2, "\xff\xff"}, {"ü", 1, ""}} {
		if got := string(cut([]byte(tc.text), tc.n)); got != tc.want {
			t.Errorf("%q cut to %d is %q, want %q", tc.text, tc.n, got, tc.want)
		}
	}
}

func TestPoolKeepsLittleAndGivesBack(t *testing.T) {
	p := &pool{}
	a := p.Allocate(5000)
	if len(a) != 5000 || cap(a) != 8192 {
		t.Fatalf("%d of %d", len(a), cap(a))
	}
	p.Free(a)
	if b := p.Allocate(8000); &a[0] != &b[0] {
		t.Error("freed memory is not used again")
	}
	for range 3 {
		p.Free(make([]byte, 2<<20))
	}
	p.Free(make([]byte, 100))
	if p.bytes > mostPooled {
		t.Errorf("%d bytes are kept idle", p.bytes)
	}
	grown := p.Reallocate(6000, append(p.Allocate(0), "abc"...))
	if string(grown[:3]) != "abc" || len(grown) != 6000 {
		t.Error("reallocated memory lost its contents")
	}
}
