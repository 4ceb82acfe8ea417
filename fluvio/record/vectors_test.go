package record

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// vector is batches as the published crates of Fluvio write them (tools/vectors), and what they read them as. In its file
// it is a line "codec: title", a line of hex and a line of JSON.
type vector struct {
	codec, title string
	set          []byte
	want         []vectorBatch
}

type vectorBatch struct {
	BaseOffset      int64  `json:"base_offset"`
	LeaderEpoch     int32  `json:"leader_epoch"`
	CRC             uint32 `json:"crc"`
	Codec           string `json:"codec"`
	LastOffsetDelta int32  `json:"last_offset_delta"`
	FirstTimestamp  int64  `json:"first_timestamp"`
	MaxTimestamp    int64  `json:"max_timestamp"`
	ProducerID      int64  `json:"producer_id"`
	ProducerEpoch   int16  `json:"producer_epoch"`
	FirstSequence   int32  `json:"first_sequence"`
	Records         []vectorRecord
}

type vectorRecord struct {
	Offset    int64
	Timestamp int64
	Key       *hexBytes
	Value     hexBytes
}

// hexBytes is hex digits, or {"repeat": hex digits, "times": n}.
type hexBytes []byte

func (b *hexBytes) UnmarshalJSON(text []byte) error {
	long := struct {
		Repeat string
		Times  int
	}{Times: 1}
	err := json.Unmarshal(text, &long.Repeat)
	if err != nil {
		err = json.Unmarshal(text, &long)
	}
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(long.Repeat)
	*b = bytes.Repeat(raw, long.Times)
	return err
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors/batches.txt")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	for _, section := range strings.Split(strings.TrimSpace(string(text)), "\n\n")[1:] {
		lines := strings.Split(section, "\n")
		if len(lines) != 3 {
			t.Fatalf("not a vector: %.200s", section)
		}
		var v vector
		v.codec, v.title, _ = strings.Cut(lines[0], ": ")
		if v.set, err = hex.DecodeString(lines[1]); err != nil {
			t.Fatalf("%s: %v", lines[0], err)
		}
		if err := json.Unmarshal([]byte(lines[2]), &v.want); err != nil {
			t.Fatalf("%s: %v", lines[0], err)
		}
		vectors = append(vectors, v)
	}
	return vectors
}

// TestOfficialBatchesAreReadAlike reads what official crates have written, and compares everything with what they read.
func TestOfficialBatchesAreReadAlike(t *testing.T) {
	var d Decompressor
	seen := map[string]int{}
	for _, v := range readVectors(t) {
		t.Run(v.codec+"/"+v.title, func(t *testing.T) {
			set := v.set
			for _, want := range v.want {
				b, rest, err := Next(set)
				if err != nil {
					t.Fatal(err)
				}
				set = rest
				checkBatch(t, b, want)
				payload, err := d.Payload(b)
				if err != nil {
					t.Fatal(err)
				}
				checkRecords(t, b, payload, want.Records)
				seen[want.Codec]++
			}
			if len(set) > 0 {
				t.Errorf("%d bytes left", len(set))
			}
		})
	}
	for _, codec := range codecs {
		if seen[codec.String()] == 0 {
			t.Errorf("no batch of %v", codec)
		}
	}
}

func checkBatch(t *testing.T, b Batch, want vectorBatch) {
	t.Helper()
	if err := b.Verify(); err != nil {
		t.Error(err)
	}
	got := vectorBatch{
		BaseOffset: b.BaseOffset(), LeaderEpoch: b.LeaderEpoch(), CRC: b.CRC(), Codec: b.Codec().String(),
		LastOffsetDelta: b.LastOffsetDelta(), FirstTimestamp: b.FirstTimestamp(), MaxTimestamp: b.MaxTimestamp(),
		ProducerID: b.ProducerID(), ProducerEpoch: b.ProducerEpoch(), FirstSequence: b.FirstSequence(),
	}
	want.Records = nil
	gotText, _ := json.Marshal(got)
	wantText, _ := json.Marshal(want)
	if !bytes.Equal(gotText, wantText) {
		t.Errorf("header\n%s, officially\n%s", gotText, wantText)
	}
}

func checkRecords(t *testing.T, b Batch, payload []byte, want []vectorRecord) {
	t.Helper()
	records := Walk(b, payload)
	if records.Count() != len(want) {
		t.Errorf("%d records announced, officially %d", records.Count(), len(want))
	}
	n := 0
	for ; records.Next() && n < len(want); n++ {
		w := want[n]
		sameKey := (records.Key == nil) == (w.Key == nil) && (w.Key == nil || bytes.Equal(records.Key, *w.Key))
		if records.Offset != w.Offset || records.Timestamp != w.Timestamp || !sameKey || !bytes.Equal(records.Value, w.Value) {
			t.Errorf("record %d: %d at %d, key %q, value %.50q; officially %+.200v", n, records.Offset, records.Timestamp, records.Key, records.Value, w)
		}
	}
	if records.Err() != nil || n != len(want) {
		t.Errorf("%d records, officially %d: %v", n, len(want), records.Err())
	}
}

// TestOfficialBatchesAreBuiltAlike builds batches from the records of official ones: those without compression are the
// same to the last byte, and the payloads of the others are the same once decompressed.
func TestOfficialBatchesAreBuiltAlike(t *testing.T) {
	plain := map[string][]byte{}
	var d Decompressor
	for _, v := range readVectors(t) {
		if len(v.want) != 1 {
			continue
		}
		b, _, err := Next(v.set)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := d.Append(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		if v.codec != None.String() {
			if !bytes.Equal(payload, plain[v.title]) {
				t.Errorf("%s: %s: another payload than without compression", v.codec, v.title)
			}
			continue
		}
		plain[v.title] = payload
		if slices.Contains([]string{"no timestamps", "no records"}, v.title) {
			continue // Builder always writes a first timestamp, and no empty batches
		}
		if again := rebuild(t, b, v.want[0]); !bytes.Equal(again, b) {
			t.Errorf("%s: built\n%x\nofficially\n%x", v.title, again, b)
		}
	}
}

// rebuild builds a batch from its records as they were read officially.
func rebuild(t *testing.T, b Batch, from vectorBatch) Batch {
	t.Helper()
	bl, err := NewBuilder(None, len(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range from.Records {
		var key []byte
		if r.Key != nil {
			key = append([]byte{}, *r.Key...)
		}
		if err := bl.Append(r.Timestamp, key, r.Value); err != nil {
			t.Fatal(err)
		}
	}
	bl.SetProducer(from.ProducerID, from.ProducerEpoch, from.FirstSequence)
	again, err := bl.Finish()
	if err != nil {
		t.Fatal(err)
	}
	again.SetBaseOffset(from.BaseOffset)
	binary.BigEndian.PutUint32(again[atLeaderEpoch:], uint32(from.LeaderEpoch)) // which a Builder has no use for
	return again
}
