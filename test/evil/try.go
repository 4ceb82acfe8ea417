package evil

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"unicode"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/sandbox"
)

// Outcome is what became of a guest.
type Outcome struct {
	Call, Code string // as in Attack
	Text       string // the refusal or the failure, in words
	Lines      int    // that it logged, over all calls
}

// input are the columns of every batch.
var input = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

const (
	batchRows = 10
	batches   = 3
)

// makeBatch makes a batch whose text says whose it is.
func makeBatch(mem memory.Allocator, text string) arrow.RecordBatch {
	b := array.NewRecordBuilder(mem, input)
	defer b.Release()
	for row := range batchRows {
		b.Field(0).(*array.Int64Builder).Append(int64(row))
		b.Field(1).(*array.StringBuilder).Append(text)
	}
	return b.NewRecordBatch()
}

// origin says where rows came from; each has a time, so that the guest's clock moves.
type origin struct{}

func (origin) Row(i uint32) abi.Row {
	return abi.Row{Topic: "evil", Partition: 1, Offset: int64(i), Time: 1000 * int64(i)}
}

// Try checks a guest, opens it where it is accepted, and hands it batches until it fails. The error says that something
// happened which must not, whatever a guest does.
func Try(ctx context.Context, e engine.Engine, a Attack) (_ Outcome, err error) {
	wasm, err := a.Wasm()
	if err != nil {
		return Outcome{}, err
	}
	info, reasons := abi.Check(wasm, a.Limits.engine().Pages(0))
	if len(reasons) > 0 {
		return Outcome{Call: refused, Code: reasons[0].Code, Text: reasons[0].Message}, presentable(reasons[0].Message)
	}
	module, err := abi.Compile(ctx, e, nil, wasm, a.Limits.engine())
	if err != nil {
		return refusal(err)
	}
	defer func() { err = errors.Join(err, module.Close(context.WithoutCancel(ctx))) }()
	lines := &lineCounter{}
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	o, err := live(ctx, module, abi.Config{Name: "evil", Input: input, Manifest: info.Manifest, Limits: abiLimits, Logger: slog.New(lines), Allocator: mem})
	if o.Lines = lines.lines; lines.tooMany != "" {
		err = errors.Join(err, errors.New(lines.tooMany))
	}
	if n := mem.CurrentAlloc(); n != 0 {
		err = errors.Join(err, fmt.Errorf("%d bytes that were copied out of the guest are still held", n))
	}
	return o, err
}

// refusal is the outcome of a module that is not compiled.
func refusal(err error) (Outcome, error) {
	var cause *sandbox.Error
	if !errors.As(err, &cause) {
		return Outcome{}, fmt.Errorf("what the sandbox let through cannot be compiled: %w", err)
	}
	return Outcome{Call: refused, Code: cause.Code, Text: err.Error()}, presentable(err.Error())
}

// live opens the guest and hands it batches until it fails. Where its image can be restored, it then gets another try from
// there, which must end in the same way.
func live(ctx context.Context, module engine.Module, c abi.Config) (o Outcome, err error) {
	i, err := abi.Open(ctx, module, c)
	if err != nil {
		return failed(err)
	}
	defer func() { err = errors.Join(err, i.Close(context.WithoutCancel(ctx))) }()
	batch := makeBatch(memory.DefaultAllocator, "evil's")
	defer batch.Release()
	o, err = process(ctx, i, batch)
	if err != nil || o.Call == harmless {
		return o, err
	}
	if _, err := i.Process(ctx, batch, origin{}); !errors.Is(err, abi.ErrDead) {
		return o, fmt.Errorf("the instance lives on after %s: %v", o.Text, err)
	}
	if err := i.Restore(ctx); err != nil {
		if errors.Is(err, engine.ErrNotRestorable) {
			err = nil
		}
		return o, err
	}
	again, err := process(ctx, i, batch)
	if err == nil && (again.Call != o.Call || again.Code != o.Code) {
		err = fmt.Errorf("after Restore the guest ends in another way: %s", again.Text)
	}
	return o, err
}

// process hands an instance batches until it fails.
func process(ctx context.Context, i *abi.Instance, batch arrow.RecordBatch) (Outcome, error) {
	for range batches {
		result, err := i.Process(ctx, batch, origin{})
		if err != nil {
			if result != nil {
				return Outcome{}, fmt.Errorf("a result came with %w", err)
			}
			return failed(err)
		}
		emitted := len(result.Emits) + len(result.Rejected)
		result.Release()
		if emitted > 0 {
			return Outcome{}, fmt.Errorf("%d emits and rejections of an evil guest are taken", emitted)
		}
	}
	return Outcome{Call: harmless}, nil
}

// failed is the outcome of a call that failed.
func failed(err error) (Outcome, error) {
	var f *abi.Failure
	if !errors.As(err, &f) {
		return Outcome{}, fmt.Errorf("an error that is no Failure: %w", err)
	}
	if f.Kind == abi.FailedBug {
		return Outcome{}, fmt.Errorf("a bug of the host's: %w", err)
	}
	if f.Row >= batchRows {
		return Outcome{}, fmt.Errorf("the failure names row %d", f.Row)
	}
	return Outcome{Call: f.Call, Code: f.Code, Text: f.Error()}, presentable(f.Error())
}

// presentable checks that a message, which may hold names of the guest's, is one line that a terminal can show.
func presentable(message string) error {
	const longest = 16 << 10
	if len(message) > longest {
		return fmt.Errorf("a message of %d bytes", len(message))
	}
	if strings.ContainsFunc(message, unicode.IsControl) {
		return fmt.Errorf("control characters in a message: %q", message)
	}
	return nil
}

// lineCounter counts log lines and holds them to their limits.
type lineCounter struct {
	mu      sync.Mutex
	lines   int
	tooMany string
}

// calls bounds how many calls a guest gets: start, _initialize, weir_arena, weir_open, weir_progress and twice the batches.
const calls = 5 + 2*batches

func (c *lineCounter) Enabled(context.Context, slog.Level) bool { return true }
func (c *lineCounter) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *lineCounter) WithGroup(string) slog.Handler            { return c }

func (c *lineCounter) Handle(_ context.Context, r slog.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines++
	if most := calls * (abiLimits.LogLines + 1); c.lines > most { // one more says how many were left out
		c.tooMany = fmt.Sprintf("more than %d log lines", most)
	}
	if len(r.Message) > 3*abi.LimitMessageBytes { // a byte that is not UTF-8 becomes three
		c.tooMany = fmt.Sprintf("a log line of %d bytes", len(r.Message))
	}
	return nil
}
