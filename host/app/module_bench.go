package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

// The rounds that a ModuleBench may have.
const (
	DefaultBenchRounds = 21
	MinBenchRounds     = 3
	MaxBenchRounds     = 1000
)

// roundTime is about how long a round of a benchmark takes: long enough for the clock and for a scheduler's hiccup.
const roundTime = 50 * time.Millisecond

// ModuleBench is a module that is measured on records of a file.
type ModuleBench struct {
	ModuleRun
	Rounds int // MinBenchRounds to MaxBenchRounds
}

// Benched is what a module costs.
type Benched struct {
	File    string `json:"file"`
	Hash    string `json:"hash"`
	Engine  string `json:"engine"`
	Rows    int    `json:"rows"`
	Skipped int    `json:"skipped"` // records that could not be decoded
	Calls   int    `json:"calls"`   // for all rows once: one a batch
	Rounds  int    `json:"rounds"`
	Passes  int    `json:"passes"` // over all rows, in a round

	NsPerRow       Spread  `json:"ns_per_row"`       // the whole call: copies, checks and the module's code
	GuestNsPerRow  Spread  `json:"guest_ns_per_row"` // the module's code, and what the host does for it meanwhile
	FuelPerRow     float64 `json:"fuel_per_row"`
	BytesInPerRow  float64 `json:"bytes_in_per_row"`  // copied into the module
	BytesOutPerRow float64 `json:"bytes_out_per_row"` // copied out of it
	MemoryPages    int64   `json:"memory_pages"`      // of 64 KiB

	OriginalGuestNsPerRow Spread `json:"original_guest_ns_per_row"` // of the module without metering
	Metering              Spread `json:"metering"`                  // guest time, metered by original, round by round
}

// Spread is a median, and the range that nine tenths of the values lie in.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

func spreadOf(values []float64) Spread {
	slices.Sort(values)
	n := len(values)
	return Spread{values[n/2], values[n/20], values[n-1-n/20]}
}

// BenchModule measures a module.
func BenchModule(ctx context.Context, c ModuleBench) (*Benched, error) {
	if c.Rounds < MinBenchRounds || c.Rounds > MaxBenchRounds {
		return nil, fault.Inputf("--rounds: want %d to %d, got %d", MinBenchRounds, MaxBenchRounds, c.Rounds)
	}
	r, err := newRig(ctx, c.ModuleRun)
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	b := &bench{rig: r, out: &Benched{File: c.Path, Hash: r.function.hash, Engine: cmp.Or(r.function.engine, r.engine.Name()), Rounds: c.Rounds}}
	if err := b.decode(); err != nil {
		return nil, err
	}
	defer b.release()
	if b.out.Rows == 0 {
		return nil, fault.Inputf("%s has no record that could be decoded (%d could not); see weir module test", c.Input, b.out.Skipped)
	}
	return b.out, b.measure(ctx)
}

// bench is a benchmark at work.
type bench struct {
	*rig
	batches []*batch.Batch
	out     *Benched
}

func (b *bench) release() {
	for _, one := range b.batches {
		one.Record.Release()
	}
}

// mostBenched bounds the records of a benchmark, decoded, in bytes.
const mostBenched = 512 << 20

// decode cuts all records into batches of the columns that the module is sent.
func (b *bench) decode() (err error) {
	lines, err := openLines(b.Input, b.In, nil)
	if err != nil {
		return err
	}
	defer func() { _ = lines.file.Close() }() // it was only read
	source := b.plan.Config.Source
	decoder, err := source.Decoder()
	if err != nil {
		return err
	}
	if len(source.Metadata) > 0 {
		return fault.Inputf("--schema: metadata columns are not for bench; leave METADATA FROM out")
	}
	builder := batch.NewBuilder(source.Schema, b.planner.mem)
	defer builder.Release()
	from := &batch.Provenance{Topic: rigInput}
	total := 0
	cut := func() {
		if builder.Rows() == 0 {
			return
		}
		b.out.Rows += builder.Rows()
		total += builder.Bytes()
		b.batches = append(b.batches, b.sent(builder.NewRecord(), from))
		from = &batch.Provenance{Topic: rigInput}
	}
	for lines.err == nil {
		for _, m := range lines.chunk() {
			if builder.Rows() >= batch.DefaultLimits.Rows || builder.Bytes() >= batch.DefaultLimits.Bytes {
				cut()
			}
			err := decoder.Decode(m.Value, builder)
			if errors.Is(err, batch.ErrFull) {
				cut()
				err = decoder.Decode(m.Value, builder)
			}
			var bad *format.DataError
			switch {
			case errors.As(err, &bad):
				b.out.Skipped++
				continue
			case err != nil:
				return err
			case total > mostBenched:
				return fault.Inputf("--input: more than %d MiB, decoded; take a smaller file", mostBenched>>20)
			}
			builder.EndRow()
			from.Append(m.Offset, 0, m.Time, m.Value)
		}
	}
	cut()
	return lines.failed()
}

// sent is a decoded batch with the columns that the module asks for.
func (b *bench) sent(rec arrow.RecordBatch, from *batch.Provenance) *batch.Batch {
	defer rec.Release()
	stage := &b.plan.stages[0]
	var columns []arrow.Array
	for _, col := range stage.Send {
		columns = append(columns, rec.Column(col))
	}
	return &batch.Batch{Record: array.NewRecordBatch(stage.Input, columns, rec.NumRows()), From: from}
}

