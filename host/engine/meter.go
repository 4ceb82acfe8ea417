package engine

import (
	"context"
	"fmt"
	"time"
)

// Slice is how much fuel a guest is given at a time, in units: 5 to 200 µs of compiled code. A guest that has used it up
// yields, and only then deadline, cancellation, budget and rate are looked at, so that it bounds how late each of them is.
const Slice = 100_000

// rateWindow is the time over which Limits.FuelPerSecond is averaged: so much of it may be consumed at once.
const rateWindow = time.Second / 10

// Meter keeps the account of one instance: the fuel, and within a call the deadline and the host calls. Every engine uses
// it, so that a call ends for the same reason, after the same fuel, on each. The zero Meter is ready. Begin and End
// surround a call; Yield, HostCall and Charge belong between them, on the goroutine of the call.
//
// Fuel is exact: what was given, less what is left, whatever the slices are.
type Meter struct {
	Slice int64 // given at a time; 0: the constant Slice. Set it before the first call, where a guest runs more slowly

	limits    Limits
	epoch     time.Time       // of clock
	ctx       context.Context // of the running call, from Begin to End
	began     time.Duration   // by clock
	deadline  time.Duration   // by clock
	given     int64           // in this call
	reported  int64           // of this call, already put against the rate
	hostCalls int             // of this call
	total     uint64
	took      time.Duration
	paid      time.Duration // until when, by clock, the fuel consumed so far has been paid for by waiting
}

// clock is the time since the first call: reading that costs half of what reading the time itself does.
func (m *Meter) clock() time.Duration { return time.Since(m.epoch) }

// Begin starts a call under limits that have their defaults, and returns the first slice. It waits where fuel consumed
// before has not been paid for. Where it answers a trap there is no call, and no End.
func (m *Meter) Begin(ctx context.Context, l Limits) (int64, *Trap) {
	if m.epoch.IsZero() {
		m.epoch = time.Now()
	}
	now := m.clock()
	m.limits, m.ctx, m.began, m.deadline = l, ctx, now, now+l.Timeout
	m.given, m.reported, m.hostCalls = 0, 0, 0
	trap := m.look(now)
	if trap == nil && l.FuelPerSecond > 0 {
		trap = m.pay(now, 0)
	}
	if trap != nil {
		m.ctx = nil
		return 0, trap
	}
	if m.Slice <= 0 {
		m.Slice = Slice
	}
	m.given = min(m.Slice, l.Fuel)
	return m.given, nil
}

// Yield takes what the guest's counter is at, below 0 as a rule, and returns what it goes on with; or the trap that ends
// the call.
func (m *Meter) Yield(left int64) (int64, *Trap) {
	used := m.given - left
	if used > m.limits.Fuel {
		return 0, m.spent()
	}
	now := m.clock()
	if trap := m.look(now); trap != nil {
		return 0, trap
	}
	if m.limits.FuelPerSecond > 0 {
		if trap := m.pay(now, used); trap != nil {
			return 0, trap
		}
	}
	next := min(m.Slice, m.limits.Fuel-used)
	m.given = used + next
	return next, nil
}

// HostCall counts a call of a host function, before it is made.
func (m *Meter) HostCall() *Trap {
	if m.hostCalls++; m.hostCalls > m.limits.HostCalls {
		return &Trap{Class: HostCalls, Message: fmt.Sprintf("the call called more than %d host functions", m.limits.HostCalls)}
	}
	return m.look(m.clock())
}

// Charge counts n units for the host's own work in the middle of the call, left being what the guest's counter is at.
func (m *Meter) Charge(left, n int64) *Trap {
	m.given += n
	if m.given-left > m.limits.Fuel {
		return m.spent()
	}
	return m.look(m.clock())
}

// End closes the call: left is what the guest's counter is at.
func (m *Meter) End(left int64) {
	used, now := m.given-left, m.clock()
	m.total += uint64(max(0, used))
	m.took += now - m.began
	if m.limits.FuelPerSecond > 0 {
		m.charge(now, used)
	}
	m.given, m.ctx = 0, nil
}

// Total is the fuel consumed in all calls that have ended.
func (m *Meter) Total() uint64 { return m.total }

// Took is the wall time of all calls that have ended, host functions and waiting included.
func (m *Meter) Took() time.Duration { return m.took }

// Running is the fuel that the running call has consumed; left is what the guest's counter is at.
func (m *Meter) Running(left int64) uint64 { return uint64(max(0, m.given-left)) }

func (m *Meter) spent() *Trap {
	return &Trap{Class: Fuel, Message: fmt.Sprintf("the call used up its fuel of %d units", m.limits.Fuel)}
}

func (m *Meter) look(now time.Duration) *Trap {
	if err := m.ctx.Err(); err != nil {
		return &Trap{Class: Cancelled, Message: "the call was cancelled", Err: err}
	}
	if now >= m.deadline {
		return &Trap{Class: Deadline, Message: fmt.Sprintf("the call took longer than its deadline of %s", m.limits.Timeout)}
	}
	return nil
}

// charge puts what the call has used since the last time against the rate.
func (m *Meter) charge(now time.Duration, used int64) {
	seconds := float64(used-m.reported) / float64(m.limits.FuelPerSecond)
	m.paid = max(m.paid, now-rateWindow) + time.Duration(min(seconds*float64(time.Second), float64(MaxTimeout)))
	m.reported = used
}

// pay charges and waits until it is paid for.
func (m *Meter) pay(now time.Duration, used int64) *Trap {
	m.charge(now, used)
	wait := m.paid - now
	if wait <= 0 {
		return nil
	}
	late := wait > m.deadline-now
	timer := time.NewTimer(min(wait, m.deadline-now))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-m.ctx.Done():
		return m.look(m.clock())
	}
	if late {
		return &Trap{Class: FuelRate, Message: fmt.Sprintf("the call was held to %d units of fuel a second and did not end within %s",
			m.limits.FuelPerSecond, m.limits.Timeout)}
	}
	return nil
}
