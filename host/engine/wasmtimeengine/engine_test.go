package wasmtimeengine

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBank(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Engine { return open(t) })
}

func BenchmarkEngine(b *testing.B) {
	enginetest.Benchmark(b, func(b *testing.B) engine.Engine { return open(b) })
}

func open(t testing.TB) engine.Engine {
	t.Helper()
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return e
}
