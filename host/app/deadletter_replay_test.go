package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/internal/fault"
)

// replay replays the letters of topic dead, and returns what was printed besides.
func (b *letterBox) replay(change func(*ReplayConfig)) (Replayed, string, error) {
	var out bytes.Buffer
	c := ReplayConfig{Cluster: b.Cluster, LetterBox: LetterBox{Topic: "dead"}, Out: Output{W: &out, JSON: true}, Say: func(s string) { out.WriteString(s) }}
	change(&c)
	done, err := Replay(context.Background(), nil, c)
	return done, out.String(), err
}

// simple are letters of topic flights, one each value.
func simple(partition uint32, values ...string) (all []fluvio.Record) {
	for _, v := range values {
		l := deadletter.Letter{Topic: "flights", Partition: partition, Offset: 3, Code: "c", Message: "m", Time: 1234, Value: []byte(v)}
		all = append(all, letter(l))
	}
	return all
}

func (b *letterBox) check(topic string, want ...[]string) {
	b.t.Helper()
	for p := range want {
		if got := b.values(topic, uint32(p)); !slices.Equal(got, want[p]) {
			b.t.Errorf("topic %s partition %d: %.200q, want %.200q", topic, p, got, want[p])
		}
	}
}

func TestReplayedRecordsAreTheOriginalBytes(t *testing.T) {
	b := newLetterBox(t)
	b.topic("dead", 1)
	b.topic("flights", 2)
	huge := strings.Repeat("\x00\xff huge", 400_000)
	b.put("dead", 0, odd...)
	b.put("dead", 0, simple(1, "one\r\n", huge)...)
	b.put("dead", 0, letter(deadletter.Letter{Topic: "flights", Partition: 2, Code: "d", Time: -1}))
	began := time.Now().UnixMilli()
	done, out, err := b.replay(func(c *ReplayConfig) { c.DryRun = true })
	if err != nil || done.Sent != 3 || strings.Count(out, "\n") != 3 || !strings.Contains(out, `"to":{"topic":"flights","partition":1}`) {
		t.Errorf("%+v, %v, %.300s", done, err, out)
	}
	b.check("flights", nil, nil)
	done, out, err = b.replay(func(*ReplayConfig) {})
	if err != nil || done.Letters != 3 || done.Sent != 3 || done.Before != 0 || done.Strange != int64(len(odd)) ||
		done.ID == "" || !strings.Contains(out, done.ID) || done.Bytes != int64(5+len(huge)) || !slices.Equal(done.To, []ReplayTarget{{"flights", 3}}) {
		t.Errorf("%+v, %v, %.300s", done, err, out)
	}
	b.check("flights", []string{""}, []string{"one\r\n", huge})
	for _, r := range b.records("flights", 1) {
		if r.Key != nil || r.Timestamp != 1234 {
			t.Errorf("key %q, time %d", r.Key, r.Timestamp)
		}
	}
	if r := b.records("flights", 0)[0]; r.Timestamp < began {
		t.Errorf("time %d", r.Timestamp)
	}
	b.put("dead", 0, simple(0, "more")...)
	again, _, err := b.replay(func(c *ReplayConfig) { c.ID, c.Filter.Codes = done.ID, nil })
	if err != nil || again.Sent != 1 || again.Before != 3 || again.ID != done.ID {
		t.Errorf("%+v, %v", again, err)
	}
	if twice, _, err := b.replay(func(*ReplayConfig) {}); err != nil || twice.Sent != 4 || twice.ID == done.ID {
		t.Errorf("%+v, %v", twice, err)
	}
	b.check("flights", []string{"", "more", "", "more"}, []string{"one\r\n", huge, "one\r\n", huge})
}

// TestFramesAreReplayedAsRecords has letters of records with framings of which a frame is no record.
func TestFramesAreReplayedAsRecords(t *testing.T) {
	b := newLetterBox(t)
	b.topic("dead", 1)
	b.topic("in", 1)
	put := func(framing, frame string) {
		b.put("dead", 0, letter(deadletter.Letter{Topic: "in", Code: "c", Message: "m", Time: 1, Framing: framing, Value: []byte(frame)}))
	}
	put("json_array", `{"a":}`)
	put("length u16_be", "abc")
	done, _, err := b.replay(func(*ReplayConfig) {})
	want := []string{`[{"a":}]`, "\x00\x03abc"}
	if err != nil || done.Sent != 2 || done.Bytes != int64(len(want[0]+want[1])) {
		t.Errorf("%+v, %v", done, err)
	}
	if again, _, err := b.replay(func(c *ReplayConfig) { c.ID = done.ID }); err != nil || again.Sent != 0 || again.Before != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	b.check("in", want)
	put("a framing of another day", "abc")
	if done, _, err := b.replay(func(*ReplayConfig) {}); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "0:2") || done.Sent != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	b.check("in", want)
}

