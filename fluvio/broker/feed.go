package broker

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// object is one version of something that clients watch. It never changes; a changed one is another object.
type object struct {
	name     string
	owner    any                      // what it shows; an object of the same owner is the same version
	metadata func() protocol.Metadata // built when it is sent, so that a partition's offsets are fresh
}

// snapshot is all objects of a kind at a moment, by name.
type snapshot struct {
	epoch   int64
	objects []*object
}

// diff returns what changed from old to s: new or changed objects, and those that are gone.
func (s *snapshot) diff(old *snapshot) (updated, gone []*object) {
	o := old.objects
	for _, n := range s.objects {
		for len(o) > 0 && o[0].name < n.name {
			gone, o = append(gone, o[0]), o[1:]
		}
		if len(o) > 0 && o[0].name == n.name {
			if o[0] != n {
				updated = append(updated, n)
			}
			o = o[1:]
			continue
		}
		updated = append(updated, n)
	}
	return updated, append(gone, o...)
}

// feed is the objects of one kind and who watches them.
//
// There is no history of changes. A watcher keeps the snapshot that it sent last and is told the difference to the present one, which
// names every deletion and costs the same however far the watcher lags.
type feed struct {
	mu       sync.Mutex
	now      *snapshot
	changed  chan struct{}      // closed by publish
	watchers map[*watcher]int64 // the epoch that each has sent
	progress chan struct{}      // closed when a watcher has sent one, or is gone
}

// watcher is one watch request.
type watcher struct{ feed *feed }

func newFeed() *feed {
	return &feed{now: &snapshot{}, changed: make(chan struct{}), watchers: map[*watcher]int64{}, progress: make(chan struct{})}
}

// publish replaces the objects.
func (f *feed) publish(objects []*object) {
	slices.SortFunc(objects, func(a, b *object) int { return strings.Compare(a.name, b.name) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = &snapshot{epoch: f.now.epoch + 1, objects: objects}
	close(f.changed)
	f.changed = make(chan struct{})
}

// current returns the present objects and a channel that is closed when they change.
func (f *feed) current() (*snapshot, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.changed
}

// watch adds a watcher that has sent nothing yet. It must be closed.
func (f *feed) watch() *watcher {
	w := &watcher{feed: f}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers[w] = -1
	return w
}

// sent notes that the watcher's client has been sent everything up to epoch.
func (w *watcher) sent(epoch int64) {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	w.feed.watchers[w] = epoch
	w.feed.signal()
}

func (w *watcher) close() {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	delete(w.feed.watchers, w)
	w.feed.signal()
}

func (f *feed) signal() {
	close(f.progress)
	f.progress = make(chan struct{})
}

// watched tells whether anyone watches.
func (f *feed) watched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watchers) > 0
}

// await returns when every watcher has sent what is published now, or ctx is done.
func (f *feed) await(ctx context.Context) {
	f.mu.Lock()
	epoch := f.now.epoch
	f.mu.Unlock()
	for {
		f.mu.Lock()
		progress, behind := f.progress, false
		for _, sent := range f.watchers {
			behind = behind || sent < epoch
		}
		f.mu.Unlock()
		if !behind {
			return
		}
		select {
		case <-progress:
		case <-ctx.Done():
			return
		}
	}
}
