package commitlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/fluvio/record"
)

// compressed makes a batch of n records of size bytes.
func compressed(t testing.TB, codec record.Codec, n, size int) record.Batch {
	t.Helper()
	b, err := record.NewBuilder(codec, 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := b.Append(1_700_000_000_000, nil, []byte(strings.Repeat(string(rune('a'+i%26)), size))); err != nil {
			t.Fatal(err)
		}
	}
	out, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(out)
}

// withPayload puts another payload into a batch.
func withPayload(b record.Batch, payload []byte) []byte {
	out := append(bytes.Clone(b[:headerSize]), payload...)
	binary.BigEndian.PutUint32(out[posLength:], uint32(len(out)-preambleSize))
	seal(out)
	return out
}

func TestCompressedBatchesHaveTheirRecordsCounted(t *testing.T) {
	for _, codec := range []record.Codec{record.None, record.Gzip, record.Snappy, record.LZ4, record.Zstd} {
		t.Run(codec.String(), func(t *testing.T) {
			l := open(t, t.TempDir(), Config{})
			for _, n := range []int{1, 3, 2000} {
				mustAppend(t, l, compressed(t, codec, n, 100))
			}
			_, before := l.Bounds()
			good := compressed(t, codec, 3, 100)
			for name, bad := range map[string][]byte{
				"too many offsets": func() []byte { b := bytes.Clone(good); b[posLastDelta+3]++; seal(b); return b }(),
				"too few offsets":  func() []byte { b := bytes.Clone(good); b[posLastDelta+3]--; seal(b); return b }(),
				"no payload":       withPayload(good, nil),
				"three bytes":      withPayload(good, good.Payload()[:3]),
				"rubbish":          withPayload(good, bytes.Repeat([]byte{0xee}, 60)),
			} {
				if _, _, err := l.Append(bad); !errors.Is(err, ErrCorruptBatch) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, after := l.Bounds(); after != before {
				t.Error("something was stored")
			}
			mustAppend(t, l, good)
		})
	}
}

// A frame may want more memory to be read than the log spends on a look at its start; consumers can read it.
func TestZstdFrameWithALargeWindowIsNotCounted(t *testing.T) {
	b := compressed(t, record.Zstd, 3, 100)
	payload, err := new(record.Decompressor).Payload(b)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(4*maxWindow), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	// A stream of which the encoder does not know the size announces the whole window.
	for _, part := range [][]byte{payload[:10], payload[10:]} {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	large := withPayload(b, out.Bytes())
	if _, known, err := recordCount(large); known || err != nil {
		t.Fatalf("known %v, %v", known, err)
	}
	mustAppend(t, open(t, t.TempDir(), Config{}), large)
}

// FuzzRecordCount gives the decompressors any bytes: they answer, and forget.
func FuzzRecordCount(f *testing.F) {
	for _, codec := range []record.Codec{record.Gzip, record.Snappy, record.LZ4, record.Zstd} {
		f.Add(uint8(codec), []byte(compressed(f, codec, 3, 10).Payload()))
	}
	good := map[record.Codec]record.Batch{}
	for _, codec := range []record.Codec{record.Gzip, record.Snappy, record.LZ4, record.Zstd} {
		good[codec] = compressed(f, codec, 3, 10)
	}
	f.Fuzz(func(t *testing.T, codec uint8, payload []byte) {
		b := batch(1, 0, 0)
		b[posAttrs+1] = codec & 7
		_, _, _ = recordCount(withPayload(b, payload))
		if g := good[record.Codec(codec&7)]; g != nil {
			if n, known, err := recordCount(g); n != 3 || !known || err != nil {
				t.Fatalf("after %x: %d %v %v", payload, n, known, err)
			}
		}
	})
}

// Blocks without content are legal, but only so many of them are gone through to find the first record.
func TestEmptyBlocksAreNotGoneThroughForever(t *testing.T) {
	identifier := []byte("\xff\x06\x00\x00sNaPpY") // of Snappy's framing format, may come any number of times
	good := compressed(t, record.Snappy, 3, 100)
	l := open(t, t.TempDir(), Config{})
	mustAppend(t, l, withPayload(good, append(bytes.Repeat(identifier, 100), good.Payload()...)))
	endless := append(bytes.Repeat(identifier, peeked/len(identifier)+1), good.Payload()...)
	if _, _, err := l.Append(withPayload(good, endless)); !errors.Is(err, ErrCorruptBatch) {
		t.Errorf("got %v", err)
	}
}
