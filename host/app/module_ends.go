package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

const (
	localName   = "local"
	localOutput = "output" // the option of a sink that names the module's output
)

// localEnds is the connector of a rig: its source is the lines of a file, its sinks are functions. Both are those of the run
// at hand.
type localEnds struct{ run *rigRun }

var _ connector.Connector = (*localEnds)(nil)

func (l *localEnds) Name() string { return localName }

func (l *localEnds) Roles() []connector.Role {
	return []connector.Role{connector.RoleSource, connector.RoleSink}
}

// Metadata is what Fluvio's records have, so that a table's columns can be taken over as they are. Lines have no key and no
// time.
func (l *localEnds) Metadata() []connector.Column {
	return []connector.Column{
		{Name: "offset", Types: []string{"BIGINT"}}, {Name: "partition", Types: []string{"INT"}}, {Name: "topic", Types: []string{"TEXT"}},
		{Name: "timestamp", Types: []string{"TIMESTAMP(3)", "TIMESTAMP", "BIGINT"}}, {Name: "key", Types: []string{"TEXT"}}, {Name: "frame", Types: []string{"INT"}},
	}
}

func (l *localEnds) Describe() connector.Description {
	return connector.Description{Summary: "lines of a file, and functions"} // it is in no list
}

func (l *localEnds) Configure(role connector.Role, options *option.Bag) (connector.Config, error) {
	c := &localEnd{localEnds: l, role: role}
	if role == connector.RoleSink {
		c.output = options.String(localOutput, "")
	}
	return c, options.Err()
}

// localEnd is the input, an output, or what was rejected.
type localEnd struct {
	*localEnds
	role    connector.Role
	output  string
	letters bool
}

func (c *localEnd) Role() connector.Role         { return c.role }
func (c *localEnd) Delivery() connector.Delivery { return connector.AtLeastOnce }
func (c *localEnd) SkipLost() bool               { return false }

func (c *localEnd) Describe() string { return localName + " " + c.role.String() }

func (c *localEnd) DeadLetters(string, connector.Delivery) (connector.Config, error) {
	return &localEnd{localEnds: c.localEnds, role: connector.RoleSink, letters: true}, nil
}

// Place has only what is read apart from what is written: nothing comes back.
func (c *localEnd) Place(connector.Env) string {
	return fmt.Sprint(c.role, " ", c.output, " ", c.letters)
}

func (c *localEnd) OpenSource(context.Context, connector.Env) (connector.Source, error) {
	return localSource{c.run.input}, nil
}

func (c *localEnd) OpenSink(context.Context, connector.Env) (connector.Sink, error) {
	return localSink{c}, nil
}

// localSource is one partition, the lines of a file.
type localSource struct{ input *lineReader }

// Same is nil: nobody makes them again.
func (localSource) Same() error { return nil }

func (s localSource) Topic() string                                   { return rigInput }
func (s localSource) Partitions() []uint32                            { return []uint32{0} }
func (s localSource) Start(context.Context, uint32) (int64, error)    { return 0, nil }
func (s localSource) Earliest(context.Context, uint32) (int64, error) { return 0, nil }
func (s localSource) End(context.Context, uint32) (int64, error)      { return 0, nil }
func (s localSource) Close() error                                    { return nil }

func (s localSource) Open(context.Context, uint32, int64, int64, []connector.SeenWriter) (connector.Reader, error) {
	return s.input, nil
}

// localSink is an output, or the rejected rows. It writes as it is told.
type localSink struct{ *localEnd }

// Same is nil.
func (localSink) Same() error { return nil }

func (s localSink) Partitions() int                            { return 1 }
func (s localSink) PartitionOf([]byte, int) uint32             { return 0 }
func (s localSink) End(context.Context, uint32) (int64, error) { return 0, nil }
func (s localSink) Lost() int64                                { return 0 }
func (s localSink) Close() error                               { return nil }

func (s localSink) ExactlyOnce(context.Context) error {
	return fault.Inputf("what a module makes here is kept nowhere")
}

func (s localSink) Open(context.Context, string, *connector.Sequence) (connector.Writer, error) {
	return s, nil
}

func (s localSink) Flush(context.Context) error {
	if s.run.flush == nil {
		return nil
	}
	return s.run.flush()
}

func (s localSink) SequenceEnd(_ context.Context, _ uint32, _, ordinal, from int64) (int64, int64, error) {
	return ordinal, from, nil
}

func (s localSink) Write(_ context.Context, _ uint32, m connector.Message) error {
	if !s.letters {
		return s.run.row(s.output, m.Value)
	}
	var l deadletter.Letter
	if err := json.Unmarshal(m.Key, &l); err != nil {
		return fmt.Errorf("a dead letter's key: %w", err)
	}
	return s.run.reject(&l)
}
