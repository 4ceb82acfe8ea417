package evil

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/abi"
	"github.com/weir-stream/weir/host/engine"
)

// Run runs every attack on an engine, twice each, with a well-behaved neighbour beside them. open makes an engine; the suite
// closes it. Nothing else may run in the process meanwhile: what it holds is measured before and after.
func Run(t *testing.T, open func(t *testing.T) engine.Engine) {
	attacks, err := Attacks()
	if err != nil {
		t.Fatal(err)
	}
	e := open(t)
	n := settle(t, e)
	before := takeFootprint()
	for _, a := range attacks {
		t.Run(a.Name, func(t *testing.T) {
			for range 2 {
				a.test(t, e)
				n.work(t)
			}
		})
	}
	n.close(t)
	before.compare(t)
	runtime.KeepAlive(attacks) // or what they hold would be missing afterwards
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// patience is how long any attack may take: far longer than any takes, so that only one that is not stopped at all comes
// to it.
const patience = 2 * time.Minute

// test runs an attack once.
func (a Attack) test(t *testing.T, e engine.Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o, err := Try(ctx, e, a)
	if err != nil {
		t.Error(err)
	}
	if o.Call != a.Call || o.Code != a.Code {
		t.Errorf("%s: got %s %s (%s), want %s", a.Does, o.Call, o.Code, o.Text, a.Expect())
	}
}

// neighbour is another tenant's guest on the same engine; it answers each batch with the batch.
type neighbour struct {
	module   engine.Module
	instance *abi.Instance
}

const neighbourName = "neighbour"

// settle opens the neighbour and lets it work, so that whatever is made once is made.
func settle(t *testing.T, e engine.Engine) *neighbour {
	t.Helper()
	wasm, err := files.ReadFile("testdata/" + neighbourName + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	n := &neighbour{}
	if n.module, err = abi.Compile(t.Context(), e, nil, wasm, DefaultLimits.engine()); err != nil {
		t.Fatal(err)
	}
	if n.instance, err = abi.Open(t.Context(), n.module, abi.Config{Name: neighbourName, Input: input}); err != nil {
		t.Fatal(err)
	}
	n.work(t)
	return n
}

// work gives the neighbour a batch and compares what comes back.
func (n *neighbour) work(t *testing.T) {
	t.Helper()
	batch := makeBatch(memory.DefaultAllocator, "the neighbour's")
	defer batch.Release()
	result, err := n.instance.Process(t.Context(), batch, origin{})
	if err != nil {
		t.Fatalf("the neighbour failed: %v", err)
	}
	defer result.Release()
	if len(result.Emits) != 1 || !array.RecordEqual(result.Emits[0].Record, batch) {
		t.Fatalf("the neighbour answers %v", result.Emits)
	}
}

func (n *neighbour) close(t *testing.T) {
	t.Helper()
	if err := n.instance.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := n.module.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
