package avroformat

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// DefaultRecordName is the name of the record that a table's rows are, where no option says another.
const DefaultRecordName = "Row"

// FromColumns is the text of the Avro schema that rows of these columns are written with where c gives none: a record named
// c.RecordName, with c.Nanos. It fails on types that Avro has nothing for, and on names that would become equal.
func FromColumns(c Config, fields []arrow.Field) (string, error) {
	return derive(fields, cmp.Or(c.RecordName, DefaultRecordName), c.Nanos)
}

// derive is FromColumns for a record of this name. With nanos a TIMESTAMP(9) is a timestamp-nanos, which readers of Avro
// 1.11 and before take for a plain long.
func derive(fields []arrow.Field, name string, nanos bool) (string, error) {
	d := deriver{nanos: nanos, names: map[string]bool{}}
	space, short := "", name
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		space, short = name[:i], name[i+1:]
	}
	d.out = append(d.out, `{"type":"record","name":`...)
	d.out = appendQuoted(d.out, d.unique(short))
	if space != "" {
		d.out = appendQuoted(append(d.out, `,"namespace":`...), space)
	}
	if err := d.fields(fields, short); err != nil {
		return "", fmt.Errorf("avro: %w", err)
	}
	return string(append(d.out, '}')), nil
}

type deriver struct {
	out      []byte
	nanos    bool
	names    map[string]bool // of records and fixeds
	duration string          // the name of the fixed that intervals are; empty: there was none yet
}

// unique is name, with a number behind it if a record has that name already.
func (d *deriver) unique(name string) string {
	free := name
	for i := 2; d.names[free]; i++ {
		free = name + "_" + strconv.Itoa(i)
	}
	d.names[free] = true
	return free
}

// avroName is what a column's name is in Avro, whose names are of letters, digits and underscores. A dot becomes two
// underscores, as in Arroyo, everything else one.
func avroName(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r == '.':
			b.WriteString("__")
		case r >= '0' && r <= '9':
			if i == 0 {
				b.WriteByte('_')
			}
			b.WriteRune(r)
		case r|0x20 >= 'a' && r|0x20 <= 'z' && r < 0x80:
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

func (d *deriver) fields(fields []arrow.Field, record string) error {
	d.out = append(d.out, `,"fields":[`...)
	from := map[string]string{}
	for i, f := range fields {
		name := avroName(f.Name)
		if other, taken := from[name]; taken {
			return fmt.Errorf("the columns %q and %q would both be the field %q: give a schema, or rename one", other, f.Name, name)
		}
		from[name] = f.Name
		d.out = appendQuoted(append(comma(d.out, i), `{"name":`...), name)
		d.out = append(d.out, `,"type":`...)
		if err := d.nullable(f.Type, f.Nullable, record+"_"+name); err != nil {
			return fmt.Errorf("column %q: %w", f.Name, err)
		}
		if f.Nullable {
			d.out = append(d.out, `,"default":null`...)
		}
		d.out = append(d.out, '}')
	}
	d.out = append(d.out, ']')
	return nil
}

func (d *deriver) nullable(t arrow.DataType, nullable bool, name string) error {
	if !nullable {
		return d.value(t, name)
	}
	d.out = append(d.out, `["null",`...)
	err := d.value(t, name)
	d.out = append(d.out, ']')
	return err
}

// value writes the type of a column that is not null. name is for a record.
func (d *deriver) value(t arrow.DataType, name string) error {
	switch {
	case types.IsJSON(t):
		d.out = append(d.out, `"string"`...)
		return nil
	case types.IsUUID(t):
		d.logical("string", logicalUUID)
		return nil
	}
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		d.out = fmt.Appendf(d.out, `{"type":"bytes","logicalType":"decimal","precision":%d,"scale":%d}`, t.Precision, t.Scale)
	case *arrow.TimestampType:
		d.logical("long", d.timestamp(t.Unit))
	case *arrow.Time32Type:
		d.logical("int", logicalTimeMillis)
	case *arrow.Time64Type:
		d.logical("long", logicalTimeMicros)
	case *arrow.Date32Type:
		d.logical("int", logicalDate)
	case *arrow.MonthDayNanoIntervalType:
		// A named type: the second mention is by its name.
		if d.duration != "" {
			d.out = appendQuoted(d.out, d.duration)
			return nil
		}
		d.duration = d.unique("duration")
		d.out = appendQuoted(append(d.out, `{"type":"fixed","name":`...), d.duration)
		d.out = append(d.out, `,"size":12,"logicalType":"duration"}`...)
	case *arrow.ListType:
		d.out = append(d.out, `{"type":"array","items":`...)
		if err := d.nullable(t.Elem(), t.ElemField().Nullable, name+"_item"); err != nil {
			return err
		}
		d.out = append(d.out, '}')
	case *arrow.MapType:
		return d.mapping(t, name)
	case *arrow.StructType:
		name = d.unique(name)
		d.out = appendQuoted(append(d.out, `{"type":"record","name":`...), name)
		if err := d.fields(t.Fields(), name); err != nil {
			return err
		}
		d.out = append(d.out, '}')
	default:
		word, ok := plainTypes[t.ID()]
		if !ok {
			return fmt.Errorf("%s has no Avro type", types.Name(t))
		}
		d.out = append(d.out, `"`+word.String()+`"`...)
	}
	return nil
}

