package command

import (
	"errors"
	"time"

	"github.com/spf13/pflag"

	"github.com/weir-stream/weir/fluvio/broker"
)

// flushFlag is a flag that says when a broker forces records to the disk: none, each, or how often.
type flushFlag struct {
	policy *broker.Flush
	every  *time.Duration
}

var _ pflag.Value = flushFlag{}

func (f flushFlag) String() string {
	switch {
	case f.policy == nil || *f.policy == broker.FlushNone:
		return "none"
	case *f.policy == broker.FlushEach:
		return "each"
	}
	return f.every.String()
}

func (f flushFlag) Type() string { return "none|each|INTERVAL" }

func (f flushFlag) Set(text string) error {
	*f.every = 0
	switch text {
	case "none":
		*f.policy = broker.FlushNone
		return nil
	case "each":
		*f.policy = broker.FlushEach
		return nil
	}
	every, ok := parseSpan(text)
	if !ok || every < time.Millisecond {
		return errors.New("want none, each or an interval of at least 1ms, such as 500ms")
	}
	*f.policy, *f.every = broker.FlushInterval, every
	return nil
}
