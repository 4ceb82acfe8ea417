package record

import (
	"bytes"
	"testing"
)

// FuzzSet reads record sets of any bytes, all the way to their records.
func FuzzSet(f *testing.F) {
	for _, v := range readVectors(f) {
		if len(v.set) < 1000 {
			f.Add(v.set)
		}
	}
	for _, codec := range codecs {
		b := builtBatch(f, codec)
		f.Add([]byte(b))
		f.Add(append(bytes.Clone(b), b[:70]...))
	}
	f.Fuzz(func(t *testing.T, set []byte) {
		d := Decompressor{MaxPayload: 1 << 16}
		for {
			before := len(set)
			b, rest, err := Next(set)
			if err != nil {
				if len(rest) != before {
					t.Fatal("an error that consumes bytes")
				}
				return
			}
			if len(b)+len(rest) != before || len(b) < HeaderSize {
				t.Fatalf("%d bytes split into %d and %d", before, len(b), len(rest))
			}
			set = rest
			_ = b.Verify()
			b.SchemaID()
			if payload, err := d.Payload(b); err == nil {
				walkAll(t, b, payload)
			}
		}
	})
}

func walkAll(t *testing.T, b Batch, payload []byte) {
	t.Helper()
	it := Walk(b, payload)
	n, size := 0, 0
	for it.Next() {
		n++
		size += len(it.Key) + len(it.Value) + 6
		if it.Value == nil || it.Offset != b.BaseOffset()+int64(n-1) {
			t.Fatalf("record %d: %+v", n, it.Record)
		}
	}
	if n > 0 && size+4 > len(payload) {
		t.Fatalf("%d bytes of records in %d", size, len(payload))
	}
	if it.Err() == nil && n != it.Count() {
		t.Fatalf("%d of %d records without an error", n, it.Count())
	}
}

// FuzzRecords walks over payloads of any bytes.
func FuzzRecords(f *testing.F) {
	header := builtBatch(f, None)
	f.Add([]byte(header.Payload()))
	f.Add([]byte{0, 0, 0, 1, 0x1c, 0, 0, 0, 1, 4, 'k', '1', 10, 'h', 'e', 'l', 'l', 'o', 0})
	f.Add([]byte{127, 255, 255, 255})
	f.Fuzz(func(t *testing.T, payload []byte) { walkAll(t, header, payload) })
}

// FuzzDecompress gives decoders any bytes to decompress.
func FuzzDecompress(f *testing.F) {
	for _, codec := range codecs {
		b := builtBatch(f, codec)
		f.Add(uint8(codec), []byte(b.Payload()))
	}
	var kept Decompressor // also goes on after every error
	kept.MaxPayload = 1 << 16
	f.Fuzz(func(t *testing.T, codec uint8, payload []byte) {
		b := make(Batch, HeaderSize, HeaderSize+len(payload))
		b[atAttributes+1] = codec & codecMask
		b = append(b, payload...)
		got, err := kept.Append(nil, b)
		if err == nil && b.Codec() != None && len(got) > kept.MaxPayload {
			t.Fatalf("%d bytes, limit %d", len(got), kept.MaxPayload)
		}
		fresh := Decompressor{MaxPayload: kept.MaxPayload}
		again, errAgain := fresh.Append(nil, b)
		if (err == nil) != (errAgain == nil) || err == nil && !bytes.Equal(got, again) {
			t.Fatalf("a used decoder says %x, %v; a new one %x, %v", got, err, again, errAgain)
		}
	})
}
