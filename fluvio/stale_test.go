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

// TestHowOrdinalsAreCutIntoSpansDoesNotMatter adds the same ordinals in spans, in spans cut anywhere, and one by one.
func TestHowOrdinalsAreCutIntoSpansDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, cut, single := newSeenWriters(nil), newSeenWriters(nil), newSeenWriters(nil)
		if rapid.Bool().Draw(t, "full of gaps") {
			for n := range int64(mostGaps + 3) {
				for _, s := range []*seenWriters{whole, cut, single} {
					s.add(0, Span{3 * n, 3*n + 1})
				}
			}
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			writer := rapid.Int64Range(0, 1).Draw(t, "writer")
			from := rapid.Int64Range(0, 300).Draw(t, "from")
			span := Span{from, from + rapid.Int64Range(1, 9).Draw(t, "length")}
			middle := rapid.Int64Range(span.From, span.To).Draw(t, "cut")
			whole.add(writer, span)
			for _, part := range []Span{{span.From, middle}, {middle, span.To}} {
				if part.From < part.To {
					cut.add(writer, part)
				}
			}
			for n := span.From; n < span.To; n++ {
				single.add(writer, Span{n, n + 1})
			}
			want := single.state()
			if got := whole.state(); !reflect.DeepEqual(got, want) {
				t.Fatalf("%v whole: %v, one by one: %v", span, got, want)
			}
			if got := cut.state(); !reflect.DeepEqual(got, want) {
				t.Fatalf("%v cut at %d: %v, one by one: %v", span, middle, got, want)
			}
			for _, w := range want {
				if len(w.Beyond) > mostGaps {
					t.Fatalf("%d gaps", len(w.Beyond))
				}
			}
		}
	})
}

// TestWhatWasSeenBeforeAnOffsetIsTold compares SeenBefore, for every offset of a Poll, with what a consumer knows that reads up to there
// and no further.
func TestWhatWasSeenBeforeAnOffsetIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var batches [][]byte
		end := int64(0)
		for range rapid.IntRange(1, 30).Draw(t, "batches") {
			writer := rapid.Int64Range(-1, 3).Draw(t, "writer")
			ordinal := rapid.Int64Range(0, 60).Draw(t, "ordinal")
			n := rapid.IntRange(1, 8).Draw(t, "records")
			batches = append(batches, sequenced(t, NoCompression, end, writer, ordinal, n))
			end += int64(n)
		}
		state := []SeenWriter{{Writer: 1, Next: 5, Beyond: []Span{{8, 12}, {20, 21}}}, {Writer: 9, Next: 1}}
		joined := func(until int64) *Consumer { // as one chunk, so that a Poll takes several batches
			c := inMemory(0, until, state)
			all := []byte{}
			for _, b := range batches {
				all = append(all, b...)
			}
			c.queue.put(chunk{batches: all, next: end})
			return c
		}
		wantBefore := func(offset int64) []SeenWriter {
			c := joined(offset)
			for {
				if _, err := c.Poll(context.Background()); err == io.EOF {
					if c.Position() != offset {
						t.Fatalf("read up to %d, position %d", offset, c.Position())
					}
					return c.Seen().Writers
				} else if err != nil {
					t.Fatal(err)
				}
			}
		}
		c := joined(end)
		for {
			records, err := c.pollSome(context.Background(), rapid.IntRange(1, 40).Draw(t, "most"))
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			at := records[rapid.IntRange(0, len(records)-1).Draw(t, "record")].Offset
			for _, offset := range []int64{records[0].Offset, at, at + 1, records[len(records)-1].Offset, c.Position()} {
				if got, want := c.SeenBefore(offset), wantBefore(offset); !reflect.DeepEqual(got, want) {
					t.Fatalf("before %d of %d to %d: %v, want %v", offset, records[0].Offset, c.Position(), got, want)
				}
			}
			if got := c.SeenBefore(math.MaxInt64); !reflect.DeepEqual(got, c.Seen().Writers) {
				t.Fatalf("behind everything: %v, want %v", got, c.Seen().Writers)
			}
		}
		if got := c.SeenBefore(end); !reflect.DeepEqual(got, c.Seen().Writers) {
			t.Fatalf("at the end: %v, want %v", got, c.Seen().Writers)
		}
	})
}

