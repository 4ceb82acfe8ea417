// Package main creates a topic, unless it is there, gives it another partition, and lists what the cluster has.
//
// Run it against the cluster of the active profile (~/.fluvio/config), or against any other one:
//
//	weir broker --data /tmp/fluvio-example        # in another terminal, if there is no cluster
//	go run ./examples/fluvio/admin -endpoint 127.0.0.1:9003
//	go run ./examples/fluvio/admin -endpoint 127.0.0.1:9003 -delete
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

func main() {
	endpoint := flag.String("endpoint", "", "HOST:PORT of the cluster's SC; default: the active profile's")
	topic := flag.String("topic", "greetings", "name of the topic")
	remove := flag.Bool("delete", false, "delete the topic instead")
	flag.Parse()
	if err := run(context.Background(), *endpoint, *topic, *remove); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, endpoint, topic string, remove bool) error {
	var options []fluvio.Option
	if endpoint != "" {
		options = append(options, fluvio.WithEndpoint(endpoint))
	}
	client, err := fluvio.Connect(ctx, options...)
	if err != nil {
		return err
	}
	defer client.Close()
	a := admin.New(client)

	if remove {
		return a.DeleteTopic(ctx, topic)
	}
	err = a.CreateTopic(ctx, topic, admin.TopicConfig{Partitions: 2, Retention: 24 * time.Hour})
	switch {
	case errors.Is(err, admin.ErrTopicExists):
		fmt.Println(topic, "is there already")
	case err != nil:
		return err
	default:
		fmt.Println(topic, "created")
		if err := a.AddPartitions(ctx, topic, 1); err != nil {
			return err
		}
	}

	topics, err := a.Topics(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		fmt.Printf("topic %s: %d partitions, %s, kept for %v\n", t.Name, t.Partitions, t.Status, t.Config.Retention)
	}
	partitions, err := a.Partitions(ctx, topic)
	if err != nil {
		return err
	}
	for _, p := range partitions {
		fmt.Printf("partition %s-%d: %s\n", p.Topic, p.Partition, p.Status)
	}
	return nil
}
