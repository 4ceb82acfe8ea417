package evil

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func wazero(config wazeroengine.Config) func(*testing.T) engine.Engine {
	return func(t *testing.T) engine.Engine {
		e, err := wazeroengine.New(config)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func TestCompiler(t *testing.T)    { Run(t, wazero(wazeroengine.Config{})) }
func TestInterpreter(t *testing.T) { Run(t, wazero(wazeroengine.Config{Interpreter: true})) }
