package broker

import (
	"container/list"
	"slices"
	"sync"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/record"
)

// fence is who may append to one partition as which writer. A connection that has claimed a writer owns it until another one claims it; nobody else's
// batches of that writer are taken. So who has claimed a writer and then reads the log knows what is in it of that writer for good: nothing that
// was sent before, over whatever connection, is appended any more.
//
//   - A writer that nobody has claimed is anybody's: tools that know no claims are served.
//   - A claim by the incarnation that has the writer moves it to its connection. One by another incarnation does so only if it says that it
//     takes over: who was taken over from does not get the writer back by connecting again, nor by a claim from the beginning of its life that
//     comes late, be it that it says so too.
//   - An owner is remembered past the end of its connection, and forgotten when there are too many: the one first that claimed longest ago.
//     Connections that are older than a forgotten claim may be those that it was to shut out, so they have to claim what nobody owns before
//     they write it. An owner that was forgotten itself only has to claim again.
//
// It is in memory only: when the broker ends, the connections end with it. Behind that, whoever claims a writer first has it.
type fence struct {
	most  int              // owners that are remembered
	quota *commitlog.Quota // of all partitions

	// mu is held for writing by a claim, and for reading from before an append looks who owns its writers until it is done: a claim waits for
	// the appends that are under way, and they see none or all of it.
	mu       sync.RWMutex
	closed   bool
	byWriter map[int64]*list.Element // of owners
	owners   list.List               // the one that claimed longest ago first
	horizon  uint64                  // number of the newest connection when the last of the forgotten owners claimed
}

// owner is the connection that has claimed a writer.
type owner struct {
	writer      int64
	incarnation int64
	conn        uint64  // its number
	newest      uint64  // number of the newest connection when it claimed
	before      []int64 // incarnations that had it before, the last mostBefore
}

// mostBefore is how many incarnations that a writer was taken over from are told from new ones.
const mostBefore = 8

func newFence(cfg Config) *fence {
	return &fence{most: cfg.MaxWriters, quota: cfg.claims, byWriter: map[int64]*list.Element{}}
}

// claim gives a writer to a connection, or reports that another incarnation has it. newest is the number of the newest connection by now.
func (f *fence) claim(o owner, takeOver bool, newest func() uint64) (granted bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false, commitlog.ErrClosed
	}
	if e := f.byWriter[o.writer]; e != nil {
		had := e.Value.(*owner)
		if o.before = had.before; had.incarnation != o.incarnation {
			if !takeOver || slices.Contains(had.before, o.incarnation) {
				return false, nil
			}
			o.before = append(slices.Clone(had.before[max(0, len(had.before)+1-mostBefore):]), had.incarnation)
		}
		f.remove(e)
	}
	for f.owners.Len() >= f.most || f.quota.Spent(f.owners.Len()) {
		oldest := f.owners.Front()
		f.horizon = max(f.horizon, oldest.Value.(*owner).newest)
		f.remove(oldest)
	}
	o.newest = newest()
	f.byWriter[o.writer] = f.owners.PushBack(&o)
	f.quota.Add(1)
	return true, nil
}

func (f *fence) remove(e *list.Element) {
	delete(f.byWriter, f.owners.Remove(e).(*owner).writer)
	f.quota.Add(-1)
}

// admits tells whether a connection may append a set. The caller holds mu for reading until it has done so.
func (f *fence) admits(conn uint64, set []byte) bool {
	if len(f.byWriter) == 0 && conn > f.horizon {
		return true
	}
	seen, last := false, int64(0)
	for b, rest, err := record.Next(set); err == nil; b, rest, err = record.Next(rest) {
		s, ok := b.Sequence()
		if !ok || seen && s.Writer == last {
			continue
		}
		if !f.owns(conn, s.Writer) {
			return false
		}
		seen, last = true, s.Writer
	}
	return true
}

func (f *fence) owns(conn uint64, writer int64) bool {
	if e := f.byWriter[writer]; e != nil {
		return e.Value.(*owner).conn == conn
	}
	return conn > f.horizon
}

// close gives the quota back.
func (f *fence) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for f.owners.Len() > 0 {
		f.remove(f.owners.Front())
	}
}
