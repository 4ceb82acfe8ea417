package avroformat

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
)

// maxOps bounds a program: schemas come from whoever writes to a topic.
const maxOps = 1 << 16

// compile makes the program that reads datums of the writer's schema w as the reader's r into a row. Its problem says
// which part of w cannot be read so.
func compile(w, r *schema, row *target, unstructured bool) *program {
	c := &compiler{shared: map[shared]*op{}}
	p := &program{walk: c.skip(w)}
	switch {
	case unstructured:
		to := row.kids[0]
		p.root = c.new(op{code: putJSON, to: to, notNull: !to.nullable, kids: []*op{c.json(w, r)}})
	case w.kind != kindRecord || r.kind != kindRecord:
		c.refuse("avro.schema", "record", w.String(), "a row is a record, the schema is of a %s", w)
	case !matches(w, r):
		c.refuse("avro.resolution", r.String(), w.String(), "a %s cannot be read as a %s", w, r)
	default:
		p.root = c.record(putStruct, w, r, row)
	}
	p.ops, p.problem = c.ops, c.problem
	return p
}

// compiler compiles one program.
type compiler struct {
	ops     []*op
	shared  map[shared]*op // what does not depend on a column is compiled once, and may hold itself
	path    []string
	soft    int               // how many branches of unions surround what is compiled: a value need not take one
	problem *format.DataError // the first outside of branches
}

type shared struct {
	w, r *schema // r is nil for what is skipped
}

func (c *compiler) new(o op) *op {
	if o.null == 0 { // whoever knows better says so afterwards
		o.null = notOptional
	}
	if len(c.ops) >= maxOps && c.problem == nil {
		c.problem = &format.DataError{Code: "avro.schema", Message: fmt.Sprintf("too large a schema: more than %d steps a record", maxOps)}
	}
	c.ops = append(c.ops, &o)
	return &o
}

// tooLarge says that a program grew past its bound: nothing is added any more.
func (c *compiler) tooLarge() bool { return len(c.ops) >= maxOps }

// refuse makes the op for a value that cannot get where it belongs, and remembers the problem where every value would.
func (c *compiler) refuse(code, expected, found, message string, args ...any) *op {
	e := &format.DataError{Code: code, Expected: expected, Found: found, Message: fmt.Sprintf(message, args...)}
	if c.soft == 0 && c.problem == nil {
		outside := *e
		outside.Path = joinPath(c.path)
		c.problem = &outside
	}
	return c.new(op{code: opFail, problem: e})
}

func joinPath(parts []string) string {
	path := ""
	for i, part := range parts {
		if i > 0 && part != "[]" {
			path += "."
		}
		path += part
	}
	return path
}

// within compiles a part of what is at hand.
func (c *compiler) within(name string, compile func() *op) *op {
	c.path = append(c.path, name)
	o := compile()
	c.path = c.path[:len(c.path)-1]
	o.name = name
	return o
}

// op compiles how values of w, read as r, get to a target.
func (c *compiler) op(w, r *schema, to *target) *op {
	if to.isJSON() {
		return c.new(op{code: putJSON, to: to, notNull: !to.nullable, kids: []*op{c.json(w, r)}})
	}
	if w.kind == kindUnion {
		return c.union(w, r, to)
	}
	if r.kind != kindUnion {
		return c.single(w, r, to)
	}
	b := branch(w, r)
	if b == nil {
		return c.refuse("avro.resolution", r.String(), w.String(), "a %s cannot be read as a %s", w, r)
	}
	return c.single(w, b, to)
}

// union compiles a writer's union: each branch is resolved on its own, and what cannot be is bad data where it comes up.
func (c *compiler) union(w, r *schema, to *target) *op {
	branchOp := func(b *schema) *op {
		if r != w {
			return c.op(b, r, to)
		}
		return c.single(b, b, to)
	}
	if value, null := w.optional(); null >= 0 && c.nullFits(r) {
		o := branchOp(value)
		if o.code == opFail {
			o = c.new(op{code: opInner, kids: []*op{o}, to: to})
		}
		o.null, o.value = byte(null)<<1, byte(1-null)<<1
		o.notNull = !to.nullable
		return o
	}
	o := c.new(op{code: opUnion})
	c.soft++
	good := false
	var last *op
	for _, b := range w.branches {
		kid := branchOp(b)
		o.kids = append(o.kids, kid)
		if kid.code == opFail {
			last = kid
		}
		good = good || kid.code != opFail && b.kind != kindNull
	}
	c.soft--
	if !good && last != nil { // no value but null fits
		return c.refuse(last.problem.Code, last.problem.Expected, last.problem.Found, "%s", last.problem.Message)
	}
	return o
}

// nullFits says whether the reader knows null.
func (c *compiler) nullFits(r *schema) bool {
	return r.kind == kindNull || r.kind == kindUnion && branch(&schema{kind: kindNull}, r) != nil
}

