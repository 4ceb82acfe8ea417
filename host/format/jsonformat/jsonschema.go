package jsonformat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// FromColumns is the JSON Schema (draft 7) of the messages that the format writes for a table with the columns, which for change events
// are those of before and after. It describes what c writes, numbers for timestamps and texts for decimals included, and [ToColumns]
// makes the same columns of it: for what JSON Schema has no word it has weir's own, x-weir-type.
func FromColumns(c Config, columns []arrow.Field) (string, error) {
	if c.Debezium {
		var err error
		if columns, err = shapeEvents(columns); err != nil {
			return "", err
		}
	}
	if err := types.CheckAll(columns); err != nil {
		return "", fmt.Errorf("json: %w", err)
	}
	if err := checkNames(columns); err != nil {
		return "", err
	}
	return documentOf(c, columns)
}

// documentOf is FromColumns for columns that have passed, and are those of the events.
func documentOf(c Config, columns []arrow.Field) (string, error) {
	schema := c.documentObject(columns)
	if c.Unstructured {
		schema = nil
	}
	if c.IncludeSchema {
		schema = ordered{
			{"type", "object"}, {"properties", ordered{{"payload", schema}, {"schema", ordered{{"type", "object"}}}}}, {"required", []string{"payload", "schema"}},
		}
	}
	head := ordered{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", recordName}}
	text, err := marshalPlainly(append(head, schema...))
	return string(text), err
}

// ordered is a JSON object to marshal, whose keys keep their order: that of properties is the columns'.
type ordered []member

type member struct {
	key   string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o ordered) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o {
		key, err := marshalPlainly(m.key)
		if err != nil {
			return nil, err
		}
		value, err := marshalPlainly(m.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// marshalPlainly is json.Marshal for people: < and > stay.
func marshalPlainly(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// documentObject describes an object. All its members are written, the nulls as well.
func (c *Config) documentObject(fields []arrow.Field) ordered {
	members, required := make(ordered, len(fields)), make([]string, len(fields))
	for i, f := range fields {
		members[i], required[i] = member{f.Name, c.documentType(f.Type, f.Nullable)}, f.Name
	}
	return ordered{{"type", "object"}, {"properties", members}, {"required", required}}
}

// integerRanges are the ranges of the integer kinds. Beyond 2^53 the bounds of a JSON Schema are not exact everywhere, so
// the widest have none.
var integerRanges = map[kind][]int64{
	kindTinyint: {math.MinInt8, math.MaxInt8}, kindSmallint: {math.MinInt16, math.MaxInt16}, kindInt: {math.MinInt32, math.MaxInt32},
	kindUtinyint: {0, math.MaxUint8}, kindUsmallint: {0, math.MaxUint16}, kindUint: {0, math.MaxUint32}, kindUbigint: {0}, kindBigint: {},
}

// said are the kinds that JSON Schema has words for, in the way in which they are written by default.
var said = []kind{
	kindBool, kindInt, kindBigint, kindUint, kindUbigint, kindFloat, kindDouble, kindText, kindBinary, kindUUID, kindDate, kindList, kindMap, kindStruct,
}

// documentType describes a value, with typeKeyword where its type would not be read from the rest.
func (c *Config) documentType(t arrow.DataType, nullable bool) ordered {
	k := kindOf(t)
	schema := c.documentForm(t, k)
	float := k == kindFloat || k == kindDouble // NaN and infinity are written as null
	if (nullable || float) && len(schema) > 0 && schema[0].key == "type" {
		schema[0].value = []any{"null", schema[0].value}
	}
	silent := !nullable && (float || k == kindJSON) // on nulls, which these have or are in any case
	if silent || !slices.Contains(said, k) || k == kindDate && c.TimestampFormat == UnixMillis {
		name := types.Name(t)
		if silent {
			name += notNull
		}
		schema = append(schema, member{typeKeyword, name})
	}
	return schema
}

// documentForm describes a value that is not null, its type first if it has one.
func (c *Config) documentForm(t arrow.DataType, k kind) ordered {
	form := func(name string, more ...member) ordered { return append(ordered{{"type", name}}, more...) }
	if bounds, ok := integerRanges[k]; ok {
		schema := form("integer")
		for i, bound := range bounds {
			schema = append(schema, member{[]string{"minimum", "maximum"}[i], bound})
		}
		return schema
	}
	switch k {
	case kindBool:
		return form("boolean")
	case kindFloat:
		return form("number", member{"format", "float"})
	case kindDouble:
		return form("number")
	case kindDecimal:
		if c.DecimalEncoding == DecimalNumber {
			return form("number")
		} else if c.DecimalEncoding == DecimalBytes {
			return form("string", member{"contentEncoding", "base64"})
		}
	case kindBinary:
		return form("string", member{"contentEncoding", "base64"})
	case kindUUID:
		return form("string", member{"format", "uuid"})
	case kindTime, kindDate:
		if c.TimestampFormat == UnixMillis {
			return form("integer")
		} else if k == kindDate {
			return form("string", member{"format", "date"})
		} else if t.(*arrow.TimestampType).TimeZone != "" { // a time without zone is none by RFC 3339
			return form("string", member{"format", "date-time"})
		}
	case kindJSON:
		if !c.IncludeSchema { // which has the text in a string
			return nil
		}
	case kindList:
		item := t.(*arrow.ListType).ElemField()
		return form("array", member{"items", c.documentType(item.Type, item.Nullable)})
	case kindMap:
		m := t.(*arrow.MapType)
		return append(form("object", documentKeys(m.KeyType())...), member{"additionalProperties", c.documentType(m.ItemType(), m.ItemField().Nullable)})
	case kindStruct:
		return c.documentObject(t.(*arrow.StructType).Fields())
	}
	return form("string")
}

// documentKeys describes the keys of a map, which are always strings.
func documentKeys(t arrow.DataType) []member {
	switch kindOf(t) {
	case kindText:
		return nil
	case kindBool:
		return []member{{"propertyNames", ordered{{"enum", []string{"true", "false"}}, {typeKeyword, types.Name(t)}}}}
	}
	return []member{{"propertyNames", ordered{{"pattern", "^-?[0-9]+$"}, {typeKeyword, types.Name(t)}}}}
}
