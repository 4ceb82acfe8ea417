package avroformat

// What the compiler makes of values that go to no column of their own: those that are passed over, and those that become
// JSON. Such ops are shared by all who mention a type, so that a type may hold itself.

// skip compiles how values of w are passed over.
func (c *compiler) skip(w *schema) *op {
	at := shared{w: w}
	if o := c.shared[at]; o != nil {
		return o
	}
	if dry(w) || c.tooLarge() {
		return c.new(op{code: opNothing})
	}
	if value, null := w.optional(); null >= 0 {
		o := c.named(c.skip(value))
		o.null, o.value = byte(null)<<1, byte(1-null)<<1
		return o
	}
	o := c.new(op{code: skipCodes[w.kind], size: w.size})
	c.shared[at] = o
	switch w.kind {
	case kindFloat:
		o.size = 4
	case kindDouble:
		o.size = 8
	case kindEnum:
		o.size = len(w.symbols)
	case kindArray, kindMap:
		o.dry = w.kind == kindArray && dry(w.items)
		o.kids = []*op{c.skip(w.items)}
	case kindUnion:
		for _, b := range w.branches {
			o.kids = append(o.kids, c.skip(b))
		}
	case kindRecord:
		for _, f := range w.fields {
			o.kids = append(o.kids, c.within(f.name, func() *op { return c.named(c.skip(f.schema)) }))
		}
	}
	return o
}

var skipCodes = [...]code{kindNull: opNothing, kindBoolean: skipBoolean, kindInt: skipInt, kindLong: skipLong, kindFloat: skipFixed,
	kindDouble: skipFixed, kindBytes: skipBytes, kindString: skipString, kindFixed: skipFixed, kindEnum: skipEnum,
	kindRecord: skipRecord, kindArray: skipArray, kindMap: skipMap, kindUnion: opUnion}

// json compiles how values of w, read as r, become JSON.
func (c *compiler) json(w, r *schema) *op {
	if w.kind == kindUnion {
		return c.jsonUnion(w, r)
	}
	b := r
	if r.kind == kindUnion {
		b = branch(w, r)
	}
	switch {
	case c.tooLarge():
		return c.refuse("avro.schema", "", "", "too large a schema: more than %d steps a record", maxOps)
	case b == nil || !matches(w, b):
		return c.refuse("avro.resolution", r.String(), w.String(), "a %s cannot be read as a %s", w, r)
	case b != r:
		return c.tagged(r, b, c.jsonValue(w, b))
	}
	return c.jsonValue(w, r)
}

// jsonUnion compiles a writer's union: each branch is resolved on its own, and what cannot be is bad data where it comes up.
func (c *compiler) jsonUnion(w, r *schema) *op {
	o := c.new(op{code: opUnion})
	c.soft++
	for _, b := range w.branches {
		if r == w {
			o.kids = append(o.kids, c.tagged(w, b, c.jsonValue(b, b)))
		} else {
			o.kids = append(o.kids, c.json(b, r))
		}
	}
	c.soft--
	return o
}

// tagged puts the name of a union's branch around a value (spec: JSON Encoding), unless there is but one beside null.
func (c *compiler) tagged(union, b *schema, o *op) *op {
	if b.kind == kindNull || !union.tagged() {
		return o
	}
	return c.new(op{code: jsonTag, kids: []*op{o}, key: "{" + string(appendQuoted(nil, b.branchName())) + ":"})
}

// jsonValue is json without unions.
func (c *compiler) jsonValue(w, r *schema) *op {
	at := shared{w, r}
	if o := c.shared[at]; o != nil {
		return o
	}
	o := c.new(op{code: jsonCodes[r.kind], from: w.kind, short: w.kind == kindInt, size: w.size})
	c.shared[at] = o
	switch r.kind {
	case kindRecord:
		c.jsonRecord(o, w, r)
	case kindArray, kindMap:
		o.dry = r.kind == kindArray && dry(w.items)
		o.kids = []*op{c.json(w.items, r.items)}
	case kindEnum:
		o.texts = symbols(w, r)
	case kindFloat:
		o.single = true
	case kindBytes, kindFixed:
		c.jsonBinary(o, w, r)
	}
	return o
}

var jsonCodes = [...]code{kindNull: jsonNull, kindBoolean: jsonBoolean, kindInt: jsonInteger, kindLong: jsonInteger,
	kindFloat: jsonFloat, kindDouble: jsonFloat, kindBytes: jsonBytes, kindString: jsonString, kindFixed: jsonFixed,
	kindEnum: jsonSymbol, kindRecord: jsonRecord, kindArray: jsonArray, kindMap: jsonMap}

// jsonBinary gives bytes the form of what they mean: the writer says it, or else the reader.
func (c *compiler) jsonBinary(o *op, w, r *schema) {
	is := w
	if w.logical == logicalNone {
		is = r
	}
	switch {
	case w.kind != r.kind:
	case is.logical == logicalDecimal && is.scale > maxDigits:
		const message = "a decimal of more than %d digits behind the point"
		o.code, o.problem = opFail, c.refuse("avro.limit", "JSON", is.String(), message, maxDigits).problem
	case is.logical == logicalDecimal:
		o.code, o.number = jsonDecimal, &decimal{from: int32(is.scale)}
	case is.logical == logicalUUID:
		o.code = jsonUUID
	case is.logical == logicalDuration:
		o.code = jsonDuration
	}
}

// jsonRecord compiles the fields that are written, each behind its key, and those that the reader adds.
func (c *compiler) jsonRecord(o *op, w, r *schema) {
	readers, written := pairs(w, r)
	for i, f := range w.fields {
		if readers[i] < 0 {
			o.kids = append(o.kids, c.within(f.name, func() *op { return c.named(c.skip(f.schema)) }))
			continue
		}
		as := r.fields[readers[i]]
		kid := c.within(as.name, func() *op { return c.new(op{code: opInner, kids: []*op{c.json(f.schema, as.schema)}}) })
		kid.key = string(appendQuoted(nil, as.name)) + ":"
		o.kids = append(o.kids, kid)
	}
	for i := range r.fields {
		if f := &r.fields[i]; !written[i] {
			c.jsonDefault(o, f)
		}
	}
}

func (c *compiler) jsonDefault(o *op, f *field) {
	datum, err := f.datum()
	kid := c.within(f.name, func() *op {
		if err == errNoDefault {
			return c.refuse("avro.missing", f.schema.String(), "", "the writer's schema has no such field, and the reader's no default for it")
		} else if err != nil {
			return c.refuse("avro.schema", f.schema.String(), "", "the default in the reader's schema: %v", err)
		}
		return c.new(op{code: opInner, kids: []*op{c.json(f.schema, f.schema)}})
	})
	kid.key = string(appendQuoted(nil, f.name)) + ":"
	o.fills = append(o.fills, fill{op: kid, datum: datum})
}
