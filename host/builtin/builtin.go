// Package builtin is the only place that names concrete connectors, formats and engines.
package builtin

import (
	"log/slog"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/fileconn"
	"github.com/weir-stream/weir/host/connector/fluvioconn"
	"github.com/weir-stream/weir/host/connector/stdioconn"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/avroformat"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/format/rawformat"
	"github.com/weir-stream/weir/host/option"
)

// Connectors returns every connector.
func Connectors() connector.Registry {
	return connector.Registry{
		"fluvio": fluvioconn.Connector{}, "file": fileconn.Connector{}, "stdio": stdioconn.Connector{},
	}
}

// Formats returns every format.
func Formats() format.Registry {
	return format.Registry{
		"json":          func(bag *option.Bag) format.Format { return jsonformat.New(jsonformat.FromOptions(bag)) },
		"debezium_json": func(bag *option.Bag) format.Format { return jsonformat.New(jsonformat.DebeziumFromOptions(bag)) },
		"avro":          avroformat.Factory,
		"protobuf":      func(bag *option.Bag) format.Format { return protoformat.New(protoformat.FromOptions(bag)) },
		"raw_string":    func(*option.Bag) format.Format { return rawformat.String() },
		"raw_bytes":     func(*option.Bag) format.Format { return rawformat.Bytes() },
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