func (d *deriver) logical(k string, l logical) {
	d.out = append(d.out, `{"type":"`+k+`","logicalType":"`+logicalNames[l]+`"}`...)
}

// timestamp is the logical type that timestamps of a unit are written as. Arroyo writes nanoseconds as microseconds too.
func (d *deriver) timestamp(unit arrow.TimeUnit) logical {
	switch {
	case unit <= arrow.Millisecond:
		return logicalTimestampMillis
	case unit == arrow.Nanosecond && d.nanos:
		return logicalTimestampNanos
	}
	return logicalTimestampMicros
}

// mapping writes a map. One whose keys are no text is an array of entries, as Iceberg has it (Iceberg spec, Appendix A:
// Avro).
func (d *deriver) mapping(t *arrow.MapType, name string) error {
	if t.KeyType().ID() == arrow.STRING {
		d.out = append(d.out, `{"type":"map","values":`...)
		if err := d.nullable(t.ItemType(), t.ItemField().Nullable, name+"_value"); err != nil {
			return err
		}
		d.out = append(d.out, '}')
		return nil
	}
	entry := d.unique(name + "_entry")
	d.out = appendQuoted(append(d.out, `{"type":"array","logicalType":"map","items":{"type":"record","name":`...), entry)
	d.out = append(d.out, `,"fields":[{"name":"key","type":`...)
	if err := d.value(t.KeyType(), entry+"_key"); err != nil {
		return err
	}
	d.out = append(d.out, `},{"name":"value","type":`...)
	if err := d.nullable(t.ItemType(), t.ItemField().Nullable, entry+"_value"); err != nil {
		return err
	}
	d.out = append(d.out, "}]}}"...)
	return nil
}

// plainTypes are the types without a logical one. BIGINT UNSIGNED is a long: rows beyond it are refused one by one.
var plainTypes = map[arrow.Type]kind{
	arrow.BOOL: kindBoolean, arrow.INT8: kindInt, arrow.INT16: kindInt, arrow.INT32: kindInt, arrow.UINT8: kindInt,
	arrow.UINT16: kindInt, arrow.INT64: kindLong, arrow.UINT32: kindLong, arrow.UINT64: kindLong, arrow.FLOAT32: kindFloat,
	arrow.FLOAT64: kindDouble, arrow.STRING: kindString, arrow.BINARY: kindBytes, arrow.DICTIONARY: kindString,
}
