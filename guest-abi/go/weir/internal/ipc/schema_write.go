package ipc

// SchemaMessage writes a Schema message. A field of type Other, which has no layout, makes it panic.
func SchemaMessage(fields []Field) []byte {
	message, _ := envelope(headerSchema, func(w *writer) int {
		schema, at := w.table(absent, reference)
		vector := w.vector(len(fields), 4)
		w.link(at[1], vector)
		for range fields {
			w.put(4, 0)
		}
		for i, f := range fields {
			w.link(vector+4+4*i, w.field(f))
		}
		return schema
	})
	return message
}

func (w *writer) field(f Field) (table int) {
	kind, details := typeSlots(f.Type)
	table, at := w.table(reference, boolean(f.Nullable), slot{1, kind}, reference, absent, reference)
	w.link(at[fieldName], w.text(f.Name))
	typeTable, _ := w.table(details...)
	w.link(at[fieldType], typeTable)
	w.link(at[fieldChildren], w.vector(0, 4)) // arrow-rs and arrow-go want the vector to be there
	return table
}

// typeSlots is a type as flatbuffers has it. It panics on Other, which no writer declares.
func typeSlots(t Type) (kind uint64, details []slot) {
	switch t {
	case Bool:
		return typeBool, nil
	case Int32:
		return typeInt, []slot{{4, 32}, {1, 1}}
	case Int64:
		return typeInt, []slot{{4, 64}, {1, 1}}
	case Float64:
		return typeFloatingPoint, []slot{{2, precisionDouble}}
	case Text:
		return typeUtf8, nil
	case TimestampSecond, TimestampMilli, TimestampMicro, TimestampNano:
		return typeTimestamp, []slot{{2, uint64(t - TimestampSecond)}}
	default:
		panic("ipc: a column of this type can't be written")
	}
}
