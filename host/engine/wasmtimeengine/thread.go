package wasmtimeengine

// #include "thread.h"
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"sync"
	"syscall"

	"github.com/weir-stream/weir/host/engine"
)

// wasmtime keeps the guest's frames on the stack of the thread that calls it. Go's threads have what the system gives them,
// 8 MiB or less, which is not enough for engine.MaxDepth, and where wasmtime was told of more than there is, a deep recursion
// would end the process. So guests run on threads whose stacks are known to be large enough. Address space is all that a
// stack takes until it is used.
const (
	// wasmStack is how many bytes of frames wasmtime lets a guest have: twice what the depth is weighed for, since that weighs
	// wazero's frames, and it is the depth that is to end a recursion, at the same place on every engine.
	wasmStack = 2 * engine.MaxDepth * engine.SlotBytes
	// hostStack is left for wasmtime itself, and for the way into Go, where host functions run on stacks of Go's.
	hostStack = 2 << 20
)

// thread is a thread of the system that runs one job after the other.
type thread struct {
	id   C.pthread_t
	jobs chan func()
	done chan struct{}
}

// weirThread is the whole life of a thread: C calls it on the thread's own stack.
//
//export weirThread
func weirThread(handle C.uintptr_t) {
	t := cgo.Handle(handle).Value().(*thread)
	for job := range t.jobs {
		job()
		t.done <- struct{}{}
	}
}

func startThread() (*thread, error) {
	t := &thread{jobs: make(chan func()), done: make(chan struct{})}
	handle := cgo.NewHandle(t)
	if errno := C.weir_thread_start(&t.id, wasmStack+hostStack, C.uintptr_t(handle)); errno != 0 {
		handle.Delete()
		return nil, fmt.Errorf("starting a thread with a stack of %d bytes: %w", wasmStack+hostStack, syscall.Errno(errno))
	}
	t.run(func() { handle.Delete() })
	return t, nil
}

func (t *thread) run(job func()) {
	t.jobs <- job
	<-t.done
}

// end waits until the thread is gone, and its stack with it.
func (t *thread) end() {
	close(t.jobs)
	C.pthread_join(t.id, nil)
}

// threads are those that wait for jobs. A call takes one, or starts one.
type threads struct {
	mu   sync.Mutex
	idle []*thread
}

// run runs a job on a thread, which ends with it unless the job says that it may be used again.
func (p *threads) run(job func() (again bool)) error {
	t, err := p.take()
	if err != nil {
		return err
	}
	again := false
	t.run(func() { again = job() })
	if !again || !p.put(t) {
		t.end()
	}
	return nil
}

func (p *threads) take() (*thread, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		t := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return t, nil
	}
	return startThread()
}

// put keeps a thread for the next job, unless enough of them wait.
func (p *threads) put(t *thread) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) >= runtime.GOMAXPROCS(0) {
		return false
	}
	p.idle = append(p.idle, t)
	return true
}

// close ends the threads that wait. No job may be running.
func (p *threads) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.idle {
		t.end()
	}
	p.idle = nil
}
