// Package builtin is the only place that names concrete connectors, formats and engines.
package builtin

import (
	"log/slog"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/fluvioconn"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/option"
)

// Connectors returns every connector.
func Connectors() connector.Registry {
	return connector.Registry{"fluvio": fluvioconn.Connector{}}
}

// Formats returns every format.
func Formats() format.Registry {
	return format.Registry{
		"json": func(bag *option.Bag) format.Format { return jsonformat.New(jsonformat.FromOptions(bag)) },
	}
}

// Engine returns the default engine. cacheDir keeps compiled code between runs; empty: nothing is kept. A folder that can't
// be used only costs time: log is told, and nothing is kept.
func Engine(cacheDir string, log *slog.Logger) (engine.Engine, error) {
	e, err := wazeroengine.New(wazeroengine.Config{CacheDir: cacheDir, Logger: log})
	if err != nil && cacheDir != "" {
		log.Warn("compiled modules are not kept", "folder", cacheDir, "reason", err)
		return wazeroengine.New(wazeroengine.Config{Logger: log})
	}
	return e, err
}
