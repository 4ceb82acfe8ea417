package abi

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/host/engine"
)

// opened is what an instance's host side was when it had been opened. Its outputs and its progress cell never change.
type opened struct {
	pinned           bool
	calls            uint64 // of weir_process, when it was restored last
	now              int64  // of the guest's clock, ns: each call of weir_process begins there
	arena, arenaSize uint32
}

// pin keeps the state of now for Restore, where the module allows it.
func (i *Instance) pin() error {
	err := i.engine.Pin()
	i.opened = opened{pinned: err == nil, now: i.world.now, arena: i.arena, arenaSize: i.arenaSize}
	if errors.Is(err, engine.ErrNotRestorable) {
		return nil
	}
	return err
}

// Restore puts the instance back to where it was when Open returned, after a failure too, and touches only what has changed
// since. Fuel and statistics go on counting. The error is engine.ErrNotRestorable for a module whose state is not only
// memory and globals; whatever the error, the instance is of no more use: close it and open another.
func (i *Instance) Restore(ctx context.Context) (err error) {
	i.dead = true
	defer i.contain(&err)
	if !i.opened.pinned {
		return fmt.Errorf("module %s: %w", i.config.Name, engine.ErrNotRestorable)
	}
	if err := i.engine.Restore(ctx); err != nil {
		return fmt.Errorf("module %s: %w", i.config.Name, err)
	}
	i.world.now = i.opened.now
	i.arena, i.arenaSize = i.opened.arena, i.opened.arenaSize
	i.opened.calls = i.stats.Calls
	i.begin(phaseIdle, "")
	i.dead = false
	return nil
}

// Used is how many batches it was handed since it was opened or restored, and the bytes that its memory has now: what a pool
// of instances goes by.
func (i *Instance) Used() (calls uint64, memory int64) {
	s := i.Stats()
	return s.Calls - i.opened.calls, int64(s.MemoryBytes)
}