// TestAPollRemembersABoundedNumberOfPassages has a chunk of stale batches of many writers, one after the other.
func TestAPollRemembersABoundedNumberOfPassages(t *testing.T) {
	var state []SeenWriter
	var all []byte
	const writers = 3 * mostPassages
	for n := range int64(writers) {
		writer := n % 1000
		if n < 1000 {
			state = append(state, SeenWriter{Writer: writer, Next: 10})
		}
		all = append(all, sequenced(t, NoCompression, 1+n, writer, 5, 1)...)
	}
	all = append(sequenced(t, NoCompression, 0, -1, 0, 1), all...)
	all = append(all, sequenced(t, NoCompression, writers+1, 7, 10, 1)...)
	c := inMemory(0, writers+2, state)
	c.queue.put(chunk{batches: all, next: writers + 2})
	records, err := c.Poll(context.Background())
	if err != nil || len(records) != 1 || len(c.seen.journal) != mostPassages {
		t.Fatalf("%d records, %d passages, %v", len(records), len(c.seen.journal), err)
	}
	if records, err = c.Poll(context.Background()); err != nil || len(records) != 1 || records[0].Offset != writers+1 {
		t.Fatalf("%v, %v", records, err)
	}
	if c.StaleRecords() != writers || len(c.seen.journal) > 1 {
		t.Errorf("%d stale, %d passages", c.StaleRecords(), len(c.seen.journal))
	}
}

func TestAStateIsTakenAsItShouldBe(t *testing.T) {
	var many []Span
	for n := range int64(2 * mostGaps) {
		many = append(many, Span{10 * n, 10*n + 1})
	}
	for name, tc := range map[string]struct{ given, want SeenWriter }{
		"in order":     {SeenWriter{1, 3, []Span{{5, 6}, {8, 9}}}, SeenWriter{1, 3, []Span{{5, 6}, {8, 9}}}},
		"out of order": {SeenWriter{1, 3, []Span{{8, 9}, {5, 6}}}, SeenWriter{1, 3, []Span{{5, 6}, {8, 9}}}},
		"overlapping":  {SeenWriter{1, 3, []Span{{5, 9}, {8, 12}, {2, 4}}}, SeenWriter{1, 4, []Span{{5, 12}}}},
		"empty spans":  {SeenWriter{1, 3, []Span{{9, 5}, {7, 7}}}, SeenWriter{1, 3, nil}},
		"too many":     {SeenWriter{1, 3, many}, SeenWriter{1, 3, many[mostGaps:]}},
	} {
		got := newSeenWriters([]SeenWriter{tc.given}).list()
		if len(got) != 1 || got[0].Next != tc.want.Next || len(got[0].Beyond) != len(tc.want.Beyond) ||
			len(tc.want.Beyond) > 0 && !reflect.DeepEqual(got[0], tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
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
	c.seen = newSeenMemory(state)
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

// BenchmarkSeenBatch notes batches of writers that take turns, a Poll for each.
func BenchmarkSeenBatch(b *testing.B) {
	for _, writers := range []int64{1, 100, mostWriters} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			b.ReportAllocs()
			m, n := newSeenMemory(nil), int64(0)
			var want []Span
			for b.Loop() {
				m.settle()
				span := Span{n / writers * 50, n/writers*50 + 50}
				if want = m.now.fresh(want[:0], n%writers, span); len(want) != 1 || want[0] != span {
					b.Fatal(want)
				}
				m.add(50*n, n%writers, span)
				n++
			}
		})
	}
}

// BenchmarkSeenBefore is what a checkpoint asks for.
func BenchmarkSeenBefore(b *testing.B) {
	for _, writers := range []int64{1, mostWriters} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			b.ReportAllocs()
			m := newSeenMemory(nil)
			for n := range 4 * writers {
				if n == 3*writers {
					m.settle()
				}
				m.add(50*n, n%writers, Span{n / writers * 50, n/writers*50 + 50})
			}
			for b.Loop() {
				if got := m.stateBefore(50*3*writers + 25); len(got) != int(writers) {
					b.Fatal(len(got))
				}
			}
		})
	}
}
