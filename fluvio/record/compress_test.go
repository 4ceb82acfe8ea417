package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// compressed is a batch whose payload is one record of n zeros.
func compressed(t testing.TB, codec Codec, n int) Batch {
	t.Helper()
	b, err := NewBuilder(codec, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Append(1, nil, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	batch, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestBombsStopAtTheLimit(t *testing.T) {
	const limit = 1 << 20
	for _, codec := range codecs[1:] {
		bomb := compressed(t, codec, 64<<20)
		fits := compressed(t, codec, limit-100)
		d := Decompressor{MaxPayload: limit}
		if _, err := d.Payload(fits); err != nil { // makes the decoder
			t.Errorf("%v: %v", codec, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := d.Payload(bomb)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrDamaged) {
			t.Errorf("%v: %v", codec, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 9*limit {
			t.Errorf("%v: %d bytes allocated, limit %d", codec, got, limit) // zstd: a window of 8 MiB
		}
		if got, err := d.Payload(fits); err != nil || len(got) < limit-100 {
			t.Errorf("%v: unusable after a bomb: %v", codec, err)
		}
	}
}

func TestPayloadOfExactlyTheLimitPasses(t *testing.T) {
	for _, codec := range codecs[1:] {
		batch := compressed(t, codec, 1000)
		var d Decompressor
		payload, err := d.Payload(batch)
		if err != nil {
			t.Fatal(err)
		}
		exact, small := Decompressor{MaxPayload: len(payload)}, Decompressor{MaxPayload: len(payload) - 1}
		if _, err := exact.Payload(batch); err != nil {
			t.Errorf("%v: %v", codec, err)
		}
		if _, err := small.Payload(batch); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%v: %v", codec, err)
		}
	}
}

func TestAppendKeepsWhatWasThere(t *testing.T) {
	var d Decompressor
	for _, codec := range codecs {
		batch := compressed(t, codec, 1000)
		want, err := d.Payload(batch)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Append([]byte("before"), batch)
		if err != nil || !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Errorf("%v: %v, %q", codec, err, got[:10])
		}
		binary.BigEndian.PutUint16(batch[atAttributes:], 6)
		if got, err = d.Append([]byte("before"), batch); err == nil || string(got) != "before" {
			t.Errorf("%v: %v, %q after an error", codec, err, got)
		}
	}
}

func TestDamagedCompressionIsAnError(t *testing.T) {
	for _, codec := range codecs[1:] {
		whole := builtBatch(t, codec)
		var d Decompressor
		for cut := HeaderSize + 1; cut < len(whole)-1; cut++ {
			payload, err := d.Append(nil, whole[:cut])
			if err == nil && codec != Snappy { // its chunks are whole at every boundary
				t.Errorf("%v: %d of %d bytes give %x", codec, cut, len(whole), payload)
			}
			if err != nil && !errors.Is(err, ErrDamaged) {
				t.Errorf("%v: %v", codec, err)
			}
		}
		if got := readBatch(t, &d, whole); len(got) != 3 {
			t.Errorf("%v: unusable after damage", codec)
		}
	}
}
