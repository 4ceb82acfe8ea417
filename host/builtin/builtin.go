// Package builtin is the only place that names concrete connectors, formats and engines.
package builtin

import (
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

// Engine returns the default engine. cacheDir keeps compiled code between runs; empty: nothing is kept.
func Engine(cacheDir string) (engine.Engine, error) {
	return wazeroengine.New(wazeroengine.Config{CacheDir: cacheDir})
}
