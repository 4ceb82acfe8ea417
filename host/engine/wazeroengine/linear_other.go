//go:build !(linux && (amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x))

package wazeroengine

import "errors"

// Where there is no address space to spare, or no way to learn which pages have changed, memory is Go's: it moves when it
// grows beyond its room, and each image is a copy.

func reserve(int) ([]byte, error) { return nil, nil }

// commit makes space[from:to] usable, with room to grow.
func commit(space []byte, from, to int) ([]byte, error) {
	if to > cap(space) {
		grown := make([]byte, to, to+to/4)
		copy(grown, space[:from])
		return grown, nil
	}
	return space[:to], nil
}

func unreserve([]byte) error { return nil }

// forget clears memory.
func forget(memory []byte) error {
	clear(memory)
	return nil
}

func unmap([]byte) error { return nil }

// pagemap is not known here: openPagemap is always nil.
type pagemap struct{}

func openPagemap() *pagemap { return nil }

func openPagemapThat(bool) *pagemap { return nil }

func (*pagemap) close() error { return nil }

func (*pagemap) changed([]byte, func(at, end int) error) error { return errors.ErrUnsupported }

func (*pagemap) mapImage(_, _ []byte) ([]byte, error) { return nil, errors.ErrUnsupported }
