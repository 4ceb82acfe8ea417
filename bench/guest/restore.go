package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/weir-stream/weir/host/engine"
)

// Restore is what it takes to bring an instance back to its image of which 64 KiB were touched, in µs.
type Restore struct {
	Restore Spread `json:"restore_us"`
	// Next is what the touching call takes after a restore, longer than without one: faults that the restore left to it.
	Next Spread `json:"next_call_us"`
	// Plain is the same call without a restore before it.
	Plain Spread `json:"call_us"`
}

const (
	touchedBlocks = 16 // of 4 KiB
	restores      = 2000
)

// restoring restores instances with memories of some sizes.
func (b *bench) restoring(r *Report) error {
	r.Restore = map[string]Restore{}
	for _, size := range []int{256 << 10, 1 << 20, 16 << 20, 64 << 20} {
		name := fmt.Sprintf("%d KiB", size>>10)
		measured, err := b.restore(size)
		if err != nil {
			return fmt.Errorf("restoring %s: %w", name, err)
		}
		r.Restore[name] = measured
	}
	return nil
}

func (b *bench) restore(size int) (_ Restore, err error) {
	m, err := b.shapesModule(engine.Limits{Memory: engine.MaxMemory})
	if err != nil {
		return Restore{}, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	i, err := m.open()
	if err != nil {
		return Restore{}, err
	}
	defer func() { err = errors.Join(err, i.close()) }()
	if _, err := i.call("grow", uint64(size/engine.PageSize)); err != nil {
		return Restore{}, err
	}
	memory := i.memory()
	for at := range memory {
		memory[at] = byte(at >> 12) // an image is of something
	}
	if err := i.Pin(); err != nil {
		return Restore{}, err
	}
	touch, err := i.Lookup("touch", engine.FuncType{Params: []engine.ValueType{engine.I32}})
	if err != nil {
		return Restore{}, err
	}
	var plain, next, restored []float64
	call := func(into *[]float64) error {
		began := time.Now()
		err := touch.Call(b.ctx, []uint64{touchedBlocks})
		*into = append(*into, since(began))
		return err
	}
	for range restores {
		if err := errors.Join(call(&next), call(&plain)); err != nil {
			return Restore{}, err
		}
		began := time.Now()
		err := i.Restore(b.ctx)
		restored = append(restored, since(began))
		if err != nil {
			return Restore{}, err
		}
	}
	return Restore{newSpread(restored), newSpread(next), newSpread(plain)}, checkImage(i.memory(), size)
}

// checkImage says whether the memory is what it was when it was pinned.
func checkImage(memory []byte, size int) error {
	if len(memory) != size {
		return fmt.Errorf("the restored memory has %d bytes, it had %d", len(memory), size)
	}
	for at := range memory {
		if memory[at] != byte(at>>12) {
			return fmt.Errorf("byte %d of the restored memory is %d, it was %d", at, memory[at], byte(at>>12))
		}
	}
	return nil
}

// since is in µs.
func since(began time.Time) float64 { return float64(time.Since(began).Nanoseconds()) / 1e3 }
