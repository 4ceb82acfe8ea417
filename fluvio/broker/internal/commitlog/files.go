package commitlog

import (
	"container/list"
	"errors"
	"os"
	"sync"
)

// Files bounds the open segment files of all logs that share it: logs open a closed segment when somebody reads it, and the one
// that was not used for longest is closed again. The segment that a log writes to is always open and does not count.
type Files struct {
	max int

	mu   sync.Mutex
	open list.List // of *handle: open and not pinned, the one not used for longest first
}

// NewFiles returns a bound of max open closed segments, at least 1. More are open only while that many are being read at one moment.
func NewFiles(max int) *Files {
	f := &Files{max: max}
	f.open.Init()
	return f
}

// handle is one file, opened when it is needed.
type handle struct {
	pool   *Files
	reopen func() (File, error)

	// Guarded by pool.mu.
	file   File // nil while closed
	users  int
	pinned bool
	gone   bool // never to be opened again
	place  *list.Element
}

// acquire returns the open file, which stays open until release. After discard it is os.ErrClosed.
func (h *handle) acquire() (File, error) {
	if f, err := h.share(); f != nil || err != nil {
		return f, err
	}
	f, err := h.reopen() // without the lock, others may be quicker
	if err != nil {
		return nil, err
	}
	p := h.pool
	p.mu.Lock()
	if h.gone || h.file != nil {
		p.mu.Unlock()
		if err := f.Close(); err != nil {
			return nil, err
		}
		return h.acquire()
	}
	h.file = f
	h.users++
	h.place = p.open.PushBack(h)
	excess := p.excess()
	p.mu.Unlock()
	_ = closeFiles(excess) // closed segments that were only read have nothing to lose
	return f, nil
}

// share returns the file if it is open.
func (h *handle) share() (File, error) {
	p := h.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.gone {
		return nil, os.ErrClosed
	}
	if h.file == nil {
		return nil, nil
	}
	h.users++
	if h.place != nil {
		p.open.MoveToBack(h.place)
	}
	return h.file, nil
}

// release ends the use that acquire began.
func (h *handle) release() {
	p := h.pool
	p.mu.Lock()
	h.users--
	var last []File
	if h.gone && h.users == 0 {
		last = []File{h.shut()}
	} else if h.users == 0 && p.open.Len() > p.max {
		last = p.excess()
	}
	p.mu.Unlock()
	_ = closeFiles(last)
}

// pin opens the file and keeps it open until unpin or discard.
func (h *handle) pin() (File, error) {
	f, err := h.acquire()
	if err != nil {
		return nil, err
	}
	p := h.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	h.users--
	h.pinned = true
	if h.place != nil {
		p.open.Remove(h.place)
		h.place = nil
	}
	return f, nil
}

func (h *handle) unpin() {
	p := h.pool
	p.mu.Lock()
	if h.pinned && !h.gone {
		h.pinned = false
		h.place = p.open.PushBack(h)
	}
	excess := p.excess()
	p.mu.Unlock()
	_ = closeFiles(excess)
}

// discard closes the file as soon as nobody uses it, for good.
func (h *handle) discard() error {
	p := h.pool
	p.mu.Lock()
	h.gone = true
	var f File
	if h.users == 0 && h.file != nil {
		f = h.shut()
	}
	p.mu.Unlock()
	if f == nil {
		return nil
	}
	return f.Close()
}

// shut takes the file out of the handle. The caller holds pool.mu and closes it.
func (h *handle) shut() File {
	f := h.file
	h.file = nil
	if h.place != nil {
		h.pool.open.Remove(h.place)
		h.place = nil
	}
	return f
}

// excess takes out files over the bound that nobody uses. The caller holds mu and closes them.
func (p *Files) excess() (out []File) {
	for e := p.open.Front(); e != nil && p.open.Len() > p.max; {
		h := e.Value.(*handle)
		e = e.Next()
		if h.users == 0 {
			out = append(out, h.shut())
		}
	}
	return out
}

func closeFiles(files []File) error {
	var all error
	for _, f := range files {
		all = errors.Join(all, f.Close())
	}
	return all
}