// origins tells a module where the rows of a batch came from.
type origins struct{ *batch.Provenance }

func (o origins) Row(i uint32) abi.Row {
	return abi.Row{Topic: o.Topic, Partition: o.Partition, Offset: o.Offset[i], Frame: o.Frame[i], Time: o.Time[i]}
}

// pass hands every batch to an instance once, and gives how long that took.
func (b *bench) pass(ctx context.Context, i *abi.Instance) (took time.Duration, err error) {
	began := time.Now()
	for _, one := range b.batches {
		answer, err := i.Process(ctx, one.Record, origins{one.From})
		if err != nil {
			first, last := one.From.Offset[0], one.From.Offset[one.From.Len()-1]
			return 0, fmt.Errorf("records %d to %d (counted from 0): %w; bench needs records that the module gets through, see weir module test", first, last, err)
		}
		answer.Release()
	}
	return time.Since(began), nil
}

// measure runs the metered module and, once that has got through, the original in turn with it.
func (b *bench) measure(ctx context.Context) error {
	metered, err := b.planner.modules.instance(ctx, b.plan.calls[0])
	if err != nil {
		return err
	}
	defer metered.Close(ctx)
	if _, err := b.pass(ctx, metered); err != nil { // it grows the memory, and proves that the module gets through
		return err
	}
	before := metered.Stats()
	took, err := b.pass(ctx, metered)
	if err != nil {
		return err
	}
	b.account(before, metered.Stats())
	original, err := b.original(ctx)
	if err != nil {
		return err
	}
	defer original.close(ctx)
	if _, err := b.pass(ctx, original.Instance); err != nil {
		return fmt.Errorf("the module without metering: %w", err)
	}
	b.out.Passes = max(1, int(roundTime/max(took, 1)))
	for range b.out.Passes { // from here on the original never does what the metered one has not done before: a module may count its calls
		if _, err := b.pass(ctx, metered); err != nil {
			return err
		}
	}
	return b.rounds(ctx, metered, original.Instance)
}

// account takes what the second pass has cost, which is the same each time: the first has grown the memory, and more.
func (b *bench) account(before, after abi.Stats) {
	rows := float64(b.out.Rows)
	b.out.Calls = int(after.Calls - before.Calls)
	b.out.FuelPerRow = float64(after.Fuel-before.Fuel) / rows
	b.out.BytesInPerRow = float64(after.BytesIn-before.BytesIn) / rows
	b.out.BytesOutPerRow = float64(after.BytesOut-before.BytesOut) / rows
	b.out.MemoryPages = int64(after.MemoryBytes / engine.PageSize)
}

// rounds measures the two in turn. Who begins changes each time.
func (b *bench) rounds(ctx context.Context, metered, original *abi.Instance) error {
	var whole, guest, bare, ratio []float64
	rows := float64(b.out.Rows * b.out.Passes)
	for n := range b.out.Rounds {
		var took, own [2]float64
		for k := range 2 {
			which := (n + k) % 2
			i := []*abi.Instance{metered, original}[which]
			before := i.Stats().GuestTime
			for range b.out.Passes {
				t, err := b.pass(ctx, i)
				if err != nil {
					return err
				}
				took[which] += float64(t)
			}
			own[which] = float64(i.Stats().GuestTime - before)
		}
		whole, guest, bare = append(whole, took[0]/rows), append(guest, own[0]/rows), append(bare, own[1]/rows)
		ratio = append(ratio, share(own[0], own[1]))
	}
	b.out.NsPerRow, b.out.GuestNsPerRow, b.out.OriginalGuestNsPerRow, b.out.Metering = spreadOf(whole), spreadOf(guest), spreadOf(bare), spreadOf(ratio)
	return nil
}

// Print tells people.
func (b *Benched) Print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, layout string, values ...any) { fmt.Fprintf(out, name+"\t"+layout+"\n", values...) } // a tabwriter's errors come with Flush
	line("file", "%s, %s, engine %s", cell(b.File), b.Hash, b.Engine)
	line("rows", "%d in %d calls (%d records skipped: they could not be decoded)", b.Rows, b.Calls, b.Skipped)
	line("rounds", "%d, each of %d passes over the rows", b.Rounds, b.Passes)
	line("whole call", "%s ns a row", b.NsPerRow.text(1))
	line("guest", "%s ns a row", b.GuestNsPerRow.text(1))
	line("guest, not metered", "%s ns a row", b.OriginalGuestNsPerRow.text(1))
	line("metering", "%s times", b.Metering.text(2))
	line("fuel", "%.1f units a row", b.FuelPerRow)
	line("copied", "%.1f bytes in and %.1f bytes out a row", b.BytesInPerRow, b.BytesOutPerRow)
	line("memory", "%d pages, %.1f MiB", b.MemoryPages, float64(b.MemoryPages)/16)
	return fault.EnvironmentError(out.Flush())
}

func (s Spread) text(digits int) string {
	return fmt.Sprintf("%.*f (%.*f to %.*f)", digits, s.Median, digits, s.Low, digits, s.High)
}
