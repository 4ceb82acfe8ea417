package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
	"github.com/weir-stream/weir/internal/benchkit"
)

// Calls is what calls of a guest take, in µs, and what they take beside the copies that no call can do without.
type Calls struct {
	Microseconds map[string]benchkit.Figure `json:"us"`
	Beside       map[string]benchkit.Figure `json:"us_beside_two_copies"`
	Ratios       map[string]benchkit.Figure `json:"ratios"`
}

//go:embed testdata/c/identity.wasm
var identityInC []byte

//go:embed testdata/c/gcd.wasm
var gcdInC []byte

// The arms of Calls that others refer to. Those of Extism are printed by the program of bench/peers-go under these names.
const (
	identity      = "identity, 1,024 rows, 4 columns of BIGINT"
	identityAgain = "identity, 1,024 rows, 4 columns of BIGINT, again"
	identityMixed = "identity, 1,024 rows, BIGINT DOUBLE BOOLEAN TEXT"
	identity64    = "64 KiB in and out (2,048 rows of 4 BIGINT)"
	gcdPublished  = "gcd, 1,024 rows, arrow-udf's"
	gcdRandom     = "gcd, 1,024 rows, random numbers below 2^20"
	gcdNative     = "gcd, 1,024 rows, arrow-udf's, native Go without any host"
	noRows        = "no-op: a batch without rows"
	noOperation   = "no-op: the engine's call alone"
	twoCopies     = "two copies: "

	extismNoOperation = "Extism, no-op"
	extism64          = "Extism, 64 KiB in and out"
	withTimeout       = ", with its timeout"
)

// allOn are the default limits, and one on the fuel a second, which has none by default.
var allOn = engine.Limits{FuelPerSecond: engine.MaxFuelPerSecond}

// calling measures the calls in turn.
func (b *bench) calling(r *Report) (err error) {
	arms, closeAll, err := b.callArms()
	defer func() { err = errors.Join(err, closeAll()) }()
	if err != nil {
		return err
	}
	times := map[string][]float64{}
	for round := range 1 + b.rounds {
		turn := slices.Clone(arms)
		if round%2 == 1 {
			slices.Reverse(turn)
		}
		took, err := b.extismCalls()
		if err != nil {
			return err
		}
		for _, arm := range turn {
			if took[arm.name], err = microseconds(arm.call); err != nil {
				return fmt.Errorf("%s: %w", arm.name, err)
			}
		}
		if round == 0 {
			continue
		}
		for name, us := range took {
			times[name] = append(times[name], us)
		}
	}
	r.Calls = newCalls(times)
	return nil
}

func newCalls(times map[string][]float64) Calls {
	c := Calls{Microseconds: map[string]benchkit.Figure{}, Beside: map[string]benchkit.Figure{}, Ratios: map[string]benchkit.Figure{}}
	for name, runs := range times {
		c.Microseconds[name] = benchkit.NewFigure(runs)
	}
	each := func(a, b string, f func(a, b float64) float64) benchkit.Figure {
		var runs []float64
		for i := range times[a] {
			runs = append(runs, f(times[a][i], times[b][i]))
		}
		return benchkit.NewFigure(runs)
	}
	for _, name := range []string{identity, identityMixed, identity64} {
		c.Beside[name] = each(name, twoCopies+name, func(a, b float64) float64 { return a - b })
	}
	ratio := func(a, b float64) float64 { return a / b }
	c.Ratios["A/A, identity"] = each(identityAgain, identity, ratio)
	c.Ratios["gcd, ours to native Go"] = each(gcdPublished, gcdNative, ratio)
	c.Ratios["no-op, Extism to ours"] = each(extismNoOperation, noRows, ratio)
	c.Ratios["no-op, Extism with its timeout to ours"] = each(extismNoOperation+withTimeout, noRows, ratio)
	c.Ratios["64 KiB, Extism to ours"] = each(extism64, identity64, ratio)
	c.Ratios["64 KiB, Extism with its timeout to ours"] = each(extism64+withTimeout, identity64, ratio)
	return c
}

// A figure of a round is the median of some chunks of calls.
const (
	chunks       = 21
	callsInChunk = 100
)

// microseconds is how long a call takes.
func microseconds(call func() error) (float64, error) {
	var took []float64
	for range chunks {
		began := time.Now()
		for range callsInChunk {
			if err := call(); err != nil {
				return 0, err
			}
		}
		took = append(took, float64(time.Since(began).Nanoseconds())/1e3/callsInChunk)
	}
	return benchkit.NewFigure(took).Median, nil
}

// callArm is one kind of call.
type callArm struct {
	name string
	call func() error
}

// task is a guest in C and the batch that it is handed.
type task struct {
	name string
	wasm []byte
	rows arrow.RecordBatch
	same bool // the answer is the batch
}

