package wazeroengine

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/experimental"

	"github.com/weir-stream/weir/internal/fault"
)

// linear is the linear memory of one instance. On Linux with 64 bits it is address space of its own, reserved for all that
// the memory may ever grow to: it never moves, takes only what was touched, and goes back to the system, zeroed, when the
// instance is closed (linear_linux.go). Elsewhere it is Go memory (linear_other.go).
//
// An image of it is kept in one of two ways. A small memory has a copy, and what differs from it is copied back. A larger
// one is, from the moment it is pinned, a private mapping of a file that holds the image: the kernel makes a page its own
// when it is first written to and tells which ones those are, so that a restore looks at them alone. They are copied back
// rather than dropped, since a dropped page costs a fault at its next use, many times as dear as the copy.
type linear struct {
	space []byte // in use are the first size bytes; what lies behind is zero, or not accessible
	size  int
	most  int      // that was reserved
	pages *pagemap // nil where the system doesn't tell which pages have changed

	allowed int // what it may grow to now

	pinned int    // size of the image; -1: there is none
	copied []byte // the image, where it is a copy
	mapped []byte // the image, where it is the file beneath the memory
}

var _ experimental.LinearMemory = (*linear)(nil)

const (
	// smallImage is up to where an image is a copy: comparing so much costs less than the faults of a fresh mapping.
	smallImage = 256 << 10
	// mostResident is how much changed memory a restore leaves to an instance, the rest goes back to the system.
	mostResident = 4 << 20
)

// newLinear makes a memory of size 0 that can grow to most bytes, a multiple of 64 KiB. pages may be nil.
func newLinear(most int, pages *pagemap) (*linear, error) {
	space, err := reserve(most)
	if err != nil {
		return nil, fmt.Errorf("reserving %d bytes of address space for an instance's memory: %w", most, err)
	}
	return &linear{space: space, most: most, allowed: most, pages: pages, pinned: -1}, nil
}

// limit sets what the memory may grow to, for a call that begins.
func (l *linear) limit(allowed int) { l.allowed = min(allowed, l.most) }

// Reallocate changes the size; nil where that is too much, or the system has no memory for it. Only wazero and shrink call
// it, with multiples of 64 KiB. What comes into use is zero.
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(max(l.allowed, l.size)) {
		return nil
	}
	n := int(size)
	if n > l.size {
		space, err := commit(l.space, l.size, n)
		if err != nil {
			return nil
		}
		l.space = space
	}
	if l.size = n; n == 0 {
		return []byte{} // nil would be a refusal
	}
	return l.space[:n:n]
}

// Free does nothing: wazero calls it when its instance is closed; release is what frees the memory.
func (l *linear) Free() {}

// release frees memory and image. Whoever reads them afterwards crashes.
func (l *linear) release() error {
	space, mapped := l.space, l.mapped
	l.space, l.size, l.mapped, l.copied, l.pinned = nil, 0, nil, nil, -1
	return errors.Join(unreserve(space), unmap(mapped))
}

// pin makes the memory as it is the image.
func (l *linear) pin() error {
	memory := l.space[:l.size]
	switch {
	case l.mapped != nil && l.pinned == l.size:
		return l.pages.changed(memory, func(at, end int) error {
			copy(l.mapped[at:end], memory[at:end])
			return nil
		})
	case l.size <= smallImage || l.pages == nil:
		l.copied, l.pinned = append(l.copied[:0], memory...), l.size
		return nil
	}
	image, err := l.pages.mapImage(memory, l.mapped)
	if err != nil {
		return fault.Environmentf("keeping an image of %d bytes of memory: %w", l.size, err)
	}
	old := l.mapped
	l.mapped, l.copied, l.pinned = image, nil, l.size
	return unmap(old)
}

// restore puts the image back and makes everything behind it zero. The size stays what it is: see shrink.
func (l *linear) restore() error {
	if l.mapped != nil {
		return l.restoreMapped()
	}
	memory, image := l.space[:l.size], l.copied
	const block = 4096
	for at := 0; at < len(image); at += block {
		if end := at + block; !bytes.Equal(memory[at:end], image[at:end]) {
			copy(memory[at:end], image[at:end])
		}
	}
	return l.zero(l.pinned, l.size)
}

func (l *linear) restoreMapped() error {
	memory, resident := l.space[:l.size], 0
	return l.pages.changed(memory, func(at, end int) error {
		if resident += end - at; resident > mostResident {
			return forget(memory[at:end])
		}
		if at < l.pinned {
			at += copy(memory[at:end], l.mapped[at:])
		}
		clear(memory[at:end])
		return nil
	})
}

// zero clears memory: by hand where it is little, else by giving it back to the system.
func (l *linear) zero(at, end int) error {
	if end-at > smallImage {
		return forget(l.space[at:end])
	}
	clear(l.space[at:end])
	return nil
}
