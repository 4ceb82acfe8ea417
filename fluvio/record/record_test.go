package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"pgregory.net/rapid"
)

var codecs = []Codec{None, Gzip, Snappy, LZ4, Zstd}

// clone is a record of its own memory.
func clone(r Record) Record {
	r.Key, r.Value = bytes.Clone(r.Key), append([]byte{}, r.Value...)
	return r
}

// readBatch returns all records of a batch.
func readBatch(t rapid.TB, d *Decompressor, b Batch) []Record {
	t.Helper()
	if err := b.Verify(); err != nil {
		t.Fatal(err)
	}
	payload, err := d.Payload(b)
	if err != nil {
		t.Fatal(err)
	}
	var out []Record
	records := Walk(b, payload)
	for records.Next() {
		out = append(out, clone(records.Record))
	}
	if records.Err() != nil || records.Count() != len(out) {
		t.Fatalf("%v, %d of %d records", records.Err(), len(out), records.Count())
	}
	return out
}

func drawRecords(t *rapid.T) []Record {
	data := rapid.SliceOfN(rapid.Byte(), 0, 300)
	start := rapid.Int64Range(1, 1<<50).Draw(t, "start")
	n := rapid.IntRange(0, 20).Draw(t, "n")
	records := make([]Record, n)
	for i := range records {
		records[i] = Record{
			Offset:    int64(i),
			Timestamp: start + rapid.Int64Range(math.MinInt32, math.MaxInt32).Draw(t, "delta"),
			Value:     append([]byte{}, data.Draw(t, "value")...),
		}
		if i == 0 {
			records[0].Timestamp = start
		}
		if rapid.Bool().Draw(t, "keyed") {
			records[i].Key = append([]byte{}, data.Draw(t, "key")...)
		}
	}
	return records
}

func TestWhatIsBuiltIsRead(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			b, err := NewBuilder(codec, 0)
			if err != nil {
				t.Fatal(err)
			}
			var d Decompressor
			rapid.Check(t, func(t *rapid.T) { buildAndRead(t, b, &d, codec) })
		})
	}
}

// buildAndRead makes a batch of random records, in the builder's used memory.
func buildAndRead(t *rapid.T, b *Builder, d *Decompressor, codec Codec) {
	want := drawRecords(t)
	b.Reset()
	var latest int64 = NoTimestamp
	for _, r := range want {
		size := b.Size() + b.SizeOf(r.Timestamp, r.Key, r.Value)
		if err := b.Append(r.Timestamp, r.Key, r.Value); err != nil {
			t.Fatal(err)
		}
		if b.Size() != size {
			t.Fatalf("size %d, %d was announced", b.Size(), size)
		}
		latest = max(latest, r.Timestamp)
	}
	b.SetProducer(1<<62, 7, -3)
	batch, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if codec == None && len(batch) != b.Size() {
		t.Fatalf("%d bytes, %d were announced", len(batch), b.Size())
	}
	if batch.Codec() != codec || batch.LeaderEpoch() != -1 || batch.MaxTimestamp() != latest || batch.BaseOffset() != 0 ||
		batch.ProducerID() != 1<<62 || batch.ProducerEpoch() != 7 || batch.FirstSequence() != -3 ||
		batch.RecordCount() != int64(len(want)) || batch.NextOffset() != int64(len(want)) {
		t.Fatalf("header: %x", batch[:HeaderSize])
	}
	split, rest, err := Next(append(bytes.Clone(batch), 1, 2, 3))
	if err != nil || !bytes.Equal(split, batch) || len(rest) != 3 {
		t.Fatalf("Next: %v, %d bytes left", err, len(rest))
	}
	got := readBatch(t, d, split)
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		if fmt.Sprintf("%#v", got[i]) != fmt.Sprintf("%#v", want[i]) {
			t.Fatalf("record %d is\n%#v\nwant\n%#v", i, got[i], want[i])
		}
	}
}

// builtBatch is a batch of three records.
func builtBatch(t testing.TB, codec Codec) Batch {
	t.Helper()
	b, err := NewBuilder(codec, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, value := range []string{"one", "two", "three"} {
		if err := b.Append(1_700_000_000_000+int64(i), []byte("key"), []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	batch, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestSetOfBatchesCutAnywhereLosesOnlyItsTail(t *testing.T) {
	one := builtBatch(t, None)
	set := append(bytes.Clone(one), one...)
	for cut := range set {
		whole, part := 0, set[:cut]
		var err error
		for err == nil {
			var b Batch
			if b, part, err = Next(part); err == nil {
				whole++
				if b.Verify() != nil {
					t.Fatal("damaged")
				}
			}
		}
		want := ErrTruncated
		if cut%len(one) == 0 {
			want = io.EOF
		}
		if whole != cut/len(one) || !errors.Is(err, want) || len(part) != cut%len(one) {
			t.Fatalf("cut at %d: %d batches, %v, %d bytes left", cut, whole, err, len(part))
		}
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	for _, codec := range codecs {
		batch := builtBatch(t, codec)
		for bit := atCRC * 8; bit < len(batch)*8; bit++ {
			damaged := bytes.Clone(batch)
			damaged[bit/8] ^= 1 << (bit % 8)
			b, _, err := Next(damaged)
			if err == nil {
				err = b.Verify()
			}
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrTruncated) {
				t.Fatalf("%v: bit %d: %v", codec, bit, err)
			}
		}
	}
}

func TestBaseOffsetChangesInPlaceAndKeepsTheChecksum(t *testing.T) {
	b := builtBatch(t, None)
	b.SetBaseOffset(1 << 40)
	if b.BaseOffset() != 1<<40 || b.NextOffset() != 1<<40+3 {
		t.Error(b.BaseOffset(), b.NextOffset())
	}
	got := readBatch(t, new(Decompressor), b)
	if got[2].Offset != 1<<40+2 {
		t.Error(got[2].Offset)
	}
}

func TestTimestampsTooFarApartDoNotShareABatch(t *testing.T) {
	b, _ := NewBuilder(None, 0)
	for _, first := range []int64{1_700_000_000_000, math.MaxInt64, math.MinInt64, 0} {
		b.Reset()
		if err := b.Append(first, nil, nil); err != nil {
			t.Fatal(err)
		}
		size := b.Size()
		for _, next := range []int64{first + 1<<31, first - 1<<31 - 1, first ^ math.MinInt64} {
			if err := b.Append(next, nil, nil); !errors.Is(err, ErrTooLarge) || b.Fits(next) || b.Size() != size {
				t.Errorf("%d after %d: %v", next, first, err)
			}
		}
		near := first + math.MaxInt32
		if near < first {
			near = first - math.MaxInt32
		}
		if err := b.Append(near, nil, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestUnfinishedBuilderGoesOn(t *testing.T) {
	b, _ := NewBuilder(Gzip, 0)
	var d Decompressor
	for i := range 3 {
		if err := b.Append(int64(i+1), nil, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		batch, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if got := readBatch(t, &d, batch); len(got) != i+1 || b.Len() != i+1 {
			t.Fatalf("%d records, want %d", len(got), i+1)
		}
	}
}

func TestUnknownCodecIsRefused(t *testing.T) {
	if _, err := NewBuilder(5, 0); !errors.Is(err, ErrCodec) {
		t.Error(err)
	}
	b := builtBatch(t, None)
	for codec := uint16(5); codec <= 7; codec++ {
		binary.BigEndian.PutUint16(b[atAttributes:], codec)
		if _, err := new(Decompressor).Payload(b); !errors.Is(err, ErrCodec) {
			t.Error(codec, err)
		}
	}
}