// single compiles values that are of no union.
func (c *compiler) single(w, r *schema, to *target) *op {
	switch {
	case c.tooLarge():
		return c.refuse("avro.schema", "", "", "too large a schema: more than %d steps a record", maxOps)
	case !matches(w, r):
		return c.refuse("avro.resolution", r.String(), w.String(), "a %s cannot be read as a %s", w, r)
	}
	return c.put(w, r, to)
}

// put compiles values that are of no union for a column that is not JSON.
func (c *compiler) put(w, r *schema, to *target) *op {
	o := op{to: to, notNull: !to.nullable, short: w.kind == kindInt, from: w.kind, size: w.size}
	switch t := types.Storage(to.dtype).(type) {
	case *arrow.BooleanType:
		if r.kind == kindBoolean {
			o.code = putBoolean
		}
	case *arrow.Float32Type, *arrow.Float64Type:
		c.float(&o, w, r, t)
	case *arrow.StringType, *arrow.DictionaryType:
		text(&o, w, r)
	case *arrow.BinaryType:
		switch r.kind {
		case kindBytes, kindString:
			o.code = putBytes
		case kindFixed:
			o.code = putFixed
		}
	case *arrow.FixedSizeBinaryType:
		switch {
		case r.kind == kindString:
			o.code = putUUID
		case r.kind == kindFixed && r.size == 16 && r.logical != logicalDecimal:
			o.code = putUUIDBytes
		}
	case *arrow.Decimal128Type:
		number(&o, w, r, t)
	case *arrow.MonthDayNanoIntervalType:
		if r.kind == kindFixed && w.size == 12 && (r.logical == logicalDuration || w.logical == logicalDuration) {
			o.code = putInterval
		}
	case *arrow.ListType:
		if r.kind == kindArray {
			return c.list(o, w, r, to)
		}
	case *arrow.MapType:
		return c.mapping(o, w, r, to)
	case *arrow.StructType:
		if r.kind == kindRecord {
			return c.record(putStruct, w, r, to)
		}
	default:
		integer(&o, w, r, to.dtype)
	}
	if w.kind == kindNull {
		o.code = putNull
	}
	if o.code == opFail {
		return c.misfit(r, to)
	}
	return c.new(o)
}

func (c *compiler) misfit(r *schema, to *target) *op {
	hint := ""
	if r.kind >= kindRecord {
		hint = "; a JSON column takes any value"
	}
	return c.refuse("avro.type", types.Name(to.dtype), r.String(), "expected %s, got %s%s", types.Name(to.dtype), r, hint)
}

func (c *compiler) float(o *op, w, r *schema, t arrow.DataType) {
	switch r.kind {
	case kindFloat, kindDouble, kindInt, kindLong:
		o.code = putFloat64
		if t.ID() == arrow.FLOAT32 {
			o.code = putFloat32
		}
		o.single = r.kind == kindFloat && w.kind != kindFloat
	}
}

func text(o *op, w, r *schema) {
	switch {
	case r.logical == logicalDecimal || w.logical == logicalDecimal:
	case r.kind == kindString, r.kind == kindBytes:
		o.code = putText
	case r.kind == kindFixed && r.logical == logicalUUID:
		o.code = putUUIDText
	case r.kind == kindEnum:
		o.code, o.texts = putSymbol, symbols(w, r)
	}
}

// number compiles decimals. The writer's scale is what the bytes mean; a reader whose scale differs cannot say otherwise
// (spec: Decimal).
func number(o *op, w, r *schema, t *arrow.Decimal128Type) {
	d := &decimal{to: t.Scale, precision: t.Precision}
	switch {
	case r.logical == logicalDecimal || w.logical == logicalDecimal && w.kind == r.kind:
		scale := r.scale
		if w.logical == logicalDecimal {
			scale = w.scale
		}
		if r.logical == logicalDecimal && r.scale != scale || scale > types.MaxPrecision || r.kind != w.kind {
			return
		}
		d.from = int32(scale)
	case r.kind != kindInt && r.kind != kindLong || w.kind != kindInt && w.kind != kindLong || timeOf(w, r) != logicalNone:
		return
	}
	o.code, o.number = putDecimal, d
}

// timeOf is the logical type that says which time a number is: the writer's, or else the reader's.
func timeOf(w, r *schema) logical {
	for _, l := range [...]logical{w.logical, r.logical} {
		if _, what := temporal(l); what != logicalNone {
			return l
		}
	}
	return logicalNone
}

// integer compiles ints and longs for columns of whole numbers and times. A number that no logical type explains is in the
// column's unit.
func integer(o *op, w, r *schema, t arrow.DataType) {
	s, ok := bounds(t)
	if !ok || r.kind != kindInt && r.kind != kindLong {
		return
	}
	is := timeOf(w, r)
	from, what := temporal(is)
	to, column := columnTime(t)
	switch {
	case what == logicalNone:
	case column == logicalNone: // the number as it is read
		if to, same := temporal(r.logical); same == what && to != from {
			s.between(from, to)
		}
	case column == logicalDate && is != logicalDate, column != logicalDate && column != what:
		return
	default:
		s.between(from, to)
	}
	o.code, o.scaled = putInteger, &s
	if s.multiply != 1 || s.divide != 1 || column == logicalTimeMicros || t.ID() == arrow.UINT32 || t.ID() == arrow.UINT64 {
		return
	}
	switch t.(arrow.FixedWidthDataType).BitWidth() {
	case 64:
		o.code = putLong
	case 32:
		if o.short {
			o.code = putInt
		}
	}
}

