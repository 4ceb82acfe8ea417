package abi

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"

	"github.com/weir-stream/weir/host/engine"
)

// Error numbers of WASI preview 1 (wasi_snapshot_preview1.witx, enum errno).
const (
	errnoSuccess = 0
	errnoBadf    = 8
	errnoFault   = 21
	errnoInval   = 28
)

// wasiBodies are the bodies of all functions in servedTable and inertTable. An argument that WASI finds fault with is
// answered by an error number and breaks no rule of the ABI.
func wasiBodies() map[string]serve {
	bodies := map[string]serve{
		"clock_res_get":     errno((*Instance).clockResGet),
		"clock_time_get":    errno((*Instance).clockTimeGet),
		"random_get":        (*Instance).randomGet,
		"fd_write":          wasiWrite,
		"fd_fdstat_get":     errno((*Instance).fdstatGet),
		"poll_oneoff":       wasiPoll,
		"args_get":          answer(errnoSuccess),
		"environ_get":       answer(errnoSuccess),
		"args_sizes_get":    errno((*Instance).noneGet),
		"environ_sizes_get": errno((*Instance).noneGet),
		"sched_yield":       answer(errnoSuccess),
		"proc_exit": func(_ *Instance, _ context.Context, _ engine.Memory, stack []uint64) error {
			return &exit{uint32(stack[0])}
		},
	}
	for _, name := range badfTable {
		bodies[name] = answer(errnoBadf)
	}
	return bodies
}

// answer is a function that does nothing and always gives the same error number.
func answer(number uint64) serve {
	return func(_ *Instance, _ context.Context, _ engine.Memory, stack []uint64) error {
		stack[0] = number
		return nil
	}
}

// errno is a function that gives an error number and cannot end the call.
func errno(f func(*Instance, engine.Memory, []uint64) uint64) serve {
	return func(i *Instance, _ context.Context, mem engine.Memory, stack []uint64) error {
		stack[0] = f(i, mem, stack)
		return nil
	}
}

// Clocks of WASI that are served: real time and monotonic, which are one here.
func isClock(id uint64) bool { return id <= 1 }

// clockResGet serves clock_res_get(id, resolution): records' times have milliseconds.
func (i *Instance) clockResGet(mem engine.Memory, stack []uint64) uint64 {
	return putClock(mem, stack[0], stack[1], 1e6)
}

// clockTimeGet serves clock_time_get(id, precision, time).
func (i *Instance) clockTimeGet(mem engine.Memory, stack []uint64) uint64 {
	return putClock(mem, stack[0], stack[2], i.clock())
}

func putClock(mem engine.Memory, id, at uint64, value int64) uint64 {
	if !isClock(id) {
		return errnoInval
	}
	out, ok := read(mem, at, 8)
	if !ok {
		return errnoFault
	}
	binary.LittleEndian.PutUint64(out, uint64(value))
	return errnoSuccess
}

// randomGet serves random_get(buffer, length), a piece at a time, since it takes the host as long as it would the guest.
func (i *Instance) randomGet(_ context.Context, mem engine.Memory, stack []uint64) error {
	const piece = 1 << 18
	out, ok := read(mem, stack[0], stack[1])
	if !ok {
		stack[0] = errnoFault
		return nil
	}
	for len(out) > 0 {
		n := min(len(out), piece)
		if err := i.work(int64(n)); err != nil {
			return err
		}
		i.chance(out[:n])
		out = out[n:]
	}
	stack[0] = errnoSuccess
	return nil
}

// noneGet serves args_sizes_get and environ_sizes_get(count, bytes): there are none.
func (i *Instance) noneGet(mem engine.Memory, stack []uint64) uint64 {
	for _, at := range stack[:2] {
		out, ok := read(mem, at, 4)
		if !ok {
			return errnoFault
		}
		clear(out)
	}
	return errnoSuccess
}

// fdstatGet serves fd_fdstat_get(fd, stat): standard output and error are terminals as far as libc's buffering goes, so
// that C's printf writes whole lines at once. No other descriptor exists.
func (i *Instance) fdstatGet(mem engine.Memory, stack []uint64) uint64 {
	if fd := stack[0]; fd != 1 && fd != 2 {
		return errnoBadf
	}
	out, ok := read(mem, stack[1], 24)
	if !ok {
		return errnoFault
	}
	const characterDevice, append_, write = 2, 1, 1 << 6 // filetype, fdflags, rights
	clear(out)
	out[0], out[2] = characterDevice, append_
	binary.LittleEndian.PutUint64(out[8:], write)
	return errnoSuccess
}

