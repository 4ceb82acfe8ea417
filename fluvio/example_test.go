package fluvio_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
)

// connectTo starts a broker in this process, makes a topic of so many partitions, and connects. A program that has a cluster needs
// fluvio.Connect alone: without options, it takes the cluster of the current profile.
func connectTo(ctx context.Context, topic string, partitions uint32) (*fluvio.Client, func(), error) {
	dir, err := os.MkdirTemp("", "fluvio-example-")
	if err != nil {
		return nil, nil, err
	}
	b, err := broker.Open(broker.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(b.SC()))
	if err == nil {
		err = admin.New(client).CreateTopic(ctx, topic, admin.TopicConfig{Partitions: partitions})
	}
	closeAll := func() {
		if client != nil {
			client.Close()
		}
		b.Close(ctx)
		os.RemoveAll(dir)
	}
	if err != nil {
		closeAll()
	}
	return client, closeAll, err
}

// Records are written in batches; Flush returns when all are acknowledged. A consumer reads one partition from an offset on.
func Example() {
	ctx := context.Background()
	client, closeAll, err := connectTo(ctx, "greetings", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	producer, err := client.Producer(ctx, "greetings")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"ann", "bob", "carol"} {
		err := producer.Produce(ctx, fluvio.Record{Key: []byte(name), Value: []byte("hello " + name)})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := producer.Close(ctx); err != nil { // flushes
		fmt.Println(err)
		return
	}

	consumer, err := client.Consumer(ctx, "greetings", 0, fluvio.Beginning(), fluvio.WithUntilEnd())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer consumer.Close()
	for r, err := range consumer.Records(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d: %s for %s\n", r.Offset, r.Value, r.Key)
	}
	// Output:
	// 0: hello ann for ann
	// 1: hello bob for bob
	// 2: hello carol for carol
}

// A future tells where a record was written.
func ExampleFuture() {
	ctx := context.Background()
	client, closeAll, err := connectTo(ctx, "greetings", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	producer, err := client.Producer(ctx, "greetings")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer producer.Close(ctx)
	for range 2 {
		future, err := producer.Send(ctx, fluvio.Record{Value: []byte("hello")})
		if err != nil {
			fmt.Println(err)
			return
		}
		at, err := future.Wait(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("partition", at.Partition, "offset", at.Offset)
	}
	// Output:
	// partition 0 offset 0
	// partition 0 offset 1
}

// A consumer with an id begins behind what it, or another one with that id, has committed.
func ExampleTopicConsumer_Commit() {
	ctx := context.Background()
	client, closeAll, err := connectTo(ctx, "greetings", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	producer, err := client.Producer(ctx, "greetings")
	if err != nil {
		fmt.Println(err)
		return
	}
	read := func() error {
		consumer, err := client.TopicConsumer(ctx, "greetings", fluvio.Beginning(), fluvio.WithConsumerID("greeter"), fluvio.WithUntilEnd())
		if err != nil {
			return err
		}
		defer consumer.Close()
		for r, err := range consumer.Records(ctx) {
			if err != nil {
				return err
			}
			fmt.Printf("partition %d: %s\n", r.Partition, r.Value)
		}
		return consumer.Commit(ctx)
	}
	for _, greeting := range []string{"hello", "hello again"} {
		err := producer.Produce(ctx, fluvio.Record{Value: []byte(greeting)})
		if err == nil {
			err = producer.Flush(ctx)
		}
		if err == nil {
			err = read()
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// partition 0: hello
	// partition 0: hello again
}

// An offset that is not there is an error which says what is.
func ExampleOffsetOutOfRangeError() {
	ctx := context.Background()
	client, closeAll, err := connectTo(ctx, "greetings", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	consumer, err := client.Consumer(ctx, "greetings", 0, fluvio.At(100))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer consumer.Close()
	_, err = consumer.Poll(ctx)
	var outside *fluvio.OffsetOutOfRangeError
	if errors.As(err, &outside) {
		fmt.Println("wanted", outside.Offset, "of", outside.Earliest, "to", outside.Next)
	}
	// Output:
	// wanted 100 of 0 to 0
}

// PartitionForKey tells in which partition the records with a key are, as official clients choose it.
func ExamplePartitionForKey() {
	for _, key := range []string{"ann", "bob", "carol"} {
		fmt.Println(key, fluvio.PartitionForKey([]byte(key), 10))
	}
	// Output:
	// ann 7
	// bob 4
	// carol 5
}
