package fluvio_test

import (
	"context"
	"fmt"

	"github.com/weir-stream/weir/fluvio"
)

func ExampleProducer_Send() {
	ctx := context.Background()
	client, err := fluvio.Connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	producer, err := client.Producer(ctx, "flights")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer producer.Close(ctx)
	future, err := producer.Send(ctx, fluvio.Record{Key: []byte("UA"), Value: []byte("late")})
	if err != nil { // it was not accepted
		fmt.Println(err)
		return
	}
	at, err := future.Wait(ctx)
	if err != nil { // a *fluvio.ProduceError about this record
		fmt.Println(err)
		return
	}
	fmt.Println("partition", at.Partition, "offset", at.Offset)
}

// A copy that can be stopped at any moment and goes on where it was. The record of ordinal n is always line n.
func ExampleWithSequence() {
	ctx := context.Background()
	client, err := fluvio.Connect(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	var ( // kept in a file, written before the first record is sent
		writer = fluvio.NewWriterID()
		start  int64 // where the partition ended then, see Client.Offsets
	)
	next, _, err := client.SequenceEnd(ctx, "flights", 0, writer, 0, start)
	if err != nil {
		fmt.Println(err)
		return
	}
	producer, err := client.Producer(ctx, "flights", fluvio.WithSequence(writer, next))
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := []string{"first", "second", "third"}
	for _, line := range lines[next:] { // those before are in the log
		if err := producer.ProduceTo(ctx, 0, fluvio.Record{Value: []byte(line)}); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := producer.Close(ctx); err != nil {
		fmt.Println(err)
	}
}
