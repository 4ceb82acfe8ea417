package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
)

// kills is how often a process is killed while it works.
const kills = 10

// TestAcknowledgedRecordsSurviveKillsOfTheBroker kills the broker under a producer. Every record whose acknowledgement came
// must be there afterwards, in order; what was in flight may be there twice, since a producer at least once sends again.
func TestAcknowledgedRecordsSurviveKillsOfTheBroker(t *testing.T) {
	t.Parallel()
	const partitions, records = 2, 60_000
	c := startBroker(t)
	c.topic(t, "t", partitions)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(c.sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var mu sync.Mutex
	acknowledged := make([]int64, partitions)
	producer, err := client.Producer(ctx, "t", fluvio.WithBatchSize(4096), fluvio.WithMaxBuffered(256<<10), fluvio.WithMaxRequestSize(64<<10), fluvio.WithOnDelivery(func(d fluvio.Delivery) {
		mu.Lock()
		defer mu.Unlock()
		if d.Err == nil {
			acknowledged[d.Partition] = max(acknowledged[d.Partition], d.First+int64(d.Records))
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		for i := range records {
			// Half a millisecond every few records, so that the kills find the producer at work.
			if i%50 == 0 {
				time.Sleep(500 * time.Microsecond)
			}
			if err := producer.ProduceTo(ctx, uint32(i%partitions), fluvio.Record{Value: fmt.Appendf(nil, "%d", i/partitions)}); err != nil {
				sent <- err
				return
			}
		}
		sent <- producer.Flush(ctx)
	}()
	for range kills {
		time.Sleep(time.Duration(20+rand.IntN(80)) * time.Millisecond)
		c.kill()
		mu.Lock()
		before := slices.Clone(acknowledged)
		mu.Unlock()
		c.start(t)
		for p, n := range before {
			checkAscending(t, c, uint32(p), n)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if err := producer.Close(ctx); err != nil {
		t.Error(err)
	}
	for p := range partitions {
		checkAscending(t, c, uint32(p), records/partitions)
	}
}

// checkAscending checks that a partition holds the numbers below n, the first appearance of each in order.
func checkAscending(t *testing.T, c *cluster, partition uint32, n int64) {
	t.Helper()
	next := int64(0)
	for _, line := range c.consume(t, "t", "--partition", fmt.Sprint(partition)) {
		number, err := strconv.ParseInt(line, 10, 64)
		if err != nil || number > next {
			t.Fatalf("partition %d: %q where at most %d is due", partition, line, next)
		}
		if number == next {
			next++
		}
	}
	if next < n {
		t.Fatalf("partition %d: %d records, %d were acknowledged", partition, next, n)
	}
}

// TestKillsOfWeirRunLoseNothing kills the pipeline again and again; the last run ends by itself.
func TestKillsOfWeirRunLoseNothing(t *testing.T) {
	t.Parallel()
	records := flights(t, 60_000)
	c := startBroker(t)
	c.topic(t, "flights", 2)
	c.topic(t, "late", 3)
	must(t, strings.NewReader(strings.Join(records, "\n")), "produce", "flights", "--endpoint", c.sc)
	sql := file(t, "late.sql", pipelineSQL("", "", ""))
	state := t.TempDir()
	for range kills {
		p := start(t, nil, "run", sql, "--state", state, "--endpoint", c.sc, "--checkpoint-interval", "5ms")
		time.Sleep(time.Duration(60+rand.IntN(140)) * time.Millisecond)
		p.kill()
	}
	c.run(t, sql, "--state", state)
	got := map[string]int{}
	for _, row := range c.consume(t, "late") {
		got[row]++
	}
	for _, row := range lateRows(t, records) {
		if got[row] == 0 {
			t.Fatalf("lost: %s", row)
		}
	}
}

// TestPipelineOutlivesTheBroker restarts the broker under a running pipeline.
func TestPipelineOutlivesTheBroker(t *testing.T) {
	t.Parallel()
	records := flights(t, 30_000)
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "late", 1)
	sql := file(t, "late.sql", pipelineSQL("", "", ""))
	p := start(t, nil, "run", sql, "--state", t.TempDir(), "--endpoint", c.sc)
	const parts = 3
	for i := range parts {
		part := records[i*len(records)/parts : (i+1)*len(records)/parts]
		must(t, strings.NewReader(strings.Join(part, "\n")), "produce", "flights", "--endpoint", c.sc)
		c.kill()
		c.start(t)
	}
	want := lateRows(t, records)
	eventually(t, "every row", func() bool {
		seen := map[string]bool{}
		for _, row := range c.consume(t, "late") {
			seen[row] = true
		}
		for _, row := range want {
			if !seen[row] {
				return false
			}
		}
		return true
	})
	if code := p.terminate(t); code != 0 {
		t.Errorf("code %d\n%s", code, p.talk())
	}
}

// TestBrokerGoneForGoodIsCodeThree takes the broker away from a running pipeline.
func TestBrokerGoneForGoodIsCodeThree(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "late", 1)
	sql := file(t, "late.sql", pipelineSQL("", "", ""))
	must(t, strings.NewReader(strings.Join(flights(t, 1000), "\n")), "produce", "flights", "--endpoint", c.sc)
	p := start(t, nil, "run", sql, "--endpoint", c.sc, "--retry-budget", "500ms")
	eventually(t, "some output", func() bool { return len(c.consume(t, "late")) > 0 })
	c.kill()
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the pipeline goes on without a broker")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("code %d, want 3\n%s", code, p.talk())
	}
}
