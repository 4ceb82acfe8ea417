package batch

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

func TestPoolKeepsBuffersUpToItsLimit(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	p := NewPool(mem, 4096)
	a, b, c := p.Allocate(1000), p.Allocate(2000), p.Allocate(3000)
	p.Free(a) // 1 KiB
	p.Free(b) // 2 KiB
	p.Free(c) // 4 KiB: too much
	if got := mem.CurrentAlloc(); got != 3<<10 {
		t.Errorf("%d bytes kept, want %d", got, 3<<10)
	}
	if again := p.Allocate(1024); &again[0] != &a[0] {
		t.Error("a kept buffer is not used again")
	} else {
		p.Free(again)
	}
	p.Close()
}

// Large buffers take more than their class: the room in which their beginnings are moved apart counts too.
func TestPoolCountsAllItKeeps(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	const limit = 1 << 20
	p := NewPool(mem, limit)
	var made [][]byte
	for range 2 * limit / stagger {
		made = append(made, p.Allocate(stagger))
	}
	for _, b := range made {
		p.Free(b)
	}
	if kept := mem.CurrentAlloc(); kept > limit || kept+stagger+page <= limit {
		t.Errorf("%d bytes kept with a limit of %d", kept, limit)
	}
	if p.kept != mem.CurrentAlloc() {
		t.Errorf("%d bytes are said to be kept, it is %d", p.kept, mem.CurrentAlloc())
	}
	for i := range made {
		made[i] = p.Allocate(stagger) // the kept ones, then fresh ones
	}
	if p.kept != 0 {
		t.Errorf("%d bytes are said to be kept, and all are in use", p.kept)
	}
	for _, b := range made {
		p.Free(b)
	}
	p.Close()
	if p.kept != 0 {
		t.Errorf("%d bytes are said to be kept by a closed pool", p.kept)
	}
}

// paged is an allocator whose buffers begin with a page, as large ones do.
type paged struct{ memory.Allocator }

func (paged) Allocate(size int) []byte {
	b := make([]byte, size+page)
	skip := page - int(uintptr(unsafe.Pointer(&b[0]))%page)
	return b[skip : skip+size : skip+size]
}

func (paged) Free([]byte) {}

// The ends of columns that grow alike must not be whole pages apart.
func TestPoolBeginsLargeBuffersApart(t *testing.T) {
	p := NewPool(paged{}, 1<<30)
	for _, size := range []int{stagger / 2, stagger, 2 * stagger, 1 << 20} {
		want := page / cacheAlign
		if size < stagger {
			want = 1
		}
		places := map[uintptr]bool{}
		for range page / cacheAlign {
			b := p.Allocate(size)
			place := uintptr(unsafe.Pointer(&b[0])) % page
			if places[place] = true; place%cacheAlign != 0 {
				t.Errorf("a buffer of %d bytes begins at byte %d of its page, which is not aligned", size, place)
			}
			if len(b) != size || cap(b) != size {
				t.Errorf("a buffer of %d bytes has %d and room for %d", size, len(b), cap(b))
			}
			defer p.Free(b)
		}
		if len(places) != want {
			t.Errorf("%d buffers of %d bytes begin at %d places of their pages, want %d", page/cacheAlign, size, len(places), want)
		}
	}
}

func TestPoolSizes(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	p := NewPool(mem, 1<<30)
	for _, size := range []int{0, 1, 64, 1023, 1024, 1025, 1 << 20, 1<<poolMax - 1, 1 << poolMax, 1<<poolMax + 1} {
		b := p.Allocate(size)
		if len(b) != size {
			t.Errorf("%d bytes, want %d", len(b), size)
		}
		if size > 0 {
			b[0], b[size-1] = 1, 2
		}
		grown := p.Reallocate(2*size+1, b)
		if len(grown) != 2*size+1 || size > 1 && (grown[0] != 1 || grown[size-1] != 2) {
			t.Errorf("%d bytes grown to %d have lost their content", size, len(grown))
		}
		if shrunk := p.Reallocate(1, grown); len(shrunk) != 1 {
			t.Errorf("shrunk to %d bytes, want 1", len(shrunk))
		} else {
			p.Free(shrunk)
		}
	}
	p.Close()
}

func TestPoolHammer(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	p := NewPool(mem, 1<<20)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				b := p.Allocate(1 + i*37%5000)
				for j := range b {
					b[j] = byte(g)
				}
				for j := range b {
					if b[j] != byte(g) {
						t.Errorf("two users of one buffer")
						return
					}
				}
				p.Free(b)
			}
		})
	}
	wg.Wait()
	p.Close()
}

// A lane in its stride allocates no column memory.
func TestPoolServesBatchAfterBatch(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	p := NewPool(mem, 64<<20)
	b := NewBuilder(flat, p)
	after := 0
	for i := range 20 {
		for range 1000 {
			for j := range flat.NumFields() {
				b.Column(j).AppendNull()
			}
			b.EndRow()
		}
		b.NewRecord().Release()
		if i == 2 {
			after = mem.CurrentAlloc()
		}
	}
	if got := mem.CurrentAlloc(); got != after {
		t.Errorf("%d bytes after twenty batches, %d after three", got, after)
	}
	b.Release()
	p.Close()
}
