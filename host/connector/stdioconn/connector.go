// Package stdioconn reads lines from standard input and writes lines to standard output, for trying things.
//
// Each line of the input is a record, whose offset is the number of lines before it. What has been read is gone: a pipeline
// cannot go on where it was, and only one can read. It stops at the end of the input. Any number of pipelines write to the output,
// whole lines. Dead letters go to standard error or standard output, as lines of JSON, see [lines.AppendLetter].
package stdioconn

import (
	"context"
	"fmt"
	"strings"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/lines"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// Connector is the connector named stdio.
type Connector struct{}

var _ connector.Connector = Connector{}

// What the streams are called: as the topic of what is read, and as the option bad_data.topic names them.
const (
	stdin  = "stdin"
	stdout = "stdout"
	stderr = "stderr"
)

// Name is stdio.
func (Connector) Name() string { return "stdio" }

// Roles are both.
func (Connector) Roles() []connector.Role {
	return []connector.Role{connector.RoleSource, connector.RoleSink}
}

// Metadata is what records of a topic have, so that a table can be tried with lines as it is: topic is stdin, partition 0,
// timestamp and key are null.
func (Connector) Metadata() []connector.Column { return lines.Metadata() }

// deliveries are those that a sink can have.
var deliveries = []connector.Delivery{connector.AtLeastOnce, connector.AtMostOnce}

// Describe lists the options.
func (Connector) Describe() connector.Description {
	return connector.Description{
		Summary: "lines of standard input and standard output, for trying things", Deliveries: deliveries,
		Source: lines.SourceOptions,
		Sink:   append([]option.Spec{connector.DeliverySpec(deliveries)}, lines.SinkOptions...),
	}
}

// Configure takes the options of Describe.
func (Connector) Configure(role connector.Role, options *option.Bag) (connector.Config, error) {
	if role == connector.RoleSource {
		return &config{role: role, name: stdin, lines: lines.FromOptions(options)}, options.Err()
	}
	c := &config{role: role, name: stdout, delivery: connector.DeliveryOption(options)}
	if c.delivery == connector.ExactlyOnce {
		options.Reject("delivery", "'at_least_once' or 'at_most_once', as "+noSequences)
	}
	c.lines = lines.SinkFromOptions(options)
	return c, options.Err()
}

// noSequences is why there is no exactly once.
const noSequences = "a stream of lines cannot carry producer sequences, nor be read again after a crash"

// config is a checked table, or dead letters.
type config struct {
	role  connector.Role
	name  string // of the stream
	lines lines.Config

	delivery connector.Delivery // sinks
	letters  bool               // records are dead letters
}

// Finite tells that the input has an end.
func (c *config) Finite() bool { return c.role == connector.RoleSource }

func (c *config) Role() connector.Role         { return c.role }
func (c *config) Delivery() connector.Delivery { return c.delivery }
func (c *config) SkipLost() bool               { return false }

func (c *config) Describe() string {
	if c.role == connector.RoleSource {
		return "stdio source " + stdin
	}
	return fmt.Sprintf("stdio sink %s, %s", c.name, strings.ReplaceAll(c.delivery.String(), "_", " "))
}

// DeadLetters is one of the two output streams.
func (c *config) DeadLetters(name string, d connector.Delivery) (connector.Config, error) {
	if d == connector.ExactlyOnce {
		return nil, fault.Inputf("want no dead letters beside connector 'stdio' where a sink has delivery = 'exactly_once', as " + noSequences)
	}
	if name != stdout && name != stderr {
		return nil, fault.Inputf("want 'stderr' or 'stdout', where a table of connector 'stdio' has its dead letters")
	}
	return &config{role: connector.RoleSink, name: name, delivery: d, letters: true}, nil
}

// Place is the stream.
func (c *config) Place(connector.Env) string { return "stream " + c.name }

func (c *config) OpenSource(_ context.Context, env connector.Env) (connector.Source, error) {
	if c.role != connector.RoleSource {
		return nil, fmt.Errorf("%s: the table is a sink", c.name)
	}
	if env.Streams == nil {
		return nil, errNoStreams
	}
	in := env.Streams.TakeIn()
	if in == nil {
		return nil, fault.Inputf("standard input is read by another pipeline already: only one can read it")
	}
	return &source{config: c, in: in}, nil
}

// errNoStreams is about a command in which the streams are its own.
var errNoStreams = fault.Inputf("connector 'stdio' reads and writes for weir run and weir connector test alone")

func (c *config) OpenSink(_ context.Context, env connector.Env) (connector.Sink, error) {
	if c.role != connector.RoleSink {
		return nil, fmt.Errorf("%s: the table is a source", c.name)
	}
	if env.Streams == nil {
		return nil, errNoStreams
	}
	if c.name == stderr {
		return sink{c, env.Streams.WriteErr}, nil
	}
	return sink{c, env.Streams.WriteOut}, nil
}
