package commitlog

import (
	"fmt"
	"os"
	"slices"
)

// load finds every segment in dir, oldest first, opens the last one and repairs its tail.
func load(cfg Config, dir string) (segs []*segment, tail File, err error) {
	defer func() {
		if err != nil {
			_ = closeAll(segs)
			segs = nil
		}
	}()
	bases, err := segmentBases(dir)
	if err != nil {
		return nil, nil, err
	}
	if len(bases) == 0 {
		s, f, err := createSegment(cfg, dir, 0)
		if err != nil {
			return nil, nil, err
		}
		return []*segment{s}, f, nil
	}
	for i, base := range bases {
		s, err := findSegment(cfg, dir, base)
		if err != nil {
			return segs, nil, err
		}
		segs = append(segs, s)
		if i > 0 && segs[i-1].end != base {
			return segs, nil, s.corrupt(0, segs[i-1].end, "the segment before it ends at offset %d", segs[i-1].end)
		}
		if i == len(bases)-1 {
			tail, err = openTail(cfg, s)
		} else {
			err = loadClosed(cfg, s)
		}
		if err != nil {
			return segs, nil, err
		}
	}
	return segs, tail, nil
}

// openTail opens the segment that is written to, and repairs it.
func openTail(cfg Config, s *segment) (File, error) {
	f, err := s.pin()
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	return f, recoverTail(cfg.Logger, s, f)
}

func segmentBases(dir string) ([]int64, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	var bases []int64
	for _, n := range names {
		if base, ok := parseSegmentName(n.Name()); ok {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	return bases, nil
}

// loadClosed takes a closed segment's end from its index, or walks its headers and makes the index again.
func loadClosed(cfg Config, s *segment) error {
	if readIndex(s) {
		return nil
	}
	err := s.walk(0, s.base, s.size, func(pos int64, h header) bool {
		s.index = s.index.add(entry{offset: h.base, pos: pos})
		s.end = h.end()
		return true
	})
	if err != nil {
		return err
	}
	if err := writeIndex(s, s.size, s.end, s.index); err != nil {
		cfg.Logger.Warn("cannot store a segment index; it will be made again at the next start", "file", s.path, "error", err)
	}
	return nil
}

func closeAll(segs []*segment) error {
	var first error
	for _, s := range segs {
		if err := s.discard(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
