package admin_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
)

// connect starts a broker in this process and connects to it. A program that has a cluster needs the second half alone: without
// options, fluvio.Connect takes the one of the current profile.
func connect(ctx context.Context) (*fluvio.Client, func(), error) {
	dir, err := os.MkdirTemp("", "fluvio-example-")
	if err != nil {
		return nil, nil, err
	}
	b, err := broker.Open(broker.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(b.SC()))
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

// Topics are created once; a program that starts again finds its topic there.
func Example() {
	ctx := context.Background()
	client, closeAll, err := connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	a := admin.New(client)
	config := admin.TopicConfig{Partitions: 3, Retention: 24 * time.Hour, Compression: admin.Zstd}
	for range 2 {
		err = a.CreateTopic(ctx, "flights", config)
		fmt.Println("created:", err == nil, "exists:", errors.Is(err, admin.ErrTopicExists))
	}
	topics, err := a.Topics(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, topic := range topics {
		fmt.Println(topic.Name, topic.Partitions, topic.Status, topic.Config.Retention, topic.Config.Compression)
	}
	// Output:
	// created: true exists: false
	// created: false exists: true
	// flights 3 Provisioned 24h0m0s zstd
}

// What a cluster refuses says why, to people and to programs.
func ExampleError() {
	ctx := context.Background()
	client, closeAll, err := connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	err = admin.New(client).DeleteTopic(ctx, "consumer-offset")
	fmt.Println(errors.Is(err, admin.ErrSystemTopic))
	var refusal *admin.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Op, refusal.Name, int16(refusal.Code.Tag))
	}
	// Output:
	// true
	// delete topic consumer-offset 12001
}

// A watch first tells what there is, and then what changes.
func ExampleAdmin_WatchTopics() {
	ctx := context.Background()
	client, closeAll, err := connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	a := admin.New(client)
	for change, err := range a.WatchTopics(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v %q\n", change.Type, change.Object.Name)
		switch {
		case change.Type == admin.Current:
			err = a.CreateTopic(ctx, "flights", admin.TopicConfig{})
		case change.Type == admin.Put && change.Object.Name == "flights":
			err = a.DeleteTopic(ctx, "flights")
		case change.Type == admin.Deleted:
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// put "consumer-offset"
	// current ""
	// put "flights"
	// deleted "flights"
}
