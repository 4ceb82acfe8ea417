// Package main sends greetings to a topic and prints where each one was written.
//
//	go run ./examples/fluvio/produce -endpoint 127.0.0.1:9003 ann bob carol
//
// The name is the key: all greetings for one name are in one partition, in order. The topic is made by ./examples/fluvio/admin.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/weir-stream/weir/fluvio"
)

func main() {
	endpoint := flag.String("endpoint", "", "HOST:PORT of the cluster's SC; default: the active profile's")
	topic := flag.String("topic", "greetings", "name of the topic")
	flag.Parse()
	if err := run(context.Background(), *endpoint, *topic, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, endpoint, topic string, names []string) error {
	var options []fluvio.Option
	if endpoint != "" {
		options = append(options, fluvio.WithEndpoint(endpoint))
	}
	client, err := fluvio.Connect(ctx, options...)
	if err != nil {
		return err
	}
	defer client.Close()
	// With a sequence no record is written twice, whatever happens to connections and servers while this runs.
	producer, err := client.Producer(ctx, topic, fluvio.WithCompression(fluvio.Zstd), fluvio.WithSequence(fluvio.NewWriterID()))
	if err != nil {
		return err
	}
	// Send does not wait for the cluster: the records go out together.
	sent := make([]*fluvio.Future, len(names))
	for i, name := range names {
		r := fluvio.Record{Key: []byte(name), Value: fmt.Appendf(nil, "hello %s", name)}
		if sent[i], err = producer.Send(ctx, r); err != nil {
			return err
		}
	}
	for i, name := range names {
		at, err := sent[i].Wait(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("hello %s: partition %d, offset %d\n", name, at.Partition, at.Offset)
	}
	return producer.Close(ctx)
}