func tasks() []task {
	integer, wide := arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64
	four := columns(false, wide, wide, wide, wide)
	mixed := columns(true, wide, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Boolean, arrow.BinaryTypes.String)
	two := columns(true, integer, integer)
	return []task{
		{identity, identityInC, integers(four, 1024, 1), true},
		{identityAgain, identityInC, integers(four, 1024, 1), true},
		{identityMixed, identityInC, integers(mixed, 1024, 1), true},
		{identity64, identityInC, integers(four, 2048, 1), true},
		{noRows, identityInC, integers(four, 0, 1), true},
		{gcdPublished, gcdInC, integers(two, 1024, 1), false},
		{gcdRandom, gcdInC, randoms(two, 1024), false},
	}
}

// callArms opens the guests. closeAll is to be called whatever the error.
func (b *bench) callArms() (arms []callArm, closeAll func() error, err error) {
	var closers []func() error
	closeAll = func() (err error) {
		for _, f := range closers {
			err = errors.Join(err, f())
		}
		return err
	}
	for _, t := range tasks() {
		g, err := openGuest(b.ctx, t.wasm, t.rows.Schema(), allOn)
		if err != nil {
			return nil, closeAll, fmt.Errorf("%s: %w", t.name, err)
		}
		closers = append(closers, func() error { t.rows.Release(); return g.close() })
		before := g.Stats()
		if err := g.check(t); err != nil {
			return nil, closeAll, fmt.Errorf("%s: %w", t.name, err)
		}
		arms = append(arms, callArm{t.name, func() error { return g.process(t.rows) }})
		if t.name == gcdPublished {
			arms = append(arms, callArm{gcdNative, nativeGCD(t.rows)})
		}
		if t.same && t.name != noRows {
			after := g.Stats()
			arms = append(arms, callArm{twoCopies + t.name, copies(int(after.BytesIn-before.BytesIn), int(after.BytesOut-before.BytesOut))})
		}
	}
	bare, closeBare, err := b.noOperation()
	closers = append(closers, closeBare)
	return append(arms, callArm{noOperation, bare}), closeAll, err
}

// process hands over a batch and lets go of the answer.
func (g *guest) process(rows arrow.RecordBatch) error {
	answer, err := g.Process(g.ctx, rows, nil)
	if err != nil {
		return err
	}
	answer.Release()
	return nil
}

// check compares one answer: with the batch, or with the greatest common divisors of its columns.
func (g *guest) check(t task) error {
	answer, err := g.Process(g.ctx, t.rows, nil)
	if err != nil {
		return err
	}
	defer answer.Release()
	if len(answer.Emits) != 1 {
		return fmt.Errorf("%d emits", len(answer.Emits))
	}
	got := answer.Emits[0].Record
	if t.same && !array.RecordEqual(got, t.rows) {
		return errors.New("the answer is not the batch")
	}
	if t.same {
		return nil
	}
	a, b, divisors := t.rows.Column(0).(*array.Int32), t.rows.Column(1).(*array.Int32), got.Column(0).(*array.Int32)
	for r := range a.Len() {
		if divisors.IsNull(r) || divisors.Value(r) != gcd(a.Value(r), b.Value(r)) {
			return fmt.Errorf("row %d: the greatest common divisor of %d and %d is not %d", r, a.Value(r), b.Value(r), divisors.Value(r))
		}
	}
	return nil
}

func gcd(x, y int32) int32 {
	for y != 0 {
		x, y = y, x%y
	}
	return x
}

// nativeGCD does in Go what the module gcd does.
func nativeGCD(rows arrow.RecordBatch) func() error {
	a, b := rows.Column(0).(*array.Int32).Int32Values(), rows.Column(1).(*array.Int32).Int32Values()
	divisors := make([]int32, len(a))
	return func() error {
		for r := range divisors {
			divisors[r] = gcd(a[r], b[r])
		}
		return nil
	}
}

// copies moves as many bytes as a call does into a guest and out of it.
func copies(in, out int) func() error {
	from, guest, to := make([]byte, in), make([]byte, max(in, out)), make([]byte, out)
	return func() error {
		copy(guest, from)
		copy(to, guest)
		return nil
	}
}

// noOperation is a call of a function that does nothing.
func (b *bench) noOperation() (call, closeIt func() error, err error) {
	rewritten, err := sandbox.Rewrite(shapesInC, sandbox.Caps{})
	if err != nil {
		return nil, func() error { return nil }, err
	}
	m, err := newMetered(b.ctx, rewritten, allOn)
	if err != nil {
		return nil, func() error { return nil }, err
	}
	i, err := m.open()
	if err != nil {
		return nil, m.close, err
	}
	closeIt = func() error { return errors.Join(i.close(), m.close()) }
	f, err := i.Lookup("nothing", engine.FuncType{})
	if err != nil {
		return nil, closeIt, err
	}
	stack := make([]uint64, 1)
	return func() error { return f.Call(b.ctx, stack) }, closeIt, nil
}

// extismCalls runs the program of bench/peers-go, which prints microseconds by arm.
func (b *bench) extismCalls() (us map[string]float64, err error) {
	var said, complaint bytes.Buffer
	cmd := exec.CommandContext(b.ctx, b.extism, strconv.Itoa(chunks), strconv.Itoa(callsInChunk))
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w; build it: cd bench/peers-go && GOWORK=off go build -o ../../build/peers/extism .\n%s", b.extism, err, complaint.String())
	}
	return us, json.Unmarshal(said.Bytes(), &us)
}
