//go:build clients

package clients

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// samples are records with and without keys, with empty and binary ones, and with values from nothing to a batch and more.
func samples(n int, keyless bool) []fluvio.Record {
	random := rand.New(rand.NewPCG(1, 2))
	records := make([]fluvio.Record, n)
	for i := range records {
		r := fluvio.Record{Key: fmt.Appendf(nil, "key-%d", i%17), Value: fmt.Appendf(nil, `{"number":%d}`, i)}
		switch i % 10 {
		case 1:
			r.Key = []byte{}
		case 2:
			if keyless {
				r.Key = nil
			}
		case 3:
			r.Key = []byte{0, 0xff, byte(i), '\n', '\t'}
		case 4:
			r.Value = []byte{}
		case 5:
			r.Value = make([]byte, random.IntN(2000))
			for at := range r.Value {
				r.Value[at] = byte(random.Uint32())
			}
		case 6:
			r.Value = bytes.Repeat([]byte{byte(i)}, 20_000*(i%100/99)+7)
		}
		records[i] = r
	}
	return records
}

const exchanged = 1000

// They produce: what they say of each record, what we read and what they read themselves is the same.
func TestTheirsToOurs(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		for _, codec := range compressions {
			t.Run(codec.String(), func(t *testing.T) {
				topic, chosen := "theirs-"+codec.String(), codec.String()
				config := admin.TopicConfig{Partitions: 2}
				if !s.compresses {
					chosen, config.Compression = "default", topicCompression[codec]
				}
				s.topic(t, topic, config)
				sent, before := samples(exchanged, s.keyless), time.Now().UnixMilli()
				acks := s.produce(t, topic, chosen, sent)
				after := time.Now().UnixMilli()

				var got [2][]fluvio.Record
				for partition := range uint32(2) {
					got[partition] = s.read(t, topic, partition)
					if codecs := s.codecs(t, topic, partition); len(codecs) != 1 || codecs[codec] == 0 {
						t.Errorf("batches by compression: %v, want %v alone", codecs, codec)
					}
					want := s.lines(got[partition])
					if theirs := s.consume(t, topic, partition, "beginning", len(want)); !slices.Equal(theirs, want) {
						t.Errorf("partition %d: they read %d records, and not the same as our %d", partition, len(theirs), len(want))
					}
				}
				if len(got[0])+len(got[1]) != len(sent) {
					t.Fatalf("we read %d and %d records of their %d", len(got[0]), len(got[1]), len(sent))
				}
				var next [2]int64
				for i, r := range sent {
					partition, offset := s.position(t, acks, i, r, next)
					next[partition] = offset + 1
					g := got[partition][offset]
					if !same(g, r) || g.Offset != offset || g.Timestamp < before || g.Timestamp > after {
						t.Fatalf("record %d, partition %d, offset %d, between %d and %d:\nsent %.200q\nread %.200q", i, partition, offset, before, after, s.line(r), s.line(g))
					}
				}
			})
		}
	})
}

var topicCompression = map[fluvio.Compression]admin.Compression{
	fluvio.NoCompression: admin.NoCompression, fluvio.Gzip: admin.Gzip, fluvio.Snappy: admin.Snappy, fluvio.LZ4: admin.LZ4, fluvio.Zstd: admin.Zstd,
}

// position is where a record went: as the client says, or behind the last one of the partition that its key belongs to.
func (s *session) position(t *testing.T, acks []string, i int, r fluvio.Record, next [2]int64) (partition uint32, offset int64) {
	t.Helper()
	if r.Key != nil {
		partition = fluvio.PartitionForKey(r.Key, len(next))
	}
	if !s.tellsPosition {
		return partition, next[partition]
	}
	if i >= len(acks) {
		t.Fatalf("%d acknowledgements, none for record %d", len(acks), i)
	}
	var said uint32
	if _, err := fmt.Sscanf(acks[i], "%d\t%d", &said, &offset); err != nil {
		t.Fatalf("acknowledgement %q: %v", acks[i], err)
	}
	if r.Key != nil && said != partition {
		t.Fatalf("record %d went to partition %d, its key %q belongs to %d", i, said, r.Key, partition)
	}
	if said > 1 || offset != next[said] {
		t.Fatalf("record %d: acknowledged as %q, but the partitions stood at %v", i, acks[i], next)
	}
	return said, offset
}

// same compares key and value; nothing and no bytes are not the same key.
func same(a, b fluvio.Record) bool {
	return bytes.Equal(a.Key, b.Key) && (a.Key == nil) == (b.Key == nil) && bytes.Equal(a.Value, b.Value)
}

// We produce, with timestamps of our own that go up and down: they read the same.
func TestOursToTheirs(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		s.topic(t, "ours", admin.TopicConfig{Partitions: 2})
		const noon = 1_700_000_000_000
		for _, codec := range compressions {
			sent := samples(exchanged, true)
			for i := range sent {
				sent[i].Timestamp = noon + int64(i%7-3)*86_400_000 + int64(i)
			}
			s.send(t, "ours", 1, sent, fluvio.WithCompression(codec), fluvio.WithLinger(20*time.Millisecond))
		}
		records := s.read(t, "ours", 1)
		if len(records) != exchanged*len(compressions) {
			t.Fatalf("we read %d of our records", len(records))
		}
		if codecs := s.codecs(t, "ours", 1); len(codecs) != len(compressions) {
			t.Errorf("batches by compression: %v", codecs)
		}
		want := s.lines(records)
		got := s.consume(t, "ours", 1, "beginning", len(want))
		if len(got) != len(want) {
			t.Fatalf("they read %d records of %d", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("record %d: they read\n%.200s\nwant\n%.200s", i, got[i], want[i])
			}
		}
	})
}

// The commands of weir itself, against the official client.
func TestCommandLine(t *testing.T) {
	each(t, every, func(t *testing.T, s *session) {
		weirDo(t, s, "", "topic", "create", "lines")
		weirDo(t, s, "a=1\nb=2\n=3\n", "produce", "lines", "--key-separator", "=", "--compression", "gzip")
		if s.compresses {
			s.produce(t, "lines", "zstd", []fluvio.Record{{Key: []byte("c"), Value: []byte("4")}})
		}
		records := s.read(t, "lines", 0)
		if got := s.consume(t, "lines", 0, "beginning", len(records)); !slices.Equal(got, s.lines(records)) {
			t.Errorf("they read %q, want %q", got, s.lines(records))
		}
		var want string
		for _, r := range records {
			want += `{"topic":"lines","partition":0,"offset":` + strconv.FormatInt(r.Offset, 10) + `,"timestamp":` + strconv.FormatInt(r.Timestamp, 10) +
				`,"key":` + strconv.Quote(string(r.Key)) + `,"value":` + strconv.Quote(string(r.Value)) + "}\n"
		}
		if got := weirDo(t, s, "", "consume", "lines", "--until-end", "--json"); got != want {
			t.Errorf("weir prints\n%s\nwant\n%s", got, want)
		}
	})
}