// TestReplaysToATopicMadeAnewAreGoneOnWith has letters of records at offsets where the topic, made anew since, has what the replay wrote.
func TestReplaysToATopicMadeAnewAreGoneOnWith(t *testing.T) {
	b := newLetterBox(t)
	b.topic("dead", 1)
	b.topic("in", 1)
	put := func(value string, offset int64) {
		b.put("dead", 0, letter(deadletter.Letter{Topic: "in", Offset: offset, Code: "c", Message: "m", Time: 1, Value: []byte(value)}))
	}
	var id string
	for i, value := range []string{"one", "two", "three"} {
		put(value, int64(i))
		done, _, err := b.replay(func(c *ReplayConfig) { c.ID = id })
		if id = done.ID; err != nil || done.Sent != 1 || done.Before != int64(i) {
			t.Errorf("%s: %+v, %v", value, done, err)
		}
		b.put("in", 0, fluvio.Record{Value: []byte("another")})
	}
	b.check("in", []string{"one", "another", "two", "another", "three", "another"})
}

func TestLettersAreReplayedByTheirSource(t *testing.T) {
	b := newLetterBox(t)
	b.topic("flights", 1)
	b.topic("trains", 2)
	b.fill("dead")
	done, _, err := b.replay(func(c *ReplayConfig) { c.Filter.Codes = []string{"json"} })
	if err != nil || done.Sent != 3 || !slices.Equal(done.To, []ReplayTarget{{"flights", 2}, {"trains", 1}}) {
		t.Errorf("%+v, %v", done, err)
	}
	b.check("flights", []string{`{"a":"x"}`, "\xff\x00{"})
	b.check("trains", []string{""}, nil)
	if done, _, err := b.replay(func(c *ReplayConfig) { c.Filter.Functions = []string{"f"} }); err != nil || done.Sent != 1 || done.Derived != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	done, _, err = b.replay(func(c *ReplayConfig) { c.To, c.Derived, c.Filter.Functions = "flights", true, []string{"f"} })
	if err != nil || done.Sent != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	if done, _, err := b.replay(func(c *ReplayConfig) { c.Filter.At = []LetterPlace{{0, 8}, {1, 0}} }); err != nil || done.Sent != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	b.check("flights", []string{`{"a":"x"}`, "\xff\x00{", "", `{"sum":3}`, "\xff\x00{"})
	b.check("trains", []string{"", "", ""}, nil)
}

func TestAReplayIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	b := newLetterBox(t)
	b.topic("flights", 1)
	b.fill("dead")
	for _, tc := range []struct {
		change func(*ReplayConfig)
		class  fault.Class
		want   string
	}{
		{func(*ReplayConfig) {}, fault.Environment, "letter 1:0 came from topic trains"},
		{func(c *ReplayConfig) { c.To = "absent" }, fault.Environment, "absent"},
		{func(c *ReplayConfig) { c.To = "dead" }, fault.Input, "topic of dead letters itself"},
		{func(c *ReplayConfig) { c.Topic = "nowhere" }, fault.Environment, "nowhere"},
		{func(c *ReplayConfig) { c.Derived = true }, fault.Input, "--derived needs --to"},
		{func(c *ReplayConfig) { c.ID = strings.Repeat("x", 256) }, fault.Input, "255"},
		{func(c *ReplayConfig) { c.Filter.At = []LetterPlace{{0, 0}, {0, 3}} }, fault.Input, "no dead letter"},
		{func(c *ReplayConfig) { c.Filter.At = []LetterPlace{{0, 0}, {0, 30}} }, fault.Input, "out of range"},
	} {
		if done, _, err := b.replay(tc.change); fault.Of(err) != tc.class || !strings.Contains(err.Error(), tc.want) || done.Sent != 0 {
			t.Errorf("%v, want %q: %+v", err, tc.want, done)
		}
	}
	b.topic("loop", 1)
	b.put("loop", 0, letter(deadletter.Letter{Topic: "loop", Code: "c"}))
	_, _, err := b.replay(func(c *ReplayConfig) { c.Topic = "loop" })
	if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "topic of dead letters itself") {
		t.Error(err)
	}
	b.topic("forged", 1)
	b.put("forged", 0, letter(deadletter.Letter{Topic: "consumer-offset", Code: "c", Value: []byte("x")}))
	for _, to := range []string{"", "consumer-offset"} {
		for _, dry := range []bool{true, false} {
			_, _, err = b.replay(func(c *ReplayConfig) { c.Topic, c.To, c.DryRun = "forged", to, dry })
			if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "system topic consumer-offset") {
				t.Errorf("to %q: %v", to, err)
			}
		}
	}
	b.check("consumer-offset", nil)
	b.topic("many", 1)
	for i := range mostTargets + 1 {
		name := fmt.Sprintf("target-%d", i)
		b.topic(name, 1)
		b.put("many", 0, letter(deadletter.Letter{Topic: name, Code: "c"}))
	}
	_, _, err = b.replay(func(c *ReplayConfig) { c.Topic = "many" })
	if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "more than 16 topics") {
		t.Error(err)
	}
	b.check("flights", nil)
	b.check("target-0", nil)
}

