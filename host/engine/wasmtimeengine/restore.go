package wasmtimeengine

import (
	"bytes"
	"context"
	"fmt"

	"github.com/bytecodealliance/wasmtime-go/v44"

	"github.com/weir-stream/weir/host/engine"
)

// image is what Restore goes back to.
type image struct {
	memory  []byte
	globals []wasmtime.Val
}

func (i *instance) Pin() error {
	switch {
	case i.state == running:
		return engine.ErrBusy
	case i.state != ready:
		return engine.ErrDead
	case !i.module.source.Restorable:
		return engine.ErrNotRestorable
	}
	if i.image == nil {
		i.image = &image{}
	}
	i.image.globals = i.image.globals[:0]
	for _, g := range i.globals {
		i.image.globals = append(i.image.globals, g.get())
	}
	if i.memory != nil {
		i.image.memory = append(i.image.memory[:0], i.memory.Bytes()...)
	}
	return nil
}

func (i *instance) Restore(ctx context.Context) error {
	switch {
	case i.state == running:
		return engine.ErrBusy
	case i.state == closed:
		return engine.ErrDead
	case i.image == nil:
		return engine.ErrNotRestorable
	}
	i.state = dead
	if i.memory != nil {
		if err := i.restoreMemory(); err != nil {
			_ = i.Close(ctx) // there may be nothing left to use
			return err
		}
	}
	for k, g := range i.globals {
		g.set(i.image.globals[k])
	}
	i.state = ready
	return nil
}

// restoreMemory compares the memory with the image, and copies back what differs. A memory that has grown can't shrink: then
// store, instance and memory are made anew.
func (i *instance) restoreMemory() error {
	if len(i.memory.Bytes()) != len(i.image.memory) {
		i.store.Close()
		if err := i.make(); err != nil {
			return err
		}
		more := (len(i.image.memory) - len(i.memory.Bytes())) / engine.PageSize
		if _, err := i.memory.wasmtime.Grow(i.store, uint64(more)); err != nil {
			return fmt.Errorf("restoring a memory of %d bytes: %w", len(i.image.memory), err)
		}
	}
	const block = 4096
	now, then := i.memory.Bytes(), i.image.memory
	for at := 0; at < len(then); at += block {
		if end := at + block; !bytes.Equal(now[at:end], then[at:end]) {
			copy(now[at:end], then[at:end])
		}
	}
	return nil
}
