package admin

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// maxWatched bounds what a watch keeps of the objects that it has told of, in bytes as they are encoded: no honest cluster comes near.
const maxWatched = 256 << 20

// ErrTooMuch says that a watch would have to keep more than 256 MiB of objects.
var ErrTooMuch = errors.New("more objects than a watch can keep")

// Change is what a watch tells.
//
// First comes every object as it is, Put, in the order of names, and then Current. After that comes every change: Put for an object that
// is new or another than it was, Deleted for one that is gone. When the connection was lost and is there again, what changed in between
// follows in the same way, and then Current again. Of changes that follow each other fast some may be left out, never the last one.
//
// A watch is an iterator:
//
//	for change, err := range a.WatchTopics(ctx) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// It has a connection of its own, from the first step on until the loop is left. It ends with an error, which comes with an empty
// change: ctx's, fluvio.ErrClosed, fluvio.ErrUnavailable when the retry budget is spent, or ErrTooMuch. It keeps one copy of every object. A loop
// that is slow loses nothing: what it can't take is told when it is ready, as if the connection had been lost.
type Change[T any] struct {
	Type   ChangeType
	Object T // of a Deleted one, as it was last known; of Current, empty
}

// ChangeType says what happened to an object.
type ChangeType uint8

// The types of changes.
const (
	Put     ChangeType = iota + 1 // there is a new object, or it has changed
	Deleted                       // the object is gone
	Current                       // everything there is has been told
)

// String is put, deleted or current.
func (c ChangeType) String() string {
	switch c {
	case Put:
		return "put"
	case Deleted:
		return "deleted"
	case Current:
		return "current"
	}
	return fmt.Sprintf("ChangeType(%d)", uint8(c))
}

// errLeft says that the loop over a watch was left.
var errLeft = errors.New("loop left")

// watch watches the objects of a kind that convert takes.
func watch[T any](ctx context.Context, a *Admin, kind protocol.ObjectKind, convert func(*protocol.Metadata) (T, bool)) iter.Seq2[Change[T], error] {
	return func(yield func(Change[T], error) bool) {
		w := &watcher[T]{convert: convert, known: map[string]told[T]{}, seed: maphash.MakeSeed(), yield: func(c Change[T]) error {
			if !yield(c, nil) {
				return errLeft
			}
			return nil
		}}
		err := a.client.ControllerWatch(ctx, &protocol.WatchRequest{Kind: kind, Summary: true}, w.take)
		if !errors.Is(err, errLeft) {
			yield(Change[T]{}, err)
		}
	}
}

// watcher compares what it is told with what it has told.
type watcher[T any] struct {
	convert func(*protocol.Metadata) (T, bool)
	yield   func(Change[T]) error
	known   map[string]told[T]
	size    int // of the known objects, as encoded
	seed    maphash.Seed
	scratch []byte
}

// told is an object as it was told last.
type told[T any] struct {
	object T
	print  uint64 // hash of its encoding
	size   int
}

// take tells what an answer of the SC changes. A list of all objects may come at any time.
func (w *watcher[T]) take(resp *protocol.WatchResponse, whole bool) error {
	if whole || len(resp.All) > 0 {
		if err := w.replace(resp.All); err != nil {
			return err
		}
	}
	for i := range resp.Changes {
		change := &resp.Changes[i]
		var err error
		if change.Type == protocol.ChangeTypeDelete {
			err = w.delete(change.Object.Name)
		} else {
			err = w.put(&change.Object)
		}
		if err != nil {
			return err
		}
	}
	if whole {
		return w.yield(Change[T]{Type: Current})
	}
	return nil
}

// replace tells the differences to all objects there are.
func (w *watcher[T]) replace(all []protocol.Metadata) error {
	slices.SortFunc(all, func(a, b protocol.Metadata) int { return compareNames(a.Name, b.Name) })
	there := make(map[string]bool, len(all))
	for i := range all {
		there[all[i].Name] = true
	}
	var gone []string
	for name := range w.known {
		if !there[name] {
			gone = append(gone, name)
		}
	}
	slices.SortFunc(gone, compareNames)
	for _, name := range gone {
		if err := w.delete(name); err != nil {
			return err
		}
	}
	for i := range all {
		if err := w.put(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher[T]) delete(name string) error {
	old, ok := w.known[name]
	if !ok {
		return nil
	}
	delete(w.known, name)
	w.size -= old.size
	return w.yield(Change[T]{Type: Deleted, Object: old.object})
}

// put tells of an object unless it was told just so.
func (w *watcher[T]) put(object *protocol.Metadata) error {
	value, ok := w.convert(object)
	if !ok {
		return nil
	}
	w.scratch = append(w.scratch[:0], object.Name...)
	w.scratch = object.Spec.AppendTo(w.scratch, newest)
	w.scratch = object.Status.AppendTo(w.scratch, newest)
	now := told[T]{value, maphash.Bytes(w.seed, w.scratch), len(w.scratch)}
	old, known := w.known[object.Name]
	if known && old.print == now.print && old.size == now.size {
		return nil
	}
	w.known[object.Name] = now
	if w.size += now.size - old.size; w.size > maxWatched {
		return fmt.Errorf("%w: %d bytes of them", ErrTooMuch, w.size)
	}
	return w.yield(Change[T]{Type: Put, Object: value})
}

// newest is the version at which objects are encoded to be compared: the one that leaves nothing out.
var newest = (*protocol.WatchRequest)(nil).MaxVersion()
