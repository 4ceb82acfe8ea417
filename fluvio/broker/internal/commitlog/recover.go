package commitlog

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
)

const scanBuffer = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recoverTail checks every batch of the last segment and cuts what follows the last whole one.
//
// A killed process leaves a prefix of its last write behind, and nothing after it. Any other damage must not cost batches that
// were acknowledged: a whole batch with a later offset behind the damage shows that it is no torn tail, and is refused.
func recoverTail(log *slog.Logger, s *segment, f File) error {
	whole, damage, err := scanTail(s, f)
	if err != nil || damage == "" {
		return err
	}
	follows, err := follower(s, f, whole)
	if err != nil {
		return err
	}
	found, err := findBatch(s, f, whole+1, follows)
	if err != nil {
		return err
	}
	if found >= 0 {
		return s.corrupt(whole, s.end, "%s, yet a whole later batch follows at byte %d", damage, found)
	}
	if err := f.Truncate(whole); err != nil {
		return fmt.Errorf("cut the torn tail of %s at byte %d: %w", s.path, whole, err)
	}
	log.Warn("cut a torn tail", "file", s.path, "kept_bytes", whole, "cut_bytes", s.size-whole, "next_offset", s.end, "reason", damage)
	s.size = whole
	return nil
}

// scanTail reads all of s, fills in its end and index, and returns where its whole batches end and what is wrong there, if anything.
func scanTail(s *segment, f File) (whole int64, damage string, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f, 0, s.size), scanBuffer)
	s.end, s.index = s.base, nil
	for whole < s.size {
		if s.size-whole < headerSize {
			return whole, fmt.Sprintf("%d bytes are no batch header", s.size-whole), nil
		}
		b, err := r.Peek(headerSize)
		if err != nil {
			return 0, "", fmt.Errorf("read %s at byte %d: %w", s.path, whole, err)
		}
		h, err := s.headerAt(b, whole, s.end, s.size)
		if err != nil {
			return whole, reason(err), nil
		}
		sum, err := checksum(r, h)
		if err != nil {
			return 0, "", fmt.Errorf("read %s at byte %d: %w", s.path, whole, err)
		}
		if sum != h.crc {
			return whole, fmt.Sprintf("CRC-32C is %08x, the header says %08x", sum, h.crc), nil
		}
		s.index = s.index.add(entry{offset: h.base, pos: whole})
		s.end = h.end()
		whole += int64(h.size)
	}
	return whole, "", nil
}

func reason(err error) string {
	var damaged *CorruptError
	if errors.As(err, &damaged) {
		return damaged.Reason
	}
	return err.Error()
}

// checksum reads the batch that r stands at and returns the CRC-32C of its covered part.
func checksum(r *bufio.Reader, h header) (uint32, error) {
	if _, err := r.Discard(posAttrs); err != nil {
		return 0, err
	}
	var sum uint32
	for left := h.size - posAttrs; left > 0; {
		b, err := r.Peek(min(left, scanBuffer))
		if err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, castagnoli, b)
		left -= len(b)
		_, _ = r.Discard(len(b)) // cannot fail, these bytes were peeked
	}
	return sum, nil
}

// follower returns the offset that a batch behind the damage at position pos must have, or -1 if it may be any later one. A header that is as
// it should be, but for a batch that ends behind the file, is what a torn write leaves, and what follows are its records, which may hold
// batches of some other log. Only if its length is wrong can a batch of this log be there, and then it is the next.
func follower(s *segment, f File, pos int64) (int64, error) {
	if s.size-pos < headerSize {
		return -1, nil
	}
	var b [headerSize]byte
	if _, err := f.ReadAt(b[:], pos); err != nil {
		return -1, fmt.Errorf("read %s at byte %d: %w", s.path, pos, err)
	}
	h, err := parseHeader(b[:])
	if err != nil || h.base != s.end || int64(h.size) <= s.size-pos {
		return -1, nil
	}
	return h.end(), nil
}

// findBatch looks in s, at every byte from position from on, for a whole batch with a later offset than the log's end, or with the offset
// follows unless that is negative, and returns its position or -1. Records are free bytes and may imitate headers, so the work on
// checksums is bounded.
func findBatch(s *segment, f File, from, follows int64) (int64, error) {
	const overlap = headerSize - 1
	window := make([]byte, scanBuffer)
	budget := 16 * (s.size - from)
	for ; s.size-from >= headerSize; from += int64(len(window) - overlap) {
		n := int(min(int64(len(window)), s.size-from))
		if _, err := f.ReadAt(window[:n], from); err != nil && !errors.Is(err, io.EOF) {
			return -1, fmt.Errorf("read %s at byte %d: %w", s.path, from, err)
		}
		for i := 0; i+headerSize <= n; i++ {
			if window[i+posMagic] != magic {
				continue
			}
			pos := from + int64(i)
			h, err := parseHeader(window[i:])
			if err != nil || h.base <= s.end || follows >= 0 && h.base != follows || int64(h.size) > s.size-pos || budget < int64(h.size) {
				continue
			}
			budget -= int64(h.size)
			sum, err := checksum(bufio.NewReaderSize(io.NewSectionReader(f, pos, int64(h.size)), scanBuffer), h)
			if err != nil {
				return -1, fmt.Errorf("read %s at byte %d: %w", s.path, pos, err)
			}
			if sum == h.crc {
				return pos, nil
			}
		}
	}
	return -1, nil
}
