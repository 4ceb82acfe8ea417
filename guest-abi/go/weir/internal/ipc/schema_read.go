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
	p := schemaParser{reader: &r}
	if p.schema.Fields, err = p.fields(table, schemaFields, maxNesting); err != nil {
		return nil, err
	}
	if r.bad {
		return nil, messageError("its metadata is damaged")
	}
	return &p.schema, nil
}

// schemaParser keeps count of what has been laid out: tables may be shared within a flatbuffer, so that a small message
// can describe a huge tree.
type schemaParser struct {
	*reader
	schema Schema
	names  int // bytes of the names so far
}

// fields reads the fields that a vector refers to, and what is inside of them, as deep as may be.
func (p *schemaParser) fields(table, id, depth int) (fields []Field, err error) {
	at, count := p.vector(table, id, 4)
	for i := range count {
		f, err := p.field(p.ref(at+4*i), depth)
		if err != nil {
			return nil, err
		}
		if p.bad {
			return nil, messageError("its metadata is damaged")
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// field reads a field and counts its nodes and buffers, those inside of it with them: "Recursive flattening" in Arrow's
// columnar format.
func (p *schemaParser) field(table, depth int) (Field, error) {
	f := Field{
		Name:     p.text(table, fieldName),
		Nullable: p.int(table, fieldNullable, 1) != 0,
		node:     p.schema.nodes,
		buffer:   p.schema.buffers,
	}
	if p.names += len(f.Name); p.names > len(p.b) {
		return f, messageError("its names are longer than it is")
	}
	p.schema.nodes++
	if depth == 0 || p.schema.nodes > maxNodes {
		return f, messageError("its schema is nested too deep or too large")
	}
	if p.table(table, fieldDictionary) != 0 {
		return f, messageError("a column is dictionary encoded")
	}
	buffers, err := p.buffers(table)
	if err != nil {
		return f, err
	}
	p.schema.buffers += buffers
	inside, err := p.fields(table, fieldChildren, depth-1)
	if err != nil {
		return f, err
	}
	p.setType(&f, table)
	f.hold(inside)
	return f, nil
}

// buffers is how many buffers a field has, those inside of it not counted.
func (p *schemaParser) buffers(table int) (int, error) {
	switch kind := p.int(table, fieldTypeType, 1); {
	case kind == typeNull || kind == typeRunEndEncoded:
		return 0, nil
	case kind == typeStruct || kind == typeFixedSizeList:
		return 1, nil
	case kind == typeUnion && p.int(p.table(table, fieldType), 0, 2) != unionDense:
		return 1, nil
	case kind == typeBinary || kind == typeUtf8 || kind == typeLargeBinary || kind == typeLargeUtf8:
		return 3, nil
	case kind == 0 || kind >= typeBinaryView:
		return 0, messageError("a column has a type without a fixed number of buffers")
	}
	return 2, nil // validity and values, or validity and offsets
}

// setType finds out a field's type, Other where it is none that is read.
func (p *schemaParser) setType(f *Field, table int) {
	details := p.table(table, fieldType)
	switch p.int(table, fieldTypeType, 1) {
	case typeInt:
		f.Type = integer(p.int(details, 0, 4), p.int(details, 1, 1) != 0)
	case typeFloatingPoint:
		switch p.int(details, 0, 2) {
		case precisionSingle:
			f.Type = Float32
		case precisionDouble:
			f.Type = Float64
		}
	case typeDecimal:
		if p.intOr(details, 2, 4, decimalBits) == decimalBits {
			f.Type, f.Precision, f.Scale = Decimal, int(int32(p.int(details, 0, 4))), int(int32(p.int(details, 1, 4)))
		}
	case typeUtf8:
		if f.Type = Text; p.isExtension(table, extensionJSON) {
			f.Type = JSON
		}
	case typeBinary:
		f.Type = Binary
	case typeFixedSizeBinary:
		if p.int(details, 0, 4) == uint64(UUID.Width()) && p.isExtension(table, extensionUUID) {
			f.Type = UUID
		}
	case typeBool:
		f.Type = Bool
	case typeDate:
		if p.intOr(details, 0, 2, unitMillisecond) == dateDay {
			f.Type = Date
		}
	case typeTime:
		f.Type = timeOfDay(p.intOr(details, 0, 2, unitMillisecond), p.intOr(details, 1, 4, timeBits))
	case typeTimestamp:
		f.Type = p.timestamp(details)
	case typeInterval:
		if p.int(details, 0, 2) == monthDayNano {
			f.Type = Interval
		}
	case typeList:
		f.Type = List
	case typeStruct:
		f.Type = Struct
	case typeMap:
		f.Type = Map
	}
}

func integer(bits uint64, signed bool) Type {
	first := Uint8
	if signed {
		first = Int8
	}
	for t := first; t < first+4; t++ {
		if bits == uint64(8*t.Width()) {
			return t
		}
	}
	return Other
}

func timeOfDay(unit, bits uint64) Type {
	if unit > 3 || bits != uint64(8*(TimeSecond+Type(unit)).Width()) {
		return Other
	}
	return TimeSecond + Type(unit)
}

// timestamp is a timestamp's type; one in another zone than UTC is none that is read.
func (p *schemaParser) timestamp(details int) Type {
	first := TimestampSecond
	switch zone := p.bytes(details, 1); string(zone) {
	case "":
	case utc:
		first = TimestampSecondUTC
	default:
		return Other
	}
	unit := p.int(details, 0, 2)
	if unit > 3 {
		return Other
	}
	return first + Type(unit)
}

// isExtension tells whether a field is of an extension type.
func (p *schemaParser) isExtension(table int, name string) bool {
	at, count := p.vector(table, fieldMetadata, 4)
	for i := range count {
		if pair := p.ref(at + 4*i); string(p.bytes(pair, pairKey)) == extensionName {
			return string(p.bytes(pair, pairValue)) == name
		}
	}
	return false
}

// hold gives a field what is inside of it. A type without the children that Arrow asks for is none that is read.
func (f *Field) hold(inside []Field) {
	names := [...]string{"key", "value"}
	switch {
	case f.Type == Struct:
		f.inside = &inside
		return
	case f.Type == List && len(inside) == 1:
		names[0] = "item"
	case f.Type == Map && len(inside) == 1 && inside[0].Type == Struct && len(inside[0].Fields()) == 2:
		inside = inside[0].Fields()
	case f.Type.IsNested():
		f.Type = Other
		return
	default:
		return
	}
	for i := range inside {
		inside[i].Name, inside[i].item = names[i], true
	}
	f.inside = &inside
}
