// Package fileconn reads and writes files, for trying things and for tests without a broker.
//
// A file that is read is one partition, numbered 0. By default each line is a record, and its offset is the position of its
// first byte; a file that grows is followed, line by line, where the run does not stop at the end. With file.records =
// 'whole' the file is one record, at offset 0, which framing cuts, and the pipeline stops behind it.
//
// A source asks for lines that are not changed once they are written: a checkpoint finds its place by the position, and
// refuses a file in which the line it has read is another one. The file must not be replaced either while it is read.
//
// A sink appends a line for each record and never takes anything away; Flush syncs the file. To begin anew, remove it. After
// a crash a line may be there that was cut, or lines that are written again: a file cannot carry producer sequences, so there
// is no exactly_once. Dead letters are lines of JSON, see [lines.AppendLetter].
package fileconn

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// Connector is the connector named file.
type Connector struct{}

var _ connector.Connector = Connector{}

// Name is file.
func (Connector) Name() string { return "file" }

// Roles are both.
func (Connector) Roles() []connector.Role {
	return []connector.Role{connector.RoleSource, connector.RoleSink}
}

// Metadata is what records of a topic have, so that a table can be tried with a file as it is: topic is the path, partition 0,
// timestamp and key are null.
func (Connector) Metadata() []connector.Column { return lines.Metadata() }

// deliveries are those that a sink can have.
var deliveries = []connector.Delivery{connector.AtLeastOnce, connector.AtMostOnce}

const (
	defaultWhole = 64 << 20 // of file.max_length, in bytes
	offsetKey    = "source.offset"
	recordsKey   = "file.records"
	maxKey       = "file.max_length"
)

// Describe lists the options.
func (Connector) Describe() connector.Description {
	path := option.Spec{Key: "path", Type: option.Text, Required: true, Help: "the file; a relative path begins at the folder of the file that names it"}
	source := []option.Spec{
		path,
		{Key: offsetKey, Type: option.Word, Values: []string{"earliest", "latest"}, Default: "earliest", Help: "where a pipeline without a checkpoint begins"},
		{Key: recordsKey, Type: option.Word, Values: []string{"lines", "whole"}, Default: "lines", Help: "what a record is: a line, or the whole file, which framing cuts"},
		{Key: maxKey, Type: option.Size, Default: "64MB", Help: "bytes of a whole file at most; a larger one stops the pipeline"},
	}
	return connector.Description{
		Summary: "lines of a file, for trying things and for tests", Deliveries: deliveries,
		Source: append(source, lines.SourceOptions...),
		Sink:   append([]option.Spec{path, connector.DeliverySpec(deliveries)}, lines.SinkOptions...),
	}
}

// Configure takes the options of Describe.
func (Connector) Configure(role connector.Role, options *option.Bag) (connector.Config, error) {
	c := &config{role: role}
	if v, ok := options.Peek("path"); ok {
		c.folder = filepath.Dir(v.Pos.File)
	}
	c.name = options.Required("path")
	c.path = c.beside(c.name)
	if role == connector.RoleSink {
		c.delivery = connector.DeliveryOption(options)
		if c.delivery == connector.ExactlyOnce {
			options.Reject("delivery", "'at_least_once' or 'at_most_once', as "+noSequences)
		}
		c.lines = lines.SinkFromOptions(options)
		return c, options.Err()
	}
	c.latest = options.Enum(offsetKey, "earliest", "earliest", "latest") == "latest"
	if c.whole = options.Enum(recordsKey, "lines", "lines", "whole") == "whole"; !c.whole {
		c.lines = lines.FromOptions(options)
		return c, options.Err()
	}
	most := options.Size(maxKey, defaultWhole)
	if most < 1 || most > 2<<30 {
		options.Reject(maxKey, "a size from 1 byte to 2GB")
	}
	c.most = min(most, math.MaxInt32)
	return c, options.Err()
}

// noSequences is why there is no exactly once.
const noSequences = "a file cannot carry producer sequences, which tell after a crash what is there"

// config is a checked table, or dead letters.
type config struct {
	role   connector.Role
	name   string // the path as the table has it
	path   string // where it leads
	folder string // that relative paths begin at

	lines  lines.Config
	latest bool  // sources
	whole  bool  // sources: the file is one record
	most   int64 // bytes of that

	delivery connector.Delivery // sinks
	letters  bool               // records are dead letters
}

// beside is a path of the file that the table is in.
func (c *config) beside(path string) string {
	if filepath.IsAbs(path) || path == "" {
		return path
	}
	return filepath.Join(c.folder, path)
}

// Finite tells that the file is one record.
func (c *config) Finite() bool { return c.whole }

func (c *config) Role() connector.Role         { return c.role }
func (c *config) Delivery() connector.Delivery { return c.delivery }
func (c *config) SkipLost() bool               { return false }

func (c *config) Describe() string {
	switch {
	case c.role == connector.RoleSink:
		return fmt.Sprintf("file sink %s, %s", c.name, strings.ReplaceAll(c.delivery.String(), "_", " "))
	case c.whole:
		return fmt.Sprintf("file source %s, whole", c.name)
	case c.latest:
		return fmt.Sprintf("file source %s, lines from the latest", c.name)
	}
	return fmt.Sprintf("file source %s, lines from the earliest", c.name)
}

// DeadLetters is another file, which the name is the path of.
func (c *config) DeadLetters(path string, d connector.Delivery) (connector.Config, error) {
	if d == connector.ExactlyOnce {
		return nil, fault.Inputf("want no dead letters in a file where a sink has delivery = 'exactly_once', as " + noSequences)
	}
	return &config{
		role: connector.RoleSink, name: path, path: c.beside(path), folder: c.folder, delivery: d, letters: true,
	}, nil
}

// Place is the file, by its absolute path. What links lead to is not in it.
func (c *config) Place(connector.Env) string {
	absolute, err := filepath.Abs(c.path)
	if err != nil { // there is no working folder
		absolute = c.path
	}
	return "file " + absolute
}

func (c *config) OpenSource(_ context.Context, _ connector.Env) (connector.Source, error) {
	if c.role != connector.RoleSource {
		return nil, fmt.Errorf("file %s: the table is a sink", c.name)
	}
	return openSource(c)
}

func (c *config) OpenSink(_ context.Context, _ connector.Env) (connector.Sink, error) {
	if c.role != connector.RoleSink {
		return nil, fmt.Errorf("file %s: the table is a source", c.name)
	}
	return openSink(c)
}
