package abi

// What the host keeps beside the bytes themselves, in bytes, so that no guest can have it keep much by saying little: many
// columns without rows, say, or lists in lists. What a guest declares is held against the call that declares it, weir_open.
const (
	emitCost      = 1024 // an emit, or an output
	columnCost    = 512  // a column of an emit, or a field inside of one: an array and its buffers
	fieldCost     = 1024 // of an output: a field in its schema at any depth, by name too
	rejectionCost = 256
)

// copied counts bytes that are copied out of the guest and kept until its call's answer is taken.
func (i *Instance) copied(n int64) error {
	if i.engine == nil { // the start function runs, which may not emit anything
		return nil
	}
	if err := i.engine.Hold(n); err != nil {
		return violated(CodeLimitMemory, "%v", err)
	}
	return nil
}

// bytesPerFuel is what of the host's work on a guest's bytes costs one unit of fuel, as bulk instructions do.
const bytesPerFuel = 16

// work charges the guest for n bytes that the host reads, writes or makes for it. The error ends the call.
func (i *Instance) work(n int64) error {
	if i.engine == nil {
		return nil
	}
	return i.engine.Charge(n / bytesPerFuel)
}

// spend counts bytes that are emitted in this call.
func (c *call) spend(n int64, l *Limits) error {
	if n > int64(l.EmittedBytes-c.emittedBytes) {
		return violated(CodeEmitBytes, "more than %d bytes emitted in a call", l.EmittedBytes)
	}
	c.emittedBytes += int(n)
	return nil
}

// keep accounts for what a guest makes the host keep: a message, rows of a row list, and what is made of them. Nothing is
// allocated before it has agreed.
func (i *Instance) keep(message, rows, made int64) error {
	if err := i.copied(occupied(message) + 4*rows + made); err != nil {
		return err
	}
	return i.work(message + 4*rows + made)
}

// occupied is what the pool takes for n bytes.
func occupied(n int64) int64 {
	if n == 0 || n > mostPooled {
		return n
	}
	return 1 << class(int(n))
}
