package evil

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

// footprint is what the process holds.
type footprint struct {
	heap       uint64 // bytes that are reachable
	goroutines int
	files      int    // open descriptors; 0 where the system doesn't tell
	resident   uint64 // bytes of memory; 0 where the system doesn't tell
}

// heapMargin is how much more may be on the heap afterwards.
const heapMargin = 1 << 20

func takeFootprint() footprint {
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what finalizers let go of in the first round
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f := footprint{heap: m.HeapAlloc, goroutines: runtime.NumGoroutine(), resident: resident()}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.files = len(entries)
	}
	return f
}

// resident is VmRSS of /proc/self/status (proc(5)).
func resident() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(string(fields[0]), 10, 64)
	return n << 10
}

// compare checks that the process holds no more than it did.
func (before footprint) compare(t *testing.T) {
	t.Helper()
	after := takeFootprint()
	t.Logf("before %+v, after %+v", before, after)
	if after.goroutines > before.goroutines {
		t.Errorf("%d goroutines, %d before", after.goroutines, before.goroutines)
	}
	if after.files > before.files {
		t.Errorf("%d open descriptors, %d before", after.files, before.files)
	}
	if after.heap > before.heap+heapMargin {
		t.Errorf("%d bytes on the heap, %d before", after.heap, before.heap)
	}
	if after.resident > before.resident+residentMargin {
		t.Errorf("%d bytes resident, %d before", after.resident, before.resident)
	}
}
