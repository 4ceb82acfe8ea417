// Package main prints the greetings that have come since it ran last: the cluster keeps how far it has come.
//
//	go run ./examples/fluvio/consume -endpoint 127.0.0.1:9003            # what is new, then it ends
//	go run ./examples/fluvio/consume -endpoint 127.0.0.1:9003 -follow    # and what comes, until it is interrupted
//
// Another -id is another consumer, with offsets of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/weir-stream/weir/fluvio"
)

func main() {
	endpoint := flag.String("endpoint", "", "HOST:PORT of the cluster's SC; default: the active profile's")
	topic := flag.String("topic", "greetings", "name of the topic")
	id := flag.String("id", "greeter", "name under which the cluster keeps the offsets")
	follow := flag.Bool("follow", false, "wait for more at the end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *topic, *id, *follow); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, endpoint, topic, id string, follow bool) error {
	var options []fluvio.Option
	if endpoint != "" {
		options = append(options, fluvio.WithEndpoint(endpoint))
	}
	client, err := fluvio.Connect(ctx, options...)
	if err != nil {
		return err
	}
	defer client.Close()
	how := []fluvio.ConsumerOption{fluvio.WithConsumerID(id)}
	if !follow {
		how = append(how, fluvio.WithUntilEnd())
	}
	// Where nothing is stored yet it begins at the first record, else behind the last one that was processed.
	consumer, err := client.TopicConsumer(ctx, topic, fluvio.Beginning(), how...)
	if err != nil {
		return err
	}
	defer consumer.Close()
	for {
		partition, records, err := consumer.Poll(ctx)
		if err == io.EOF || errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range records {
			fmt.Printf("partition %d, offset %d: %s\n", partition, r.Offset, r.Value)
		}
		// Committed after it was printed: if this process dies in between, these records come again; none is missed.
		if err := consumer.Commit(ctx); err != nil {
			return err
		}
	}
}
