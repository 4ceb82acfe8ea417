package format_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/jsonformat"
	"github.com/weir-stream/weir/host/format/protoformat"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
)

// convert runs what is no record: sizes, variables, types, and the texts of errors.
func (v *vector) convert(t *testing.T) error {
	run := map[string]func(*testing.T) error{
		"json": v.errorText, "protobuf->arrow": v.protoColumns, "data_size": v.dataSize, "var_str": v.variables, "connection_schema": v.connectionSchema,
	}[v.Format]
	if run == nil {
		return fmt.Errorf("no way to convert %s", v.Format)
	}
	return run(t)
}

// errorText has a record rejected for what the vector describes. weir's message has the vector's text in it, with the names of
// types that SQL has.
func (v *vector) errorText(t *testing.T) error {
	var about struct {
		Path     string  `json:"field_path"`
		Kind     string  `json:"failure_kind"`
		Expected string  `json:"expected_type"`
		Value    *string `json:"actual_value"`
		Actual   *string `json:"actual_type"`
	}
	if err := json.Unmarshal([]byte(*v.Input), &about); err != nil {
		return err
	}
	dtype, err := typeOf(about.Expected)
	if err != nil {
		return err
	}
	if about.Actual == nil && about.Kind != "missing_field" {
		return errors.New("weir always knows what it has found")
	}
	name, index, inList := strings.Cut(about.Path, "[")
	field := format.Field{Name: name, Type: dtype}
	frame := "{}"
	if about.Kind != "missing_field" {
		value := strings.NewReplacer("[...]", "[]", "{...}", "{}").Replace(*about.Value)
		if inList {
			n, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			if err != nil {
				return err
			}
			field.Type = types.List(dtype, false)
			value = "[" + strings.Repeat("1,", n) + value + "]"
		}
		frame = fmt.Sprintf(`{%q:%s}`, name, value)
	}
	c := &table{columns: []arrow.Field{{Name: field.Name, Type: field.Type}}}
	d, err := jsonformat.New(jsonformat.Config{}).NewDecoder([]format.Field{field})
	if err != nil {
		return err
	}
	err = d.Decode([]byte(frame), c.builder(t))
	want := strings.ReplaceAll(fmt.Sprint(v.Expect.Rows[0]["message"]), about.Expected, types.Name(dtype))
	if err == nil || !strings.Contains(err.Error(), want) {
		return fmt.Errorf("%s is refused with %v, want %s", frame, err, want)
	}
	return nil
}

// protoColumns makes the columns of a message.
func (v *vector) protoColumns(t *testing.T) error {
	shaper := protoformat.New(protoformat.Config{Source: *v.Input, Message: v.option("message_name")}).(format.Shaper)
	got, err := shaper.Shape(context.Background(), nil)
	if err != nil {
		return err
	}
	if want := arrow.NewSchema(v.columns(t), nil); !arrow.NewSchema(got, nil).Equal(want) {
		return fmt.Errorf("columns %v, want %v", got, want)
	}
	return nil
}

func (v *vector) dataSize(*testing.T) error {
	n, ok := option.ParseSize(*v.Input)
	switch want := v.Expect.Rows; {
	case want == nil && ok:
		return fmt.Errorf("%q is %d bytes, want an error", *v.Input, n)
	case want != nil && (!ok || fmt.Sprint(n) != fmt.Sprint(want[0]["bytes"])):
		return fmt.Errorf("%q is %d bytes (%v), want %v", *v.Input, n, ok, want[0]["bytes"])
	}
	return nil
}

