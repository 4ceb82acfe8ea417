package fluvio

import (
	"context"
	"fmt"
	"io"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/fluvio/record"
)

// seenModel is seenWriters without bounds: a set of ordinals for each writer, and where it began.
type seenModel map[int64]*struct {
	first int64
	seen  map[int64]bool
}

func (m seenModel) fresh(writer, ordinal int64) bool {
	w, ok := m[writer]
	return !ok || ordinal >= w.first && !w.seen[ordinal]
}

func (m seenModel) add(writer int64, span Span) {
	w, ok := m[writer]
	if !ok {
		w = &struct {
			first int64
			seen  map[int64]bool
		}{span.From, map[int64]bool{}}
		m[writer] = w
	}
	for n := span.From; n < span.To; n++ {
		w.seen[n] = true
	}
}

func TestSeenOrdinalsAgreeWithAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		real, model := newSeenWriters(nil), seenModel{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			writer := rapid.Int64Range(0, 3).Draw(t, "writer")
			from := rapid.Int64Range(0, 60).Draw(t, "from")
			span := Span{from, from + rapid.Int64Range(1, 12).Draw(t, "length")}
			var want []int64
			for n := span.From; n < span.To; n++ {
				if model.fresh(writer, n) {
					want = append(want, n)
				}
			}
			var got []int64
			end := int64(-1)
			for _, s := range real.fresh(nil, writer, span) {
				if s.From <= end || s.To <= s.From {
					t.Fatalf("spans touch or are empty: %v after %d", s, end)
				}
				for end = s.From; end < s.To; end++ {
					got = append(got, end)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("writer %d, %v: %v is fresh, want %v", writer, span, got, want)
			}
			if rapid.Bool().Draw(t, "returned") {
				real.add(writer, span)
				model.add(writer, span)
			}
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				real = newSeenWriters(real.state())
			}
		}
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	s := newSeenWriters(nil)
	for n := range int64(10 * mostGaps) {
		s.add(1, Span{10 * n, 10*n + 1})
	}
	w := s.state()[0]
	if len(w.Beyond) != mostGaps || w.Next != 1 || w.Beyond[mostGaps-1].From != 10*(10*mostGaps-1) {
		t.Errorf("%d gaps, next %d", len(w.Beyond), w.Next)
	}
	if got := s.fresh(nil, 1, Span{100, 101}); len(got) != 1 {
		t.Errorf("what was forgotten is stale")
	}
	for writer := range int64(2 * mostWriters) {
		s.add(writer+10, Span{0, 1})
		s.add(10, Span{writer, writer + 1}) // stays the youngest but one
	}
	state := s.state()
	if len(state) != mostWriters || len(s.writers) != mostWriters || state[mostWriters-1].Writer != 10 {
		t.Errorf("%d writers, last %d", len(state), state[len(state)-1].Writer)
	}
	if got := newSeenWriters(append(state, state...)).state(); !reflect.DeepEqual(got, state) {
		t.Error("a state is not what it was")
	}
}

// sequenced is a batch of records that a writer numbered; the value of each is its ordinal.
func sequenced(t interface{ Fatal(...any) }, codec Compression, offset, writer, ordinal int64, n int) []byte {
	builder, err := record.NewBuilder(codec, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := builder.Append(1_700_000_000_000+int64(i), nil, fmt.Append(nil, ordinal+int64(i))); err != nil {
			t.Fatal(err)
		}
	}
	if writer >= 0 {
		builder.SetSequence(record.Sequence{Writer: writer, Ordinal: ordinal})
	}
	made, err := builder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	made = append(Batch(nil), made...)
	made.SetBaseOffset(offset)
	return made
}

// inMemory is a consumer of chunks that are there already.
func inMemory(position, until int64, state []SeenWriter, batches ...[]byte) *Consumer {
	c := &Consumer{allowed: new(allowance), settings: consumerSettings{until: until, dropStale: true, maxBatch: math.MaxInt}, queue: chunkQueue{most: math.MaxInt}}
	c.reading = reading{position: position, inflate: new(record.Decompressor)}
	c.seen = newSeenWriters(state)
	for _, b := range batches {
		if next := record.Batch(b).NextOffset(); next > position {
			c.queue.put(chunk{batches: b, next: next})
		}
	}
	return c
}

// TestStaleRecordsAreDroppedWhereverReadingStops reads a log of writers that repeat themselves, by Poll and by PollBatch, stops anywhere
// and goes on from the position with the state of then.
func TestStaleRecordsAreDroppedWhereverReadingStops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codec := rapid.SampledFrom([]Compression{NoCompression, Zstd}).Draw(t, "codec")
		model := seenModel{}
		var batches [][]byte
		type place struct {
			offset int64
			value  string
		}
		var want []place
		end := int64(0)
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			writer := rapid.Int64Range(-1, 2).Draw(t, "writer")
			ordinal := rapid.Int64Range(0, 40).Draw(t, "ordinal")
			n := rapid.IntRange(1, 20).Draw(t, "records")
			if rapid.IntRange(0, 5).Draw(t, "large") == 0 {
				n += pollRecords
			}
			batches = append(batches, sequenced(t, codec, end, writer, ordinal, n))
			for i := range int64(n) {
				if writer < 0 || model.fresh(writer, ordinal+i) {
					want = append(want, place{end + i, fmt.Sprint(ordinal + i)})
				}
			}
			if writer >= 0 {
				model.add(writer, Span{ordinal, ordinal + int64(n)})
			}
			end += int64(n)
		}
		c := inMemory(0, end, nil, batches...)
		var got []place
		for {
			if rapid.Bool().Draw(t, "restart") {
				c = inMemory(c.Position(), end, c.Seen().Writers, batches...)
			}
			if rapid.IntRange(0, 3).Draw(t, "by loop") == 0 {
				take := rapid.IntRange(1, 30).Draw(t, "take")
				for r, err := range c.Records(context.Background()) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, place{r.Offset, string(r.Value)})
					if take--; take == 0 {
						break
					}
				}
			}
			if rapid.Bool().Draw(t, "by batch") {
				from := c.Position()
				b, err := c.PollBatch(context.Background())
				if err == io.EOF {
					break
				}
				if err != nil || b.Verify() != nil {
					t.Fatal(err)
				}
				payload, err := new(record.Decompressor).Payload(b)
				if err != nil {
					t.Fatal(err)
				}
				records := record.Walk(b, payload)
				for records.Next() {
					if records.Offset >= from {
						got = append(got, place{records.Offset, string(records.Value)})
					}
				}
				if records.Err() != nil {
					t.Fatal(records.Err())
				}
				continue
			}
			records, err := c.Poll(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				got = append(got, place{r.Offset, string(r.Value)})
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d records, want %d\n%v\n%v", len(got), len(want), got, want)
		}
	})
}

func TestStaleRecordsAreCounted(t *testing.T) {
	c := inMemory(0, 12, nil,
		sequenced(t, NoCompression, 0, 7, 100, 4), sequenced(t, NoCompression, 4, 7, 102, 4), sequenced(t, NoCompression, 8, 7, 90, 4))
	for {
		if _, err := c.Poll(context.Background()); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if c.StaleRecords() != 6 || c.Position() != 12 {
		t.Errorf("%d stale, position %d", c.StaleRecords(), c.Position())
	}
	want := Seen{Writers: []SeenWriter{{Writer: 7, Next: 106}}}
	if got := c.Seen(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}