func TestAReplayKnowsWhatItHasWritten(t *testing.T) {
	b := newLetterBox(t)
	b.topic("flights", 2)
	b.put("flights", 0, simple(0, "x", "x", "x", "x")...) // the records that were rejected, and what else there is
	b.topic("dead", 2)
	b.put("dead", 0, simple(0, "a0", "a1", "a2")...)
	b.put("dead", 1, simple(0, "b0", "b1")...)
	first := func(n int64) func(*ReplayConfig) {
		return func(c *ReplayConfig) { c.ID, c.Filter.Limit = "friday", n }
	}
	for _, tc := range []struct{ limit, sent, before int64 }{{2, 2, 0}, {2, 0, 2}, {4, 2, 2}, {0, 1, 4}, {0, 0, 5}} {
		if done, _, err := b.replay(first(tc.limit)); err != nil || done.Sent != tc.sent || done.Before != tc.before {
			t.Errorf("limit %d: %+v, %v", tc.limit, done, err)
		}
	}
	all := []string{"x", "x", "x", "x", "a0", "a1", "a2", "b0", "b1"}
	b.check("flights", all, nil)
	// Another choice, or none of those that were sent, is no continuation.
	b.put("dead", 0, letter(deadletter.Letter{Topic: "flights", Code: "d", Offset: 2, Value: []byte("a3")}))
	for name, change := range map[string]func(*LetterFilter){
		"fewer": func(f *LetterFilter) { f.Limit = 2 },
		"other": func(f *LetterFilter) { f.From = 1 },
		"codes": func(f *LetterFilter) { f.Codes = []string{"d"} },
	} {
		_, _, err := b.replay(func(c *ReplayConfig) { c.ID = "friday"; change(&c.Filter) })
		if fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "--replay-id friday") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.check("flights", all, nil)
	// Another target has had nothing yet; there, partitions count from its beginning.
	b.topic("copy", 1)
	for _, sent := range []int64{6, 0} {
		if done, _, err := b.replay(func(c *ReplayConfig) { c.ID, c.To = "friday", "copy" }); err != nil || done.Sent != sent {
			t.Errorf("%+v, %v", done, err)
		}
	}
	if _, _, err := b.replay(func(c *ReplayConfig) { c.ID, c.To, c.Filter.Codes = "friday", "copy", []string{"none"} }); fault.Of(err) != fault.Input {
		t.Errorf("nothing is chosen of what was sent: %v", err)
	}
	// A dry run tells what is left.
	done, out, err := b.replay(func(c *ReplayConfig) { c.ID, c.DryRun = "friday", true })
	if err != nil || done.Sent != 1 || done.Before != 5 || strings.Count(out, "\n") != 1 {
		t.Errorf("%+v, %v, %s", done, err, out)
	}
	b.check("flights", all, nil)
	b.check("copy", []string{"a0", "a1", "a2", "a3", "b0", "b1"})
}

// TestATopicThatWasMadeAnewIsReadFromItsBeginningWhenNamed has a letter whose offset says nothing about the topic of today.
func TestATopicThatWasMadeAnewIsReadFromItsBeginningWhenNamed(t *testing.T) {
	b := newLetterBox(t)
	b.topic("flights", 1)
	b.topic("dead", 1)
	b.put("dead", 0, letter(deadletter.Letter{Topic: "flights", Offset: 1, Code: "c", Value: []byte("a")}))
	for _, sent := range []int64{1, 0} {
		if done, _, err := b.replay(func(c *ReplayConfig) { c.ID = "before its end" }); err != nil || done.Sent != sent {
			t.Errorf("%+v, %v", done, err)
		}
	}
	b.put("flights", 0, fluvio.Record{Value: []byte("x")}, fluvio.Record{Value: []byte("y")})
	if done, _, err := b.replay(func(c *ReplayConfig) { c.ID, c.To = "before its end", "flights" }); err != nil || done.Before != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	b.check("flights", []string{"a", "x", "y"})
}

