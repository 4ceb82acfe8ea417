package app

import (
	"context"
	"strconv"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// shownConsumer is a stored offset as JSON.
type shownConsumer struct {
	Consumer  string    `json:"consumer"`
	Topic     string    `json:"topic"`
	Partition uint32    `json:"partition"`
	Offset    int64     `json:"offset"` // of the last record that was processed
	Modified  time.Time `json:"modified"`
}

func showConsumer(o fluvio.ConsumerOffset) shownConsumer {
	return shownConsumer{o.ID, o.Topic, o.Partition, o.Offset, o.Modified.UTC()}
}

var consumerColumns = []column[shownConsumer]{
	{"CONSUMER", func(c shownConsumer) string { return c.Consumer }},
	{"TOPIC", func(c shownConsumer) string { return c.Topic }},
	{"PARTITION", func(c shownConsumer) string { return strconv.FormatUint(uint64(c.Partition), 10) }},
	{"OFFSET", func(c shownConsumer) string { return strconv.FormatInt(c.Offset, 10) }},
	{"MODIFIED", func(c shownConsumer) string { return c.Modified.Format(time.RFC3339) }},
}

// ListConsumers lists the offsets that consumers have stored.
func ListConsumers(ctx context.Context, c Cluster, out Output) error {
	return c.withClient(ctx, func(client *fluvio.Client) error {
		offsets, err := client.ConsumerOffsets(ctx, fluvio.ConsumerOffsetFilter{})
		if err != nil {
			return err
		}
		return printList(out, shown(offsets, showConsumer), consumerColumns)
	})
}

// DeleteConsumers forgets offsets that a consumer has stored: all, those of a topic, or that of one partition. That there are none is
// an error.
func DeleteConsumers(ctx context.Context, c Cluster, filter fluvio.ConsumerOffsetFilter, out Output) error {
	return c.withClient(ctx, func(client *fluvio.Client) error {
		offsets, err := client.ConsumerOffsets(ctx, filter)
		if err != nil {
			return err
		}
		if len(offsets) == 0 {
			return fault.Inputf("consumer '%s' has stored no such offset; 'weir consumer list' shows those there are", filter.ID)
		}
		for _, o := range offsets {
			if err := client.DeleteConsumerOffset(ctx, o.ID, o.Topic, o.Partition); err != nil {
				return err
			}
			err := out.print(map[string]any{"consumer": o.ID, "topic": o.Topic, "partition": o.Partition, "deleted": true},
				"consumer %s of topic %s partition %d deleted", o.ID, o.Topic, o.Partition)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
