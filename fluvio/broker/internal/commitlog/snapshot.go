package commitlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-stream/weir/fluvio/record"
)

// A snapshot holds what is known of the writers of everything before an offset, which is its name, all integers big-endian:
//
//	┌ "weirwrt1" ┬ offset i64 ┬ number of writers u32 ┬ writers… ┬ CRC-32C of all before u32 ┐
//
// and a writer, in the order of their last appends:
//
//	┌ id i64 ┬ last i64 ┬ start i64 ┬ begin i64 ┬ number of runs u8 ┬ runs: (ordinal i64, offset i64, count i64)… ┐
const (
	writersMagic      = "weirwrt1"
	writersHeaderSize = len(writersMagic) + 8 + 4
	writerSize        = 4*8 + 1
	runSize           = 3 * 8
	writersSuffix     = ".writers"
	temporarySuffix   = ".tmp"

	// maxWriters bounds Config.MaxWriters, and so the snapshots that are read.
	maxWriters  = 1 << 20
	maxSnapshot = int64(writersHeaderSize+4) + maxWriters*(writerSize+maxRuns*runSize)
)

func snapshotPath(dir string, offset int64) string {
	return filepath.Join(dir, fmt.Sprintf("%0*d%s", nameDigits, offset, writersSuffix))
}

// snapshotOffsets lists the snapshots in a folder, newest first. It removes what a process left that died while it wrote one.
func snapshotOffsets(dir string) ([]int64, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	var offsets []int64
	for _, n := range names {
		if strings.HasSuffix(n.Name(), writersSuffix+temporarySuffix) {
			_ = os.Remove(filepath.Join(dir, n.Name())) // only untidy if it stays
		}
		digits, ok := strings.CutSuffix(n.Name(), writersSuffix)
		if offset, err := strconv.ParseInt(digits, 10, 64); ok && len(digits) == nameDigits && err == nil && offset >= 0 {
			offsets = append(offsets, offset)
		}
	}
	slices.Sort(offsets)
	slices.Reverse(offsets)
	return offsets, nil
}

// size is how many bytes a snapshot takes.
func (t *writers) size() int64 {
	n := int64(writersHeaderSize + 4)
	for e := t.used.Front(); e != nil; e = e.Next() {
		n += int64(writerSize + runSize*len(e.Value.(*writer).runs))
	}
	return n
}

func (t *writers) appendSnapshot(b []byte, offset int64) []byte {
	b = append(b, writersMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(offset))
	b = binary.BigEndian.AppendUint32(b, uint32(t.used.Len()))
	for e := t.used.Front(); e != nil; e = e.Next() {
		w := e.Value.(*writer)
		for _, v := range [...]int64{w.id, w.last, w.start, w.begin} {
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
		b = append(b, byte(len(w.runs)))
		for _, r := range w.runs {
			b = binary.BigEndian.AppendUint64(b, uint64(r.ordinal))
			b = binary.BigEndian.AppendUint64(b, uint64(r.offset))
			b = binary.BigEndian.AppendUint64(b, uint64(r.count))
		}
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// writeSnapshot stores what is known of the writers of everything before offset: whole or not at all when the process dies. With force also
// when power is lost; without, a torn one fails its checksum.
func (t *writers) writeSnapshot(dir string, offset int64, force bool) error {
	path := snapshotPath(dir, offset)
	temporary := path + temporarySuffix
	f, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(t.appendSnapshot(make([]byte, 0, t.size()), offset))
	if err == nil && force {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary) // the next start does it else
		return err
	}
	if force {
		return SyncDir(dir)
	}
	return nil
}

// readSnapshot fills t, which is empty, from the snapshot at offset. If it reports false t is as it was.
func (t *writers) readSnapshot(dir string, offset int64) bool {
	path := snapshotPath(dir, offset)
	if info, err := os.Stat(path); err != nil || info.Size() > maxSnapshot {
		return false
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	all, ok := parseSnapshot(b, offset)
	if !ok {
		return false
	}
	for _, w := range all[max(0, len(all)-t.max):] {
		t.add(w)
	}
	return true
}

// parseSnapshot returns the writers in a snapshot, and whether it is one, unharmed, and says nothing impossible.
func parseSnapshot(b []byte, offset int64) (all []*writer, ok bool) {
	body := len(b) - 4
	if body < writersHeaderSize || !bytes.HasPrefix(b, []byte(writersMagic)) {
		return nil, false
	}
	if crc32.Checksum(b[:body], castagnoli) != binary.BigEndian.Uint32(b[body:]) {
		return nil, false
	}
	r := snapshotReader{rest: b[len(writersMagic):body]}
	if r.i64() != offset || offset < 0 {
		return nil, false
	}
	left := int(binary.BigEndian.Uint32(r.take(4)))
	if left > len(r.rest)/(writerSize+runSize) {
		return nil, false
	}
	all = make([]*writer, 0, left)
	seen := make(map[int64]bool, left)
	end := int64(0) // of the writer before
	for ; left > 0; left-- {
		w := r.writer()
		if w == nil || seen[w.id] {
			return nil, false
		}
		last := w.runs[len(w.runs)-1]
		if last.offset < end || last.offset+last.count > offset {
			return nil, false
		}
		end = last.offset + last.count
		seen[w.id] = true
		all = append(all, w)
	}
	return all, len(r.rest) == 0
}

type snapshotReader struct{ rest []byte }

func (r *snapshotReader) take(n int) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *snapshotReader) i64() int64 { return int64(binary.BigEndian.Uint64(r.take(8))) }

// writer reads a writer, or nil if there is none that can be.
func (r *snapshotReader) writer() *writer {
	if len(r.rest) < writerSize {
		return nil
	}
	w := &writer{id: r.i64(), last: r.i64(), start: r.i64(), begin: r.i64()}
	runs := int(r.take(1)[0])
	if w.id < 0 || w.last < 0 || w.start < 0 || w.begin < 0 || runs < 1 || runs > maxRuns || len(r.rest) < runs*runSize {
		return nil
	}
	ordinal, offset := w.start, w.begin // the least that the next run may have
	for i := range runs {
		n := run{ordinal: r.i64(), offset: r.i64(), count: r.i64()}
		ordinalFits := n.ordinal == ordinal || i == 0 && n.ordinal > ordinal
		if !ordinalFits || n.offset < offset || n.count < 1 || n.ordinal > record.MaxOrdinal || n.count > math.MaxInt64-max(n.ordinal, n.offset) {
			return nil
		}
		ordinal, offset = n.ordinal+n.count, n.offset+n.count
		w.runs = append(w.runs, n)
	}
	return w
}
