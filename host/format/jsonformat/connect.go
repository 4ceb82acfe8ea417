package jsonformat

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
)

// properties is a JSON object to marshal, whose keys come out sorted.
type properties = map[string]any

// connectSchema is the schema of the rows as Kafka Connect's JsonConverter has it (org.apache.kafka.connect.json.JsonSchema).
// It describes what the encoder writes: a timestamp that is text is a string.
func connectSchema(c Config, fields []format.Field) ([]byte, error) {
	columns := make([]arrow.Field, len(fields))
	for i, f := range fields {
		columns[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	}
	schema, err := c.connectStruct(columns)
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	schema["name"], schema["optional"] = "ArroyoJson", false
	return json.Marshal(schema)
}

func (c *Config) connectStruct(fields []arrow.Field) (properties, error) {
	members := make([]properties, len(fields))
	for i, f := range fields {
		member, err := c.connectType(f.Type, f.Nullable)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		member["field"] = f.Name
		members[i] = member
	}
	return properties{"type": "struct", "fields": members}, nil
}

// connectTypes are those of the types that are always written in one way. Unsigned ones are widened; what BIGINT cannot hold
// of a BIGINT UNSIGNED the encoder refuses.
var connectTypes = map[kind]string{
	kindBool: "boolean", kindTinyint: "int8", kindSmallint: "int16", kindInt: "int32", kindBigint: "int64",
	kindUtinyint: "int16", kindUsmallint: "int32", kindUint: "int64", kindUbigint: "int64",
	kindFloat: "float", kindDouble: "double", kindText: "string", kindDictionary: "string", kindUUID: "string",
	kindClock32: "string", kindClock64: "string", kindInterval: "string", kindBinary: "bytes",
}

func (c *Config) connectType(t arrow.DataType, nullable bool) (schema properties, err error) {
	k := kindOf(t)
	millis := c.TimestampFormat == UnixMillis
	switch {
	case k == kindStruct:
		schema, err = c.connectStruct(t.(*arrow.StructType).Fields())
	case k == kindList:
		item := t.(*arrow.ListType).ElemField()
		schema = properties{"type": "array"}
		schema["items"], err = c.connectType(item.Type, item.Nullable)
	case k == kindMap:
		m := t.(*arrow.MapType)
		schema = properties{"type": "map", "keys": properties{"type": "string", "optional": false}}
		schema["values"], err = c.connectType(m.ItemType(), m.ItemField().Nullable)
	case k == kindJSON:
		schema = properties{"type": "string", "name": "io.debezium.data.Json", "version": 1} // Connect has none, and Debezium this one
	case k == kindTime && millis:
		schema = logical("int64", "Timestamp")
	case k == kindDate && millis:
		schema = logical("int32", "Date")
	case k == kindDecimal && c.DecimalEncoding != DecimalString:
		d := t.(*arrow.Decimal128Type)
		schema = logical("bytes", "Decimal")
		schema["parameters"] = properties{
			"scale": strconv.Itoa(int(d.Scale)), "connect.decimal.precision": strconv.Itoa(int(d.Precision)),
		}
	case k == kindTime || k == kindDate || k == kindDecimal:
		schema = properties{"type": "string"}
	default:
		schema = properties{"type": connectTypes[k]}
	}
	if err != nil {
		return nil, err
	}
	schema["optional"] = nullable
	return schema, nil
}

// logical is one of Kafka Connect's logical types (org.apache.kafka.connect.data).
func logical(physical, name string) properties {
	return properties{"type": physical, "name": "org.apache.kafka.connect.data." + name, "version": 1}
}