// placeholder is a variable as Arroyo has it. weir's are those of the shell.
var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// variables reads an option's value in which the environment is named.
func (v *vector) variables(*testing.T) error {
	environment, _ := v.Options["env"].(map[string]any)
	lookup := func(name string) (string, bool) {
		value, ok := environment[name]
		return fmt.Sprint(value), ok
	}
	text := strings.ReplaceAll(placeholder.ReplaceAllString(*v.Input, "$${$1}"), "'", "''")
	sql := "CREATE TABLE a (x INT) WITH (o = '" + text + "'); CREATE TABLE b (x INT) WITH (o = 'b'); INSERT INTO b SELECT * FROM a;"
	c, err := config.Parse("t.sql", []byte(sql), lookup)
	if v.Expect.Error != "" || err != nil {
		if v.Expect.Error == "" || err == nil {
			return fmt.Errorf("read with %v", err)
		}
		return nil
	}
	got, _ := c.Pipelines[0].Source.Options.Peek("o")
	if want := v.Expect.Rows[0]["value"]; got.Text != want {
		return fmt.Errorf("the value is %q, want %q", got.Text, want)
	}
	return nil
}

// described is a field of Arroyo's interface for tables, which names types by words and knows their SQL names.
type described struct {
	Name      string
	Type      string
	Unit      string
	Precision int
	Scale     int
	Required  bool
	Items     *described
	Fields    []described
	SQL       string `json:"sql_name"`
}

// connectionSchema builds the type that a field describes.
func (v *vector) connectionSchema(*testing.T) error {
	var root described
	if err := json.Unmarshal([]byte(*v.Input), &root); err != nil {
		return err
	}
	if root.Type == "" { // a whole schema
		root.Type = "struct"
	}
	f, err := root.field()
	if err == nil {
		err = types.CheckAll([]arrow.Field{f})
	}
	if v.Expect.Error != "" || err != nil {
		if v.Expect.Error == "" || err == nil {
			return fmt.Errorf("checked with %v", err)
		}
		return nil
	}
	var want described
	text, err := json.Marshal(v.Expect.Rows[0])
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &want); err != nil {
		return err
	}
	return want.describes(f)
}

// words are the types of the interface.
var words = map[string]string{
	"bool": "Boolean", "boolean": "Boolean", "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64", "uint8": "UInt8", "uint16": "UInt16",
	"uint32": "UInt32", "uint64": "UInt64", "float32": "Float32", "float64": "Float64", "string": "Utf8", "bytes": "Binary", "json": "JSON",
	"date32": "Date32",
}

var units = map[string]int{"second": 0, "millisecond": 3, "microsecond": 6, "nanosecond": 9}

func (d *described) field() (f arrow.Field, err error) {
	f = arrow.Field{Name: d.Name, Nullable: !d.Required}
	switch d.Type {
	case "timestamp":
		f.Type, err = types.Timestamp(units[d.Unit], false)
	case "decimal128":
		f.Type, err = types.Decimal(d.Precision, d.Scale)
	case "list":
		var item arrow.Field
		if item, err = d.Items.field(); err == nil {
			f.Type = types.List(item.Type, item.Nullable)
		}
	case "struct":
		var fields []arrow.Field
		for _, inner := range d.Fields {
			field, err := inner.field()
			if err != nil {
				return f, err
			}
			fields = append(fields, field)
		}
		f.Type = types.Struct(fields...)
	default:
		f.Type, err = typeOf(cmp.Or(words[d.Type], d.Type))
	}
	return f, err
}

// listOfItems is a list of what has no parts, as it is spelled where the items are never null.
var listOfItems = regexp.MustCompile(`ARRAY<([^<>]*)>`)

// describes compares a column with its description: name, nullability, and the name of the type but for how it is spelled,
// and for what is never null inside of it, which Arroyo's names leave out.
func (d *described) describes(f arrow.Field) error {
	plain := func(name string) string {
		name = strings.NewReplacer(" <", "<", "INTEGER", "INT", " NOT NULL", "").Replace(name)
		return listOfItems.ReplaceAllString(name, "$1[]")
	}
	if name := types.Name(f.Type); d.SQL != "" && plain(name) != plain(d.SQL) {
		return fmt.Errorf("the type is %s, want %s", name, d.SQL)
	}
	if d.Name != f.Name || d.Required == f.Nullable {
		return fmt.Errorf("the field is %v, want %s, required: %t", f, d.Name, d.Required)
	}
	if list, ok := f.Type.(*arrow.ListType); ok && d.Items != nil {
		return d.Items.describes(list.ElemField())
	}
	return nil
}
