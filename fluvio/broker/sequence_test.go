package broker

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// numbered makes a batch of values with a producer sequence.
func numbered(t testing.TB, codec record.Codec, writer, ordinal int64, values ...string) []byte {
	t.Helper()
	b := record.Batch(batchOf(t, codec, values...))
	b.SetSequence(record.Sequence{Writer: writer, Ordinal: ordinal})
	return b
}

// The answers are laid down byte by byte, as official clients read them (fluvio-spu-schema/src/produce/response.rs).
func TestAnswersToSequencedSets(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(2))
	c := dial(t, b.SPU())
	none, other := "0000", func(text string) string {
		return "0002" + fmt.Sprintf("%04x", len(text)) + hex.EncodeToString([]byte(text))
	}
	unnumbered := batchOf(t, record.None, "u")
	for _, step := range []struct {
		name string
		sets [][]byte
		want []string // of each entry error code and base offset
	}{
		{"a writer begins", [][]byte{numbered(t, record.None, 7, 100, "a", "b", "c")}, []string{none + "0000000000000000"}},
		{"the same again", [][]byte{numbered(t, record.None, 7, 100, "a", "b", "c")}, []string{none + "0000000000000000"}},
		{"two entries, one new", [][]byte{numbered(t, record.None, 7, 101, "b", "c"), numbered(t, record.Zstd, 7, 103, "d", "e")},
			[]string{none + "0000000000000001", none + "0000000000000003"}},
		{"a gap", [][]byte{numbered(t, record.None, 7, 106, "x")}, []string{other("weir.sequence expected=105") + "0000000000000000"}},
		{"an overlap", [][]byte{numbered(t, record.None, 7, 104, "e", "x")}, []string{other("weir.sequence expected=105") + "0000000000000000"}},
		{"a set with what is stored and what is not", [][]byte{append(numbered(t, record.None, 7, 104, "e"), numbered(t, record.None, 7, 105, "x")...)},
			[]string{other("weir.sequence expected=105") + "0000000000000000"}},
		{"refused between good ones", [][]byte{unnumbered, numbered(t, record.None, 7, 110, "x"), numbered(t, record.Gzip, 7, 105, "f"), unnumbered},
			[]string{none + "0000000000000005", other("weir.sequence expected=105") + "0000000000000000",
				none + "0000000000000006", none + "0000000000000007"}},
		{"another writer", [][]byte{numbered(t, record.None, 1<<63-1, record.MaxOrdinal, "g")}, []string{none + "0000000000000008"}},
		{"the first again", [][]byte{numbered(t, record.None, 7, 100, "a")}, []string{none + "0000000000000000"}},
		{"all again in one set", [][]byte{append(numbered(t, record.None, 7, 100, "a"), numbered(t, record.None, 7, 101, "b", "c", "d")...)},
			[]string{none + "0000000000000000"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			got := hex.EncodeToString(c.receive(c.send(produceRequest("t", 1, step.sets...))))
			var want strings.Builder
			fmt.Fprintf(&want, "00000001"+"000174"+"%08x", len(step.sets))
			for _, entry := range step.want {
				want.WriteString("00000001" + entry + "0000000000000000" + "0000000000000000") // partition, entry, append time, log start
			}
			want.WriteString("00000000") // throttle
			if got != want.String() {
				t.Errorf("got  %s\nwant %s", got, want.String())
			}
		})
	}
	if got := strings.Join(dial(t, b.SPU()).from("t", 1, 0).values(9), ""); got != "abcdeufug" {
		t.Errorf("the log holds %q", got)
	}
	if got := call[*protocol.ProduceResponse](c, produceRequest("t", 1, numbered(t, record.None, 9, record.MaxOrdinal, "x", "y"))).
		Responses[0].Partitions[0].ErrorCode; got.Tag != protocol.ErrorCodeOther || !strings.Contains(fmt.Sprint(got.Err()), "ordinals") {
		t.Errorf("ordinals beyond the last: %v", got.Err())
	}
}

// Each partition has its own sequences, and those of a deleted topic are gone with it.
func TestSequencesBelongToTheirPartition(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(2))
	c := dial(t, b.SPU())
	c.mustProduce("t", 0, numbered(t, record.None, 7, 0, "a"))
	if base := c.mustProduce("t", 1, numbered(t, record.None, 7, 5, "a")); base != 0 {
		t.Errorf("another partition: %d", base)
	}
	remove(t, b, "t")
	create(t, b, "t", topicSpec(1))
	if base := dial(t, b.SPU()).mustProduce("t", 0, numbered(t, record.None, 7, 3, "a")); base != 0 {
		t.Errorf("another topic of that name: %d", base)
	}
}

func TestWritersAreForgottenAsConfigured(t *testing.T) {
	b := start(t, Config{MaxWriters: 2})
	create(t, b, "t", topicSpec(1))
	c := dial(t, b.SPU())
	for w := range int64(3) {
		c.mustProduce("t", 0, numbered(t, record.None, w, 0, "a"))
	}
	if base := c.mustProduce("t", 0, numbered(t, record.None, 1, 0, "a")); base != 1 {
		t.Errorf("a known writer: %d", base)
	}
	if base := c.mustProduce("t", 0, numbered(t, record.None, 0, 0, "a")); base != 3 {
		t.Errorf("a forgotten writer: %d", base)
	}
}

// Several writers lose their connections and the broker in the middle of requests, and send again what was not answered: each value is in the log
// once, in the order of its writer.
func TestSequencedProducersThroughRestarts(t *testing.T) {
	const writers, rounds, perRound = 4, 3, 20
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 2 << 10, MaxOpenSegments: 2}
	b := start(t, cfg)
	create(t, b, "t", topicSpec(1))
	value := func(w, ordinal int64) string { return fmt.Sprintf("%d:%d", w, ordinal) }
	for round := range int64(rounds) {
		var all sync.WaitGroup
		for w := range int64(writers) {
			all.Go(func() {
				for i := range int64(perRound) {
					ordinal := 2 * (round*perRound + i)
					set := numbered(t, record.LZ4, w, ordinal, value(w, ordinal), value(w, ordinal+1))
					if i%4 == 0 { // a request whose answer nobody waits for
						lost := dial(t, b.SPU())
						lost.send(produceRequest("t", 0, bytes.Clone(set)))
						_ = lost.nc.Close()
					}
					c := dial(t, b.SPU())
					base := c.mustProduce("t", 0, bytes.Clone(set))
					if again := c.mustProduce("t", 0, set); again != base {
						t.Errorf("writer %d, ordinal %d: offsets %d and %d", w, ordinal, base, again)
					}
					_ = c.nc.Close()
				}
			})
		}
		all.Wait()
		abort(t, b)
		b = start(t, cfg)
		c := dial(t, b.SPU())
		for w := range int64(writers) { // the last of before
			ordinal := 2 * ((round+1)*perRound - 1)
			c.mustProduce("t", 0, numbered(t, record.None, w, ordinal, "never", "stored"))
		}
	}
	next := map[string]int64{}
	for _, v := range dial(t, b.SPU()).from("t", 0, 0).values(2 * writers * rounds * perRound) {
		w, _, _ := strings.Cut(v, ":")
		if want := fmt.Sprintf("%s:%d", w, next[w]); v != want {
			t.Fatalf("got %s, want %s", v, want)
		}
		next[w]++
	}
	if _, end := b.cluster.partition("t", 0).log.Bounds(); end != 2*writers*rounds*perRound {
		t.Errorf("the log ends at %d", end)
	}
}
