package wasmtimeengine

import (
	"testing"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/test/evil"
)

// TestEvil runs the attacks. The codes are those of wazero's engines, and so is what is left behind.
func TestEvil(t *testing.T) { evil.Run(t, func(t *testing.T) engine.Engine { return open(t) }) }
