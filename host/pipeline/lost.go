package pipeline

import (
	"context"
	"errors"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

// toSkip is what a user can do whom retention has overtaken.
const toSkip = "set source.lost to 'skip' to go on with what is left"

// skipLost goes on behind what retention has taken before it was read, where the source's configuration says so. lost is how many
// offsets that are.
func skipLost(ctx context.Context, c *Config, source connector.Source, at *checkpoint.Checkpoint) (lost int64, changed bool, err error) {
	earliest, err := source.Earliest(ctx, at.Partition)
	if err != nil {
		return 0, false, err
	}
	if at.SeenAt != nil && *at.SeenAt < earliest { // what was seen is as good there, but for what is gone
		at.SeenAt, changed = &earliest, true
	}
	if at.Next >= earliest {
		return 0, changed, nil
	}
	lost = earliest - at.Next
	if !c.Source.Connector.SkipLost() {
		return 0, false, fault.Inputf("the checkpoint is at offset %d of topic %s partition %d, but the oldest record there is at %d: "+
			"retention took %d before they were read; %s", at.Next, at.Topic, at.Partition, earliest, lost, toSkip)
	}
	c.Log.Warn("records are lost: retention took them before they were read", "topic", at.Topic, "partition", at.Partition,
		"from", at.Next, "to", earliest, "records", lost)
	at.Next = earliest
	return lost, true, nil
}

// overtakenError says that retention has taken what a lane was to read next.
type overtakenError struct{ error }

func (e *overtakenError) Unwrap() error { return e.error }

// outOfRange says of a source that has not got the offset to read next what to do.
func outOfRange(gone *connector.OutOfRangeError) error {
	if gone.Offset < gone.Earliest {
		return &overtakenError{fault.Inputf("%w; %s", gone, toSkip)}
	}
	return fault.Inputf("%w If it was deleted and made again, %s", gone, toRead)
}

// skips tells whether a lane that ended with err is to go on with what the source has left.
func (c *Config) skips(err error) bool {
	var overtaken *overtakenError
	return errors.As(err, &overtaken) && c.Source.Connector.SkipLost()
}
