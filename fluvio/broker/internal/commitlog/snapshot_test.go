package commitlog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"os"
	"testing"

	"github.com/weir-stream/weir/fluvio/record"
)

func someWriters() *writers {
	w := newWriters(Config{}.withDefaults())
	w.note(record.Sequence{Writer: 7, Ordinal: 100}, 3, 0, 1_700_000_000)
	w.note(record.Sequence{Writer: 9, Ordinal: 0}, 2, 3, 1_700_000_001)
	w.note(record.Sequence{Writer: 7, Ordinal: 103}, 1, 5, 1_700_000_002)
	return w
}

// The bytes are laid down: a later version has to read what this one wrote.
func TestSnapshotBytes(t *testing.T) {
	got := someWriters().appendSnapshot(nil, 6)
	want := "7765697277727431" + "0000000000000006" + "00000002" +
		"0000000000000009" + "000000006553f101" + "0000000000000000" + "0000000000000003" + "01" +
		"0000000000000000" + "0000000000000003" + "0000000000000002" +
		"0000000000000007" + "000000006553f102" + "0000000000000064" + "0000000000000000" + "02" +
		"0000000000000064" + "0000000000000000" + "0000000000000003" +
		"0000000000000067" + "0000000000000005" + "0000000000000001" +
		"31ed25e1"
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
	if n := someWriters().size(); n != int64(len(got)) {
		t.Errorf("size %d of %d", n, len(got))
	}
}

func TestSnapshotOfMoreWritersThanAreRemembered(t *testing.T) {
	dir := t.TempDir()
	if err := someWriters().writeSnapshot(dir, 6, true); err != nil {
		t.Fatal(err)
	}
	w := newWriters(Config{MaxWriters: 1}.withDefaults())
	if !w.readSnapshot(dir, 6) || w.used.Len() != 1 || w.get(7) == nil || w.get(7).next() != 104 {
		t.Errorf("%d writers", w.used.Len())
	}
}

func TestSnapshotThatSaysWhatCannotBe(t *testing.T) {
	good := someWriters().appendSnapshot(nil, 6)
	const first, second = writersHeaderSize, writersHeaderSize + writerSize + runSize
	for name, at := range map[string]struct {
		pos   int
		value uint64
	}{
		"another offset":             {8, 7},
		"a writer twice":             {second, 9},
		"a negative writer":          {second, 1 << 63},
		"a negative time":            {second + 8, 1 << 63},
		"a first ordinal behind":     {second + 16, 101},
		"a first offset behind":      {second + 24, 1},
		"a gap between runs":         {second + writerSize + runSize, 104},
		"runs that overlap":          {second + writerSize + runSize + 8, 2},
		"a run of nothing":           {second + writerSize + runSize + 16, 0},
		"a run beyond the offset":    {second + writerSize + runSize + 16, 2},
		"a run beyond all numbers":   {second + writerSize + runSize + 16, 1<<63 - 1},
		"an ordinal beyond the last": {second + writerSize, record.MaxOrdinal + 1},
		"writers in another order":   {first + writerSize + 8, 5},
	} {
		t.Run(name, func(t *testing.T) {
			b := bytes.Clone(good)
			binary.BigEndian.PutUint64(b[at.pos:], at.value)
			body := len(b) - 4
			binary.BigEndian.PutUint32(b[body:], crc32.Checksum(b[:body], castagnoli))
			if all, ok := parseSnapshot(b, 6); ok {
				t.Errorf("accepted: %d writers", len(all))
			}
		})
	}
	for n := range good {
		if _, ok := parseSnapshot(good[:n], 6); ok {
			t.Errorf("accepted the first %d bytes", n)
		}
		bad := bytes.Clone(good)
		bad[n] ^= 0x40
		if _, ok := parseSnapshot(bad, 6); ok {
			t.Errorf("accepted with byte %d changed", n)
		}
	}
	if err := os.WriteFile(snapshotPath(t.TempDir(), 6), good, 0o644); err != nil {
		t.Fatal(err)
	}
	if all, ok := parseSnapshot(good, 6); !ok || len(all) != 2 {
		t.Error("refused a good one")
	}
}

// FuzzSnapshot gives the decoder any bytes with a checksum that fits: what it accepts it writes again as it was, and nothing in it breaks
// the rules that a log relies on.
func FuzzSnapshot(f *testing.F) {
	good := someWriters().appendSnapshot(nil, 6)
	f.Add(good[:len(good)-4], int64(6))
	f.Add([]byte(writersMagic), int64(0))
	empty := newWriters(Config{}.withDefaults()).appendSnapshot(nil, 0)
	f.Add(empty[:len(empty)-4], int64(0))
	f.Fuzz(func(t *testing.T, body []byte, offset int64) {
		b := binary.BigEndian.AppendUint32(bytes.Clone(body), crc32.Checksum(body, castagnoli))
		all, ok := parseSnapshot(b, offset)
		if !ok {
			return
		}
		w := newWriters(Config{}.withDefaults())
		for _, one := range all {
			w.add(one)
			if !one.holds(one.runs[0].ordinal, one.next()-one.runs[0].ordinal) {
				t.Fatalf("%+v does not hold its runs", one)
			}
			if at, ok := one.offset(one.next() - 1); !ok || at < one.begin || at >= offset {
				t.Fatalf("%+v: last ordinal at %d", one, at)
			}
		}
		if again := w.appendSnapshot(nil, offset); !bytes.Equal(again, b) {
			t.Fatalf("read  %x\nwrote %x", b, again)
		}
		w.note(record.Sequence{Writer: 1, Ordinal: 5}, 3, offset, 0)
	})
}
