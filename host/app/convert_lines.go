package app

import (
	"context"
	"io"
	"math"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
)

// lineEnds is the connector of a conversion: its source is a stream of lines as connector stdio reads them, its sinks are functions.
type lineEnds struct {
	*localEnds
	in io.Reader
}

func (l *lineEnds) Configure(role connector.Role, options *option.Bag) (connector.Config, error) {
	if role == connector.RoleSink {
		return l.localEnds.Configure(role, options)
	}
	stdio := builtin.Connectors()["stdio"]
	c, err := stdio.Configure(role, options)
	return &lineEnd{Config: c, ends: l}, err
}

// lineEnd is the source.
type lineEnd struct {
	connector.Config
	ends *lineEnds
}

// DeadLetters are a function's.
func (c *lineEnd) DeadLetters(string, connector.Delivery) (connector.Config, error) {
	return &localEnd{localEnds: c.ends.localEnds, role: connector.RoleSink, letters: true}, nil
}

func (c *lineEnd) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	env.Streams = &Streams{In: c.ends.in}
	s, err := c.Config.OpenSource(ctx, env)
	return lineSource{s}, err
}

// lineSource has the topic that records of a rig have.
type lineSource struct{ connector.Source }

func (lineSource) Topic() string { return rigInput }

// openRows opens the lines for a reader of them, whose Read says io.EOF behind the last.
func (c *lineEnd) openRows(ctx context.Context) (connector.Reader, error) {
	s, err := c.OpenSource(ctx, connector.Env{})
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, 0, 0, math.MaxInt64, nil)
}
