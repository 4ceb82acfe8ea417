package wasm

// values are what locals have: what they were given in the open blocks. Where a block ends that a local was given a value in, ways
// with different values meet, and the local gets a new one, the phi. It matters only if it is read, but then what it is made of
// matters, too. In a loop the same happens at its head, to locals that are read before they are set.
type values struct {
	of    []int32 // for each local, the innermost value, as an index of all
	all   []value // what locals begin with, by local; then those of open blocks, the outer ones first
	aside []value // of first arms of ifs whose second arms are open
}

// value is what a local has from an instruction or the end of a block on.
type value struct {
	local, outer  int32  // of the local, the one that this one hides, as an index of values.all; -1: none
	level         int32  // of the block
	fed           int32  // values that become it and have no slot: they need one if it is read
	segment, born uint32 // see frame
	read          uint32 // the last segment in which it was read
	phi, counted  bool   // it has its slot
}

// workMerge is taken from effort.work for a local that was set in a block, at the block's end: not for an engine, but because it is
// done here.
const workMerge = 100

func (s *values) begin(locals int) {
	if cap(s.of) < locals {
		s.of = make([]int32, locals)
	}
	s.of, s.all, s.aside = s.of[:locals], s.all[:0], s.aside[:0]
	for i := range s.of {
		s.of[i] = int32(i)
		s.all = append(s.all, value{local: int32(i), outer: -1, counted: true})
	}
}

// begins notes where the values of a block begin.
func (v *Validator) begins(c *control) {
	c.first, c.segment = len(v.frame.values.all), v.frame.segment
	if c.op != OpElse {
		c.aside = len(v.frame.values.aside)
	}
	if c.op == OpLoop {
		v.frame.slots += 2 * widths(c.params)
	}
}

// setValue notes that a local is given a value.
func (v *Validator) setValue(local int) {
	f := &v.frame
	f.values.put(value{
		local: int32(local), outer: f.values.of[local], level: int32(len(v.controls) - 1), segment: f.segment, born: f.clock,
	})
}

// put gives a local a value, in place of one in the same block.
func (s *values) put(d value) {
	if old := &s.all[s.of[d.local]]; old.level == d.level {
		d.outer = old.outer
		*old = d
		return
	}
	s.of[d.local] = int32(len(s.all))
	s.all = append(s.all, d)
}

// useValue notes that a value is read, and with it what it is made of.
func (v *Validator) useValue(at int32) {
	f := &v.frame
	for at >= 0 {
		d := &f.values.all[at]
		d.read = f.segment
		slots, first := int(d.fed), !d.counted
		if first {
			if !d.phi && !f.crosses(d.segment, d.born) {
				return
			}
			slots++
		}
		d.fed, d.counted = 0, true
		f.slots += slots * v.slots(int(d.local))
		if !d.phi || !first {
			return
		}
		at = d.outer
	}
}

// firstArm ends the first arm of an if.
func (v *Validator) firstArm(c *control) {
	f := &v.frame
	s := &f.values
	for _, d := range s.all[c.first:] {
		s.of[d.local] = d.outer
		d.fed, d.counted = f.feeds(&d), true
		s.aside = append(s.aside, d)
	}
	s.all = s.all[:c.first]
}

// lastArm ends a block: a local has behind it what it had in it, or a phi.
func (v *Validator) lastArm(c *control) {
	f := &v.frame
	s := &f.values
	phi := c.op == OpIf || c.op == OpElse || c.op == OpBlock && c.ways+int64(v.step) > 1
	if phi {
		f.slots += widths(c.results)
	}
	for i := c.first; i < len(s.all); i++ {
		switch d := &s.all[i]; {
		case phi:
			d.fed, d.counted = f.feeds(d), true
		case c.op == OpLoop:
			v.again(c, int32(i))
		}
		s.aside = append(s.aside, s.all[i])
	}
	for _, d := range s.all[c.first:] {
		s.of[d.local] = d.outer
	}
	s.all = s.all[:c.first]
	for _, d := range s.aside[c.aside:] {
		v.merge(d, phi)
	}
	if v.effort.work < 0 {
		v.tooLong(v.r.pos)
	}
	s.aside = s.aside[:c.aside]
}

// again notes that a local has been given a value in the loop that is ended: if it was read there before, or is read behind it where
// it may not have been given any, there are phis at the loop's head and at that of another loop that may be put around.
func (v *Validator) again(c *control, at int32) {
	d := &v.frame.values.all[at]
	d.fed += 2
	if d.outer >= 0 && v.frame.values.all[d.outer].read >= c.segment {
		v.useValue(at)
	}
}

// merge gives a local behind the end of a block what it had in it, or a phi.
func (v *Validator) merge(d value, phi bool) {
	f := &v.frame
	v.work(workMerge)
	d.level--
	old := &f.values.all[f.values.of[d.local]]
	if phi {
		if old.phi && old.level == d.level && old.segment > f.segment { // from the other arm
			old.fed += d.fed
			return
		}
		d = value{local: d.local, outer: d.outer, level: d.level, phi: true, segment: f.segment + 1, born: f.clock, fed: d.fed}
	}
	if old.level == d.level {
		d.fed += f.feeds(old)
	}
	f.values.put(d)
}

// feeds is how many slots it takes that a value becomes a phi, if that is read.
func (f *frame) feeds(d *value) int32 {
	if !d.counted && (d.phi || f.crosses(d.segment, d.born)) {
		return d.fed + 1
	}
	return d.fed
}

// slots is what a value of a local takes.
func (v *Validator) slots(local int) int {
	if v.locals.slots == v.locals.n {
		return 1
	}
	return width(v.locals.at(local))
}
