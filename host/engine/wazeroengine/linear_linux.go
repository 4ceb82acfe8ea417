//go:build linux && (amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x)

package wazeroengine

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reserve takes address space that nothing can be read from or written to yet.
func reserve(most int) ([]byte, error) {
	if most == 0 {
		return nil, nil
	}
	return unix.Mmap(-1, 0, most, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
}

// commit makes space[from:to] usable. It is zero.
func commit(space []byte, from, to int) ([]byte, error) {
	return space, unix.Mprotect(space[from:to], unix.PROT_READ|unix.PROT_WRITE)
}

// unreserve gives all of it back.
func unreserve(space []byte) error {
	if space == nil {
		return nil
	}
	return unix.Munmap(space)
}

// forget drops whole pages. They read as what the file beneath them holds, as zero where there is none.
func forget(memory []byte) error { return unix.Madvise(memory, unix.MADV_DONTNEED) }

func unmap(image []byte) error {
	if image == nil {
		return nil
	}
	return unix.Munmap(image)
}

// pagemap tells which pages of this process's memory are its own, not those of a file that is mapped there: see
// https://docs.kernel.org/admin-guide/mm/pagemap.html. It is safe for concurrent use.
type pagemap struct {
	file  *os.File
	scans bool // it can be asked for runs of pages
}

// openPagemap is nil where /proc is absent or closed to us, or no file can be mapped.
func openPagemap() *pagemap {
	for _, scans := range []bool{true, false} {
		if p := openPagemapThat(scans); p != nil {
			return p
		}
	}
	return nil
}

// openPagemapThat is nil where it can't be asked, or read.
func openPagemapThat(scans bool) *pagemap {
	file, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return nil
	}
	p := &pagemap{file, scans}
	if !p.works() {
		_ = file.Close()
		return nil
	}
	return p
}

// works tries an image out, once: sandboxes that imitate Linux may lack one part or the other.
func (p *pagemap) works() (ok bool) {
	const size = 1 << 16
	l, err := newLinear(size, p)
	if err != nil {
		return false
	}
	defer func() { ok = l.release() == nil && ok }()
	memory := l.Reallocate(size)
	if memory == nil {
		return false
	}
	memory[1] = 1
	if l.mapped, err = p.mapImage(memory, nil); err != nil || memory[1] != 1 {
		return false
	}
	memory[size-1] = 1
	found := 0
	err = p.changed(memory, func(at, end int) error {
		found += end - at
		return nil
	})
	return err == nil && found == os.Getpagesize() && l.mapped[size-1] == 0
}

func (p *pagemap) close() error {
	if p == nil {
		return nil
	}
	return p.file.Close()
}

// changed calls f for each run of pages that memory holds on its own account. memory begins at a page.
func (p *pagemap) changed(memory []byte, f func(at, end int) error) error {
	if p.scans {
		return p.scan(memory, f)
	}
	return p.read(memory, f)
}

// scanArgument is the kernel's struct pm_scan_arg. The regions are on the stack, which may move: only a pointer moves with it.
type scanArgument struct {
	size, flags, start, end, walkEnd uint64
	regions                          *scanRegion
	regionsLength, mostPages         uint64
	inverted, mask, anyOf, result    uint64
}

// scanRegion is the kernel's struct page_region.
type scanRegion struct {
	start, end uint64
	_          uint64 // its categories
}

// Categories of pages, and the request, which Linux has since 6.7: it takes a tenth of the time of reading.
const (
	categoryFile    = 1 << 2
	categoryPresent = 1 << 3
	categorySwapped = 1 << 4
	requestScan     = 3<<30 | uint(unsafe.Sizeof(scanArgument{}))<<16 | 'f'<<8 | 16 // _IOWR
)

// scan asks for the runs.
func (p *pagemap) scan(memory []byte, f func(at, end int) error) error {
	if len(memory) == 0 {
		return nil
	}
	fd := p.file.Fd()
	var regions [64]scanRegion
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))
	a := scanArgument{
		size: uint64(unsafe.Sizeof(scanArgument{})), start: base, end: base + uint64(len(memory)),
		regions: &regions[0], regionsLength: uint64(len(regions)),
		inverted: categoryFile, mask: categoryFile, anyOf: categoryPresent | categorySwapped,
	}
	var found []scanRegion
	for a.start < a.end {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, uintptr(requestScan), uintptr(unsafe.Pointer(&a)))
		if errno != 0 {
			return fmt.Errorf("asking which pages have changed: %w", errno)
		}
		if a.walkEnd <= a.start {
			return errors.New("asking which pages have changed: the kernel does not get on")
		}
		found = append(found, regions[:n]...) // f may change what is scanned
		a.start = a.walkEnd
	}
	for _, r := range found {
		if err := f(int(r.start-base), int(r.end-base)); err != nil {
			return err
		}
	}
	return nil
}

// Bits of an entry: the page is in memory, is swapped out, is a file's.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageOfFile  = 1 << 61
)

// read reads the entry of each page.
func (p *pagemap) read(memory []byte, f func(at, end int) error) error {
	size := os.Getpagesize()
	page := int64(uintptr(unsafe.Pointer(unsafe.SliceData(memory)))) / int64(size)
	var entries [512]uint64
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&entries)), unsafe.Sizeof(entries))
	begin := -1
	for at := 0; at < len(memory); {
		n := min(len(entries), (len(memory)-at)/size)
		if _, err := p.file.ReadAt(raw[:8*n], 8*page); err != nil {
			return fmt.Errorf("asking which pages have changed: %w", err)
		}
		for _, e := range entries[:n] {
			own := e&(pagePresent|pageSwapped) != 0 && e&pageOfFile == 0
			switch {
			case own && begin < 0:
				begin = at
			case !own && begin >= 0:
				if err := f(begin, at); err != nil {
					return err
				}
				begin = -1
			}
			at += size
		}
		page += int64(n)
	}
	if begin >= 0 {
		return f(begin, len(memory))
	}
	return nil
}

// mapImage puts memory's content into a file, the file beneath the memory, and returns a view of the file. old is the view
// of the file that is there now, nil where there is none. The file has no name and goes when both mappings have gone.
func (p *pagemap) mapImage(memory, old []byte) (_ []byte, err error) {
	fd, err := unix.MemfdCreate("weir-image", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "weir-image")
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := file.Truncate(int64(len(memory))); err != nil {
		return nil, err
	}
	if _, err := file.WriteAt(old, 0); err != nil {
		return nil, err
	}
	err = p.changed(memory, func(at, end int) error {
		_, err := file.WriteAt(memory[at:end], int64(at))
		return err
	})
	if err != nil {
		return nil, err
	}
	image, err := unix.Mmap(fd, 0, len(memory), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	_, err = unix.MmapPtr(fd, 0, unsafe.Pointer(unsafe.SliceData(memory)), uintptr(len(memory)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED)
	if err != nil {
		return nil, errors.Join(err, unix.Munmap(image))
	}
	return image, nil
}