// mostWritten is the most that one fd_write takes; WASI lets it take less than it is given.
const mostWritten = 64 << 10

// wasiWrite serves fd_write(fd, iovs, iovs_len, written) on 1 and 2.
func wasiWrite(i *Instance, ctx context.Context, mem engine.Memory, stack []uint64) error {
	touched := 0
	stack[0] = i.fdWrite(ctx, mem, stack, &touched)
	return i.work(int64(touched))
}

// fdWrite is wasiWrite; touched are the bytes that it read.
func (i *Instance) fdWrite(ctx context.Context, mem engine.Memory, stack []uint64, touched *int) uint64 {
	fd, count := stack[0], min(stack[2], 1024)
	if fd != 1 && fd != 2 {
		return errnoBadf
	}
	out, ok := read(mem, stack[3], 4)
	if !ok {
		return errnoFault
	}
	vectors, ok := read(mem, stack[1], 8*count)
	if !ok {
		return errnoFault
	}
	written := 0
	for vector := vectors; len(vector) > 0 && written < mostWritten; vector = vector[8:] {
		at, n := binary.LittleEndian.Uint32(vector), binary.LittleEndian.Uint32(vector[4:])
		b, ok := read(mem, uint64(at), uint64(n))
		if !ok {
			return errnoFault
		}
		b = b[:min(len(b), mostWritten-written)]
		i.write(ctx, int(fd-1), b)
		written += len(b)
		*touched += 8 + len(b)
	}
	binary.LittleEndian.PutUint32(out, uint32(written))
	return errnoSuccess
}

// Layouts of poll_oneoff's subscription (48 bytes) and event (32 bytes).
const (
	subscriptionSize = 48
	eventSize        = 32
	eventClock       = 0
	clockAbsolute    = 1
)

// mostSubscriptions is how many poll_oneoff takes.
const mostSubscriptions = 1 << 16

// wasiPoll charges for pollOneoff.
func wasiPoll(i *Instance, _ context.Context, mem engine.Memory, stack []uint64) error {
	if err := i.work(int64(min(stack[2], mostSubscriptions)) * (subscriptionSize + eventSize)); err != nil {
		return err
	}
	stack[0] = i.pollOneoff(mem, stack)
	return nil
}

// pollOneoff serves poll_oneoff(subscriptions, events, count, written). Nothing is waited for: the clock moves to the
// earliest time that is asked for, and what is due then happens. A subscription to a descriptor is answered EBADF at once.
func (i *Instance) pollOneoff(mem engine.Memory, stack []uint64) uint64 {
	count := stack[2]
	if count == 0 || count > mostSubscriptions {
		return errnoInval
	}
	view, ok := read(mem, stack[0], count*subscriptionSize)
	out, ok1 := read(mem, stack[1], count*eventSize)
	written, ok2 := read(mem, stack[3], 4)
	if !ok || !ok1 || !ok2 {
		return errnoFault
	}
	in := bytes.Clone(view) // events may lie over the subscriptions
	now := i.clock()
	earliest, descriptors := int64(math.MaxInt64), false
	for s := in; len(s) > 0; s = s[subscriptionSize:] {
		if s[8] == eventClock {
			earliest = min(earliest, due(s, now))
		} else {
			descriptors = true
		}
	}
	if !descriptors {
		i.sleep(earliest)
	}
	events := 0
	for s := in; len(s) > 0; s = s[subscriptionSize:] {
		number := uint16(errnoSuccess)
		if s[8] != eventClock {
			number = errnoBadf
		} else if due(s, now) > i.world.now {
			continue
		}
		e := out[events*eventSize : (events+1)*eventSize]
		clear(e)
		copy(e, s[:8]) // userdata
		binary.LittleEndian.PutUint16(e[8:], number)
		e[10] = s[8]
		events++
	}
	binary.LittleEndian.PutUint32(written, uint32(events))
	return errnoSuccess
}

// due is when a clock subscription is over.
func due(s []byte, now int64) int64 {
	timeout := int64(min(binary.LittleEndian.Uint64(s[24:]), math.MaxInt64))
	if binary.LittleEndian.Uint16(s[40:])&clockAbsolute != 0 {
		return timeout
	}
	if timeout > math.MaxInt64-now {
		return math.MaxInt64
	}
	return now + timeout
}
