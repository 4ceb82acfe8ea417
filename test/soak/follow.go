package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// followCommand is the first argument of the process that consumes with stored offsets and is killed.
const followCommand = "follow"

// commitEach is after how many polls the process stores its offset: now and then, so that a kill finds records that were told and not stored.
const commitEach = 3

// follow consumes a partition with stored offsets until it is killed, or nobody listens any more. It prints a line for each record,
//
//	OFFSET PRODUCER PARTITION NUMBER
//
// and then one for each offset that it has stored:
//
//	stored NEXT
func follow(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet(followCommand, flag.ContinueOnError)
	endpoint := flags.String("endpoint", "", "SC of the broker")
	id := flags.String("id", "", "consumer id")
	topic := flags.String("topic", "", "topic")
	partition := flags.Uint("partition", 0, "partition")
	seed := flags.Uint64("seed", 0, "seed of the round")
	if err := flags.Parse(args); err != nil {
		return fault.InputError(err)
	}
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(*endpoint), fluvio.WithClientID("soak"))
	if err != nil {
		return err
	}
	defer client.Close()
	consumer, err := client.Consumer(ctx, *topic, uint32(*partition), fluvio.Beginning(), fluvio.WithConsumerID(*id), fluvio.WithMaxBytes(16<<10))
	if err != nil {
		return err
	}
	defer consumer.Close()
	lines := bufio.NewWriter(out)
	var scratch []byte
	for polls := 1; ; polls++ {
		records, err := consumer.Poll(ctx)
		if err != nil {
			return err
		}
		for i := range records {
			r, err := parseItem(records[i].Value, *seed, &scratch)
			if err != nil {
				return fmt.Errorf("offset %d: %w", records[i].Offset, err)
			}
			fmt.Fprintf(lines, "%d %d %d %d\n", records[i].Offset, r.producer, r.partition, r.number)
		}
		if err := lines.Flush(); err != nil { // told before it is stored: a kill in between repeats, and loses nothing
			return err
		}
		if polls%commitEach > 0 {
			continue
		}
		if err := consumer.Commit(ctx); err != nil {
			return err
		}
		fmt.Fprintf(lines, "stored %d\n", consumer.Position())
	}
}
