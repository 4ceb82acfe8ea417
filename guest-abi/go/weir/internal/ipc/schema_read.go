package ipc

// ParseSchema reads a Schema message. The result shares nothing with the message.
func ParseSchema(message []byte) (*Schema, error) {
	r, table, _, err := split(message, headerSchema)
	if err != nil {
		return nil, err
	}
	if r.int(table, schemaEndianness, 2) != 0 {
		return nil, messageError("its endianness is not little")
	}
	at, count := r.vector(table, schemaFields, 4)
	if count > maxNodes {
		return nil, messageError("its schema has too many columns")
	}
	p := schemaParser{reader: &r, schema: &Schema{Fields: make([]Field, 0, count)}}
	for i := range count {
		if err := p.field(r.ref(at + 4*i)); err != nil {
			return nil, err
		}
	}
	if r.bad {
		return nil, messageError("its metadata is damaged")
	}
	return p.schema, nil
}

// schemaParser keeps count of what has been laid out: tables may be shared within a flatbuffer, so that a small message
// can describe a huge tree.
type schemaParser struct {
	*reader
	schema *Schema
	names  int // bytes of the names so far
}

func (p *schemaParser) field(table int) error {
	f := Field{
		Name:     p.text(table, fieldName),
		Nullable: p.int(table, fieldNullable, 1) != 0,
		Type:     p.fieldType(table),
		node:     p.schema.nodes,
		buffer:   p.schema.buffers,
	}
	if p.names += len(f.Name); p.names > len(p.b) {
		return messageError("its names are longer than it is")
	}
	p.schema.Fields = append(p.schema.Fields, f)
	return p.layout(table, maxNesting)
}

func (p *schemaParser) fieldType(table int) Type {
	details := p.table(table, fieldType)
	switch p.int(table, fieldTypeType, 1) {
	case typeInt:
		width, signed := p.int(details, 0, 4), p.int(details, 1, 1) != 0
		if signed && width == 32 {
			return Int32
		}
		if signed && width == 64 {
			return Int64
		}
	case typeFloatingPoint:
		if p.int(details, 0, 2) == precisionDouble {
			return Float64
		}
	case typeUtf8:
		return Text
	case typeBool:
		return Bool
	case typeTimestamp:
		if unit := p.int(details, 0, 2); unit <= 3 {
			return TimestampSecond + Type(unit)
		}
	}
	return Other
}

// layout counts the nodes and buffers of a field and its children: "Recursive flattening" in Arrow's columnar format.
func (p *schemaParser) layout(table, depth int) error {
	p.schema.nodes++
	if depth == 0 || p.schema.nodes > maxNodes {
		return messageError("its schema is nested too deep or too large")
	}
	if p.table(table, fieldDictionary) != 0 {
		return messageError("a column is dictionary encoded")
	}
	kind := p.int(table, fieldTypeType, 1)
	switch {
	case kind == typeNull || kind == typeRunEndEncoded:
	case kind == typeStruct || kind == typeFixedSizeList:
		p.schema.buffers++
	case kind == typeUnion:
		p.schema.buffers++
		if p.int(p.table(table, fieldType), 0, 2) == unionDense {
			p.schema.buffers++
		}
	case kind == typeBinary || kind == typeUtf8 || kind == typeLargeBinary || kind == typeLargeUtf8:
		p.schema.buffers += 3
	case kind == 0 || kind >= typeBinaryView:
		return messageError("a column has a type without a fixed number of buffers")
	default: // validity and values, or validity and offsets
		p.schema.buffers += 2
	}
	at, count := p.vector(table, fieldChildren, 4)
	for i := range count {
		if err := p.layout(p.ref(at+4*i), depth-1); err != nil {
			return err
		}
		if p.bad {
			return messageError("its metadata is damaged")
		}
	}
	return nil
}
