//go:build clients

package clients

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// numbered are records that differ.
func numbered(from, to int) (records []fluvio.Record) {
	for i := from; i < to; i++ {
		records = append(records, fluvio.Record{Key: []byte("k"), Value: fmt.Appendf(nil, "record %d", i)})
	}
	return records
}

func TestConsumersStartWhereTheyAskTo(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		s.topic(t, "hundred", admin.TopicConfig{})
		for from := 0; from < 100; from += 10 { // ten batches, so that most starts are inside one
			s.send(t, "hundred", 0, numbered(from, from+10))
		}
		all := s.lines(s.read(t, "hundred", 0))
		for _, test := range []struct {
			start string
			first int
		}{
			{"beginning", 0}, {"beginning+0", 0}, {"beginning+37", 37}, {"beginning+99", 99}, {"beginning+100", 100}, {"beginning+1000", 100},
			{"end", 100}, {"end-1", 99}, {"end-63", 37}, {"end-100", 0}, {"end-1000", 0},
			{"0", 0}, {"37", 37}, {"40", 40}, {"99", 99}, {"100", 100},
		} {
			if !s.absolute && test.start[0] <= '9' {
				continue
			}
			want := all[test.first:]
			if got := s.consume(t, "hundred", 0, test.start, len(want)); !slices.Equal(got, want) {
				t.Errorf("from %s: %d records, first %q; want %d", test.start, len(got), got[:min(1, len(got))], len(want))
			}
		}
	})
}

func TestConsumersSeeWhatIsProducedLater(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		s.topic(t, "live", admin.TopicConfig{})
		s.send(t, "live", 0, numbered(0, 5))
		consumer := s.start(t, "consume", "live", "0", "end-1", "12")
		first := consumer.next(t)
		for i := 5; i < 16; i++ {
			s.send(t, "live", 0, numbered(i, i+1))
		}
		got, want := append([]string{first}, consumer.end(t)...), s.lines(s.read(t, "live", 0)[4:])
		if !slices.Equal(got, want) {
			t.Errorf("it read %q, want %q", got, want)
		}
	})
}

// A batch is larger than what the client asks for at a time. A cluster cuts it, and then the Rust client loses records.
func TestLargeBatchesArriveWhole(t *testing.T) {
	each(t, func(c *client) bool { return c == rust }, func(t *testing.T, s *session) {
		s.topic(t, "large", admin.TopicConfig{})
		records := numbered(0, 50_000)
		for _, codec := range []fluvio.Compression{fluvio.NoCompression, fluvio.LZ4} {
			s.send(t, "large", 0, records, fluvio.WithBatchSize(1_000_000), fluvio.WithMaxRequestSize(2_000_000), fluvio.WithLinger(patience),
				fluvio.WithCompression(codec))
		}
		want := len(s.read(t, "large", 0))
		if want != 2*len(records) {
			t.Fatalf("we read %d records of %d", want, 2*len(records))
		}
		for _, maxBytes := range []string{"1", "65536", "1000000"} {
			for _, api := range []string{"stream", "partition"} {
				out := s.do(t, "bench-consume", "large", fmt.Sprint(want), maxBytes, api)
				var got int
				if _, err := fmt.Sscanf(out[0], `{"records":%d,`, &got); err != nil || got != want {
					t.Errorf("%s with max bytes %s: %q (%v), want %d records", api, maxBytes, out, err, want)
				}
			}
		}
	})
}