func (c *compiler) list(o op, w, r *schema, to *target) *op {
	o.code, o.dry, o.weight = putList, dry(w.items), to.kids[0].cells()
	made := c.new(o)
	made.kids = []*op{c.within("[]", func() *op { return c.op(w.items, r.items, to.kids[0]) })}
	return made
}

func (c *compiler) mapping(o op, w, r *schema, to *target) *op {
	key, value := to.kids[0], to.kids[1]
	o.weight = value.cells()
	switch {
	case r.kind == kindMap && types.Storage(key.dtype).ID() == arrow.STRING:
		o.code = putMap
		text := &schema{kind: kindString}
		made := c.new(o)
		made.kids = []*op{c.single(text, text, key), c.within("[]", func() *op { return c.op(w.items, r.items, value) }), c.skip(w.items)}
		return made
	case r.kind == kindArray:
		wk, wv, writes := w.entries()
		rk, rv, reads := r.entries()
		if !writes || !reads || !matches(w.items, r.items) {
			break
		}
		o.code, o.dry = putEntries, dry(w.items)
		made := c.new(o)
		made.kids = []*op{
			c.within("[]", func() *op { return c.op(wk.schema, rk.schema, key) }),
			c.within("[]", func() *op { return c.op(wv.schema, rv.schema, value) }),
			c.skip(wv.schema),
		}
		c.soft++ // what is wrong with the key has been said
		made.kids = append(made.kids, c.json(wk.schema, rk.schema))
		c.soft--
		return made
	}
	return c.misfit(r, to)
}

// record compiles a record's fields in the order in which they were written.
func (c *compiler) record(code code, w, r *schema, to *target) *op {
	o := c.new(op{code: code, to: to, notNull: !to.nullable})
	readers, written := pairs(w, r)
	had := map[*target]bool{}
	for i := range w.fields {
		f := &w.fields[i]
		var kid *target
		name := f.name
		if readers[i] >= 0 {
			name = r.fields[readers[i]].name
			if kid = to.find(name); kid != nil && had[kid] {
				kid = nil
			}
		}
		if kid == nil {
			o.kids = append(o.kids, c.within(name, func() *op { return c.named(c.skip(f.schema)) }))
			continue
		}
		had[kid] = true
		o.kids = append(o.kids, c.within(kid.name, func() *op { return c.op(f.schema, r.fields[readers[i]].schema, kid) }))
	}
	c.fill(o, r, written, to, had)
	if dry(w) {
		o.free += 8 * len(o.kids)
	}
	return o
}

// named is an op that may have a name of its own: what is skipped is shared.
func (c *compiler) named(o *op) *op {
	if o.code < skipRecord && o.code != opUnion {
		made := *o
		c.ops = append(c.ops, &made)
		return &made
	}
	return c.new(op{code: opInner, kids: []*op{o}})
}

// fill gives the fields that are not written the reader's defaults, or null.
func (c *compiler) fill(o *op, r *schema, written []bool, to *target, had map[*target]bool) {
	for i := range r.fields {
		f := &r.fields[i]
		if written[i] {
			continue
		}
		c.path = append(c.path, f.name)
		datum, err := f.datum()
		kid := to.find(f.name)
		switch {
		case err == errNoDefault:
			c.refuse("avro.missing", f.schema.String(), "", "the writer's schema has no such field, and the reader's no default for it")
		case err != nil:
			c.refuse("avro.schema", f.schema.String(), "", "the default in the reader's schema: %v", err)
		case kid != nil && !had[kid]:
			had[kid] = true
			o.fills = append(o.fills, fill{op: c.op(f.schema, f.schema, kid), datum: datum, to: kid})
			o.free += 8 + len(datum)
		}
		c.path = c.path[:len(c.path)-1]
	}
	for _, kid := range to.kids {
		if had[kid] {
			continue
		}
		if !kid.nullable {
			c.path = append(c.path, kid.name)
			c.missing(r, kid)
			c.path = c.path[:len(c.path)-1]
		}
		o.fills = append(o.fills, fill{to: kid})
		o.free += 8
	}
}

func (c *compiler) missing(r *schema, kid *target) {
	hint := ""
	if c.soft == 0 && c.problem == nil { // else nobody would see it
		hint = near(r, kid.name)
	}
	name := types.Name(kid.dtype)
	c.refuse("avro.missing", name, "", "required field is missing (expected %s): the schema has none of this name%s", name, hint)
}

// near says which fields a schema has, for somebody who looked for another.
func near(r *schema, name string) string {
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = f.name
	}
	if hint, ok := option.Nearest(name, names); ok {
		return fmt.Sprintf("; did you mean %q?", hint)
	}
	return ""
}
