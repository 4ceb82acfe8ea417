package abi

import (
	"sync/atomic"

	"github.com/weir-stream/weir/host/ipc"
)

// Limits bound what a guest may answer. A zero field takes its default, a larger one than the ceiling is cut to it; both are
// abi.json's.
type Limits struct {
	Outputs      int // that a guest declares; the default is the ceiling too
	Columns      int // of an output; the default is the ceiling too
	Emits        int // of a call
	EmittedRows  int // of a call: rows of batches and rows selected by patches
	EmittedBytes int // of a call: messages, row lists and texts of rejections
	LogLines     int // of a call; the rest is counted
	LogBytes     int // of a call's log lines; a line that doesn't fit is left out and counted
}

// WithDefaults fills zero fields in and cuts the others at their ceilings.
func (l Limits) WithDefaults() Limits {
	for _, f := range []struct {
		field        *int
		preset, most int
	}{
		{&l.Outputs, LimitOutputs, LimitOutputs},
		{&l.Columns, LimitColumns, LimitColumns},
		{&l.Emits, LimitEmits, MaxEmits},
		{&l.EmittedRows, LimitEmittedRows, MaxEmittedRows},
		{&l.EmittedBytes, LimitEmittedBytes, MaxEmittedBytes},
		{&l.LogLines, LimitLogLines, MaxLogLines},
		{&l.LogBytes, LimitLogBytes, MaxLogBytes},
	} {
		if *f.field <= 0 {
			*f.field = f.preset
		}
		*f.field = min(*f.field, f.most)
	}
	return l
}

// messages are the limits of the record batch messages of a call.
func (l *Limits) messages() ipc.Limits {
	return ipc.Limits{Columns: l.Columns, NameBytes: LimitNameBytes, Rows: l.EmittedRows, Bytes: l.EmittedBytes}
}

// LiveLimits are limits that may be changed while instances run: each of them follows at its next call. Outputs and Columns
// count only while an instance is opened. Safe for concurrent use.
type LiveLimits struct{ now atomic.Pointer[Limits] }

// NewLiveLimits starts with l, its defaults filled in.
func NewLiveLimits(l Limits) *LiveLimits {
	v := new(LiveLimits)
	v.Set(l)
	return v
}

// Set changes them to l, its defaults filled in.
func (v *LiveLimits) Set(l Limits) {
	l = l.WithDefaults()
	v.now.Store(&l)
}

// Get is what they are now.
func (v *LiveLimits) Get() Limits { return *v.now.Load() }

// follow takes the limits of now for the call that begins.
func (i *Instance) follow() {
	now := i.config.Live.now.Load()
	if now == i.limits {
		return
	}
	i.limits = now
	for k := range i.outputs {
		i.outputs[k].reader.Limit(now.messages())
	}
}
