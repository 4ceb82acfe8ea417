package builtin

import (
	"log/slog"
	"maps"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
)

// OpenEngine opens an engine. cacheDir and log are as for Engine; an engine that makes no machine code keeps none.
type OpenEngine func(cacheDir string, log *slog.Logger) (engine.Engine, error)

// added are the engines of AddEngine.
var added = map[string]OpenEngine{}

// AddEngine adds an engine to those of this build. It is for a main of its own, with an engine that the ordinary binary is
// better without, to call before anything else.
func AddEngine(name string, open OpenEngine) { added[name] = open }

// Engines returns what opens each engine of this build, by the engine's name.
func Engines() map[string]OpenEngine {
	engines := map[string]OpenEngine{
		"wazero": Engine,
		"interpreter": func(_ string, log *slog.Logger) (engine.Engine, error) {
			return wazeroengine.New(wazeroengine.Config{Interpreter: true, Logger: log})
		},
	}
	maps.Copy(engines, added)
	return engines
}
