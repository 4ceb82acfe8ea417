package broker

import (
	"fmt"
	"sync"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// Two hundred connections produce to two hundred partitions while as many consume them and some watch; every record arrives, in order.
func TestManyPartitionsAndConnections(t *testing.T) {
	const partitions, records = 200, 10
	b := start(t, Config{})
	create(t, b, "many", topicSpec(partitions/2))
	for i := range partitions / 2 {
		if i%20 == 0 {
			create(t, b, fmt.Sprint("some-", i), topicSpec(20))
		}
	}
	var all sync.WaitGroup
	for i := range partitions {
		topic, partition := "many", uint32(i)
		if i >= partitions/2 {
			topic, partition = fmt.Sprint("some-", (i-partitions/2)/20*20), uint32(i%20)
		}
		p, c := dial(t, b.SPU()), dial(t, b.SPU()).from(topic, partition, 0)
		all.Go(func() {
			for n := range records {
				p.mustProduce(topic, partition, batchOf(t, record.None, fmt.Sprint(i, ".", n)))
			}
		})
		all.Go(func() {
			for n, got := range c.values(records) {
				if want := fmt.Sprint(i, ".", n); got != want {
					t.Errorf("partition %s-%d, record %d: %q, want %q", topic, partition, n, got, want)
				}
			}
		})
	}
	for range 20 {
		w := dial(t, b.SC())
		all.Go(func() {
			m := w.decode(&protocol.WatchRequest{}, 19, w.receive(w.watchOf(protocol.KindPartition))).(*protocol.WatchResponse)
			if len(m.All) != partitions+1 {
				t.Errorf("%d partitions", len(m.All))
			}
		})
	}
	all.Wait()
	if s := b.Stats(); s.In.Records != partitions*records || s.Out.Records < partitions*records || s.SPU.Connections < 2*partitions {
		t.Errorf("in %+v, out %+v, %d connections", s.In, s.Out, s.SPU.Connections)
	}
}