func TestAReplayThatIsAskedToEndSaysSo(t *testing.T) {
	b := newLetterBox(t)
	b.topic("flights", 1)
	b.topic("dead", 1)
	b.put("dead", 0, simple(0, "a")...)
	drain := make(chan struct{})
	close(drain)
	done, err := Replay(t.Context(), drain, ReplayConfig{Cluster: b.Cluster, LetterBox: LetterBox{Topic: "dead"}, Say: func(string) {}})
	if err != nil || !done.Stopped || done.Sent != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	b.check("flights", nil)
}

// TestRunsOfAReplayAddUpToOne runs one replay again and again while letters come, with ever higher limits as interruptions leave them:
// what was chosen is written once, in order for each partition of letters.
func TestRunsOfAReplayAddUpToOne(t *testing.T) {
	b := newLetterBox(t)
	for seed := range uint64(12) {
		b.replayOften(fmt.Sprint(seed), rand.New(rand.NewPCG(seed, 0)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// replayOften runs one replay in topics of its own.
func (b *letterBox) replayOften(name string, rng *rand.Rand) {
	dead, target := "dead-"+name, "target-"+name
	from, to := 1+rng.Uint32N(3), 1+rng.Uint32N(3)
	b.topic(dead, from)
	b.topic(target, to)
	for q := range to {
		b.put(target, q, fluvio.Record{Value: []byte("the record that was rejected")})
	}
	want := map[[2]uint32][]string{} // by partition of letters and of the target
	serial, sent, total := 0, int64(0), int64(0)
	for range 1 + rng.IntN(4) {
		for p := range from {
			var batch []fluvio.Record
			for range rng.IntN(6) {
				serial++
				l := deadletter.Letter{Topic: target, Partition: rng.Uint32N(to), Code: []string{"a", "a.b", "c"}[rng.IntN(3)]}
				l.Value = fmt.Appendf(nil, "%d of %d", serial, p)
				batch = append(batch, letter(l))
				if l.Code != "c" {
					total++
					want[[2]uint32{p, l.Partition}] = append(want[[2]uint32{p, l.Partition}], string(l.Value))
				}
			}
			b.put(dead, p, batch...)
		}
		done, _, err := b.replay(func(c *ReplayConfig) { c.Topic, c.ID, c.Filter.Codes = dead, "id", []string{"a"} })
		if err != nil || done.Before != sent || done.Sent+done.Before != total {
			b.t.Errorf("%+v, %v, want %d after %d", done, err, total, sent)
		}
		sent = total
	}
	for q := range to {
		got := b.values(target, q)[1:]
		for p := range from {
			own := slices.DeleteFunc(slices.Clone(got), func(v string) bool { return !strings.HasSuffix(v, fmt.Sprintf(" of %d", p)) })
			if !slices.Equal(own, want[[2]uint32{p, q}]) {
				b.t.Errorf("partition %d of letters in %d: %q, want %q", p, q, own, want[[2]uint32{p, q}])
			}
			total -= int64(len(own))
		}
	}
	if total != 0 {
		b.t.Errorf("%d records too few, or too many", total)
	}
}

// TestStaleRecordsAreLeftOutWhenAsked has a broker that remembers one writer, so that what another one repeats is stored.
func TestStaleRecordsAreLeftOutWhenAsked(t *testing.T) {
	server, err := broker.Open(broker.Config{Dir: t.TempDir(), MaxWriters: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(server.SC()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := admin.New(client).CreateTopic(t.Context(), "t", admin.TopicConfig{Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	write := func(writer int64, values ...string) {
		p, err := client.Producer(t.Context(), "t", fluvio.WithSequence(writer))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if err := p.Produce(t.Context(), fluvio.Record{Value: []byte(v)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(1, "a", "b")
	write(2, "c")
	write(1, "a", "b", "d")
	for _, tc := range []struct {
		drop   bool
		from   fluvio.Offset
		want   string
		number string // left out, as the log says
	}{
		{false, fluvio.Beginning(), "a b c a b d", ""},
		{true, fluvio.Beginning(), "a b c d", "records=2"},
		{true, fluvio.At(1), "b c d", "records=2"},
		{true, fluvio.At(2), "c a b d", ""}, // what was before it has not seen
	} {
		var out, log bytes.Buffer
		err := Consume(t.Context(), nil, ConsumeConfig{
			Cluster: Cluster{Endpoint: server.SC(), RetryBudget: 10 * time.Second, Log: slog.New(slog.NewTextHandler(&log, nil))},
			Topic:   "t", From: tc.from, UntilEnd: true, DropStale: tc.drop, Out: &out,
		})
		got := strings.Join(strings.Fields(out.String()), " ")
		if err != nil || got != tc.want || !strings.Contains(log.String(), tc.number) || tc.number == "" && log.Len() > 0 {
			t.Errorf("%v: %s, want %s, %v, %s", tc.from, got, tc.want, err, log.String())
		}
	}
}
