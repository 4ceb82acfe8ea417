package commitlog

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"sort"
)

// indexInterval is how many bytes of log one index entry stands for: a lookup walks at most so far, and an index takes
// 1/4096 of its log in memory and on disk.
const indexInterval = 64 << 10

// entry says where a batch starts.
type entry struct {
	offset, pos int64
}

// index is a sparse list of batch starts in one segment, ascending.
type index []entry

// add notes a batch start if the last one noted is far enough back.
func (x index) add(e entry) index {
	if last := len(x) - 1; last >= 0 && e.pos-x[last].pos < indexInterval || last < 0 && e.pos < indexInterval {
		return x
	}
	return append(x, e)
}

// floor returns the last noted start at or before offset, or the segment's own.
func (x index) floor(base, offset int64) entry {
	i := sort.Search(len(x), func(i int) bool { return x[i].offset > offset })
	if i == 0 {
		return entry{offset: base}
	}
	return x[i-1]
}

// An index file, all integers big-endian:
//
//	┌ "weiridx1" ┬ log size i64 ┬ base i64 ┬ end i64 ┬ entries: (offset i64, pos i64)… ┬ CRC-32C of all before u32 ┐
const (
	indexMagic      = "weiridx1"
	indexHeaderSize = len(indexMagic) + 3*8
)

// writeIndex stores the index of a closed segment. It needs no care: a torn file fails its checksum and is made again.
func writeIndex(s *segment, size, end int64, x index) error {
	b := make([]byte, 0, indexHeaderSize+16*len(x)+4)
	b = append(b, indexMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	b = binary.BigEndian.AppendUint64(b, uint64(s.base))
	b = binary.BigEndian.AppendUint64(b, uint64(end))
	for _, e := range x {
		b = binary.BigEndian.AppendUint64(b, uint64(e.offset))
		b = binary.BigEndian.AppendUint64(b, uint64(e.pos))
	}
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return os.WriteFile(indexPath(s.path), b, 0o644)
}

// readIndex loads the index of a closed segment into s. It reports false if there is none that fits the log file.
func readIndex(s *segment) bool {
	path := indexPath(s.path)
	info, err := os.Stat(path)
	if err != nil || info.Size() > int64(indexHeaderSize)+4+16*(1+s.size/indexInterval) {
		return false
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	x, end, ok := parseIndex(b, s.base, s.size)
	if !ok {
		return false
	}
	s.index, s.end = x, end
	return true
}

func parseIndex(b []byte, base, size int64) (x index, end int64, ok bool) {
	body := len(b) - 4
	if body < indexHeaderSize || (body-indexHeaderSize)%16 != 0 || !bytes.HasPrefix(b, []byte(indexMagic)) {
		return nil, 0, false
	}
	if crc32.Checksum(b[:body], castagnoli) != binary.BigEndian.Uint32(b[body:]) {
		return nil, 0, false
	}
	i64 := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
	at := len(indexMagic)
	if end = i64(at + 16); i64(at) != size || i64(at+8) != base || end < base {
		return nil, 0, false
	}
	last := entry{offset: base}
	for at = indexHeaderSize; at < body; at += 16 {
		e := entry{offset: i64(at), pos: i64(at + 8)}
		if e.offset <= last.offset || e.pos <= last.pos || e.offset >= end || e.pos >= size {
			return nil, 0, false
		}
		x, last = append(x, e), e
	}
	return x, end, true
}
