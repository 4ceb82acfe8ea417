package wazeroengine

import (
	"context"
	"errors"
	"reflect"

	"github.com/tetratelabs/wazero/api"

	"github.com/weir-stream/weir/host/engine"
)

// memory is the instance's memory as hosts see it.
type memory struct {
	linear *linear
	wazero api.Memory
}

// Bytes is the memory in use; nothing once it is closed.
func (m *memory) Bytes() []byte { return m.linear.space[:m.linear.size:m.linear.size] }

func (i *instance) Pin() error {
	switch {
	case i.state == running:
		return engine.ErrBusy
	case i.state != ready:
		return engine.ErrDead
	case !i.module.source.Restorable:
		return engine.ErrNotRestorable
	}
	if i.memory != nil {
		if err := i.memory.linear.pin(); err != nil {
			return err
		}
	}
	i.pinned = make([]uint64, len(i.globals))
	for k, g := range i.globals {
		i.pinned[k] = g.Get()
	}
	return nil
}

func (i *instance) Restore(context.Context) error {
	switch {
	case i.state == running:
		return engine.ErrBusy
	case i.state == closed:
		return engine.ErrDead
	case i.pinned == nil:
		return engine.ErrNotRestorable
	}
	i.state = dead
	if i.memory != nil {
		if err := errors.Join(i.memory.linear.restore(), i.memory.shrink()); err != nil {
			return err
		}
	}
	for k, g := range i.globals {
		g.Set(i.pinned[k])
	}
	i.state = ready
	return nil
}

// shrink takes the memory back to the image's size. wazero knows no such thing, only growing; so its view of the memory is
// cut to a page less than wanted, and one page is grown, by which it tells all that keep the size.
func (m *memory) shrink() error {
	size := m.linear.pinned
	if m.linear.size == size {
		return nil
	}
	view := reflect.ValueOf(m.wazero).Elem().FieldByName("Buffer")
	if size == 0 || !view.CanSet() || view.Type() != reflect.TypeFor[[]byte]() {
		return engine.ErrNotRestorable
	}
	m.linear.limit(m.linear.most)
	m.linear.size = size - engine.PageSize
	view.SetBytes(m.Bytes())
	if _, ok := m.wazero.Grow(1); !ok || int(m.wazero.Size()) != size {
		return engine.ErrNotRestorable
	}
	return nil
}
