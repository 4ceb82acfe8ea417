package ipc

// SchemaMessage writes a Schema message. A field of type Other, or of one that holds others, makes it panic.
func SchemaMessage(fields []Field) []byte {
	message, _ := envelope(headerSchema, func(w *writer) int {
		schema, at := w.table(absent, reference)
		w.link(at[1], w.tables(len(fields), func(i int) int { return w.field(fields[i]) }))
		return schema
	})
	return message
}

// tables writes a vector of tables and returns its position.
func (w *writer) tables(count int, write func(i int) (table int)) int {
	vector := w.vector(count, 4)
	for range count {
		w.put(4, 0)
	}
	for i := range count {
		w.link(vector+4+4*i, write(i))
	}
	return vector
}

func (w *writer) field(f Field) (table int) {
	kind, details := typeSlots(f)
	slots := []slot{reference, boolean(f.Nullable), {1, kind}, reference, absent, reference}
	extension := extensionOf(f.Type)
	if extension != "" {
		slots = append(slots, reference)
	}
	table, at := w.table(slots...)
	w.link(at[fieldName], w.text(f.Name))
	typeTable, inType := w.table(details...)
	w.link(at[fieldType], typeTable)
	if f.Type.IsZoned() {
		w.link(inType[1], w.text(utc))
	}
	w.link(at[fieldChildren], w.vector(0, 4)) // arrow-rs and arrow-go want the vector to be there
	if extension != "" {
		w.link(at[fieldMetadata], w.metadata(extensionName, extension, extensionData, ""))
	}
	return table
}

// metadata writes keys and values in turn and returns their position.
func (w *writer) metadata(words ...string) int {
	return w.tables(len(words)/2, func(i int) int {
		pair, at := w.table(reference, reference)
		w.link(at[pairKey], w.text(words[2*i]))
		w.link(at[pairValue], w.text(words[2*i+1]))
		return pair
	})
}

func extensionOf(t Type) string {
	switch t {
	case JSON:
		return extensionJSON
	case UUID:
		return extensionUUID
	}
	return ""
}

// typeSlots is a type as flatbuffers has it. It panics on what no writer declares.
func typeSlots(f Field) (kind uint64, details []slot) {
	t := f.Type
	bits := uint64(8 * t.Width())
	switch {
	case t == Bool:
		return typeBool, nil
	case t >= Int8 && t <= Int64:
		return typeInt, []slot{{4, bits}, {1, 1}}
	case t >= Uint8 && t <= Uint64:
		return typeInt, []slot{{4, bits}, {1, 0}}
	case t == Float32:
		return typeFloatingPoint, []slot{{2, precisionSingle}}
	case t == Float64:
		return typeFloatingPoint, []slot{{2, precisionDouble}}
	case t == Decimal:
		return typeDecimal, []slot{{4, uint64(f.Precision)}, {4, uint64(f.Scale)}, {4, decimalBits}}
	case t == Text || t == JSON:
		return typeUtf8, nil
	case t == Binary:
		return typeBinary, nil
	case t == UUID:
		return typeFixedSizeBinary, []slot{{4, uint64(t.Width())}}
	case t == Date:
		return typeDate, []slot{{2, dateDay}}
	case t >= TimeSecond && t <= TimeNano:
		return typeTime, []slot{{2, uint64(t - TimeSecond)}, {4, bits}}
	case t.IsZoned():
		return typeTimestamp, []slot{{2, uint64(t - TimestampSecondUTC)}, reference}
	case t.IsTimestamp():
		return typeTimestamp, []slot{{2, uint64(t - TimestampSecond)}}
	case t == Interval:
		return typeInterval, []slot{{2, monthDayNano}}
	default:
		panic("ipc: a column of this type can't be written")
	}
}
