package jsonformat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// Shape implements format.Shaper. A table that declares no columns has those of its schema, or of the registry's; those that it declares must fit
// the schema. Unstructured tables that declare none have value JSON; those of change events have before and after, with the
// columns, and op.
func (f jsonFormat) Shape(ctx context.Context, declared []arrow.Field) ([]arrow.Field, error) {
	if f.Unstructured {
		if len(declared) == 0 {
			declared = []arrow.Field{{Name: "value", Type: types.JSON(), Nullable: true}}
		}
		return declared, nil
	}
	schema, known, err := f.schemaColumns(ctx, len(declared) > 0)
	if err != nil {
		return nil, err
	}
	if f.Debezium {
		schema = eventSchema(schema)
	}
	switch {
	case len(declared) == 0 && known:
		declared = schema.Fields
	case known:
		if err := schema.check(f.Config, declared); err != nil {
			return nil, err
		}
	}
	if f.Debezium {
		return shapeEvents(declared)
	}
	return declared, nil
}

// schemaColumns are the columns of Schema, or of what the registry has; for declared ones to be checked against, those without the types that
// it names beside what the records hold. Where columns are declared a registry with headers is not asked: the
// schema of the subject may be yet to come.
func (f jsonFormat) schemaColumns(ctx context.Context, declared bool) (c Columns, known bool, err error) {
	switch {
	case f.Schema != "":
		if c, err = parseColumns(f.Schema, nil, !declared); err != nil {
			err = fault.Inputf("json: the schema: %w", err)
		}
		return c, true, err
	case f.Registry.URL == "" || declared && f.Header:
		return c, false, nil
	}
	client, err := schemaregistry.New(f.Registry)
	if err != nil {
		return c, false, err
	}
	found, err := registered(ctx, client, f.Registry, client.Subject(recordName))
	if errors.Is(err, schemaregistry.ErrNotFound) {
		err = fault.InputError(fmt.Errorf("json: %w", err))
	}
	if err != nil {
		return c, false, err
	}
	references, err := client.References(ctx, found)
	if err != nil {
		return c, false, err
	}
	texts := make(map[string]string, len(references))
	for name, r := range references {
		texts[name] = r.Text
	}
	if c, err = parseColumns(found.Text, texts, !declared); err != nil {
		err = fault.Inputf("json: schema %d of the registry: %w", found.ID, err)
	}
	return c, true, err
}

// registered is the schema that the options name in the registry: by its id, or the subject's.
func registered(ctx context.Context, client *schemaregistry.Client, c schemaregistry.Config, subject string) (s schemaregistry.Schema, err error) {
	switch {
	case c.SchemaID != 0:
		s, err = client.ByID(ctx, c.SchemaID)
	case c.SchemaVersion != 0:
		s, err = client.Version(ctx, subject, c.SchemaVersion)
	default:
		s, err = client.Latest(ctx, subject)
	}
	if err == nil && s.Type != schemaregistry.JSON {
		err = fault.Inputf("json: schema %d of the registry is for %s, not JSON", s.ID, s.Type)
	}
	return s, err
}

// eventSchema is the schema of change events without what else they have, or of their rows as it is.
func eventSchema(c Columns) Columns {
	var fields []arrow.Field
	for _, name := range eventNames {
		if i := slices.IndexFunc(c.Fields, func(f arrow.Field) bool { return f.Name == name }); i >= 0 {
			fields = append(fields, c.Fields[i])
		}
	}
	if len(fields) == len(eventNames) {
		fields[operation].Nullable = false
		c.Fields = fields
	}
	return c
}

// check says which declared column does not fit the schema.
func (c Columns) check(config Config, declared []arrow.Field) error {
	for _, column := range declared {
		i := slices.IndexFunc(c.Fields, func(f arrow.Field) bool { return f.Name == column.Name })
		if i < 0 {
			if c.closed {
				return fault.Inputf("json: the schema has no property %q for the column, and allows no others: it has %s", column.Name, c.names())
			}
			continue
		}
		if why := config.misfit(column.Type, c.Fields[i].Type, column.Name); why != "" {
			return fault.Inputf("json: %s", why)
		}
	}
	return nil
}

func (c Columns) names() string {
	const most = 10
	var names []string
	for _, f := range c.Fields {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// misfit says why a column of type t does not take what a schema describes as s; "": it does. Which numbers fit is seen when they are read.
func (c *Config) misfit(t, s arrow.DataType, path string) string {
	if types.IsJSON(t) || types.IsJSON(s) {
		return ""
	}
	switch s := s.(type) {
	case *arrow.ListType:
		if t, ok := t.(*arrow.ListType); ok {
			return c.misfit(t.Elem(), s.Elem(), path+"[]")
		}
	case *arrow.StructType:
		return c.objectMisfit(t, s, path)
	case *arrow.MapType:
		switch t := t.(type) {
		case *arrow.MapType:
			return c.misfit(t.ItemType(), s.ItemType(), path+"{}")
		case *arrow.StructType:
			for _, f := range t.Fields() {
				if why := c.misfit(f.Type, s.ItemType(), path+"."+f.Name); why != "" {
					return why
				}
			}
			return ""
		}
	default:
		if slices.Contains(c.takes(kindOf(s)), kindOf(t)) {
			return ""
		}
	}
	return fmt.Sprintf("column %q is declared %s, and by the schema it is %s", path, types.Name(t), types.Name(s))
}

// objectMisfit is misfit for an object with properties.
func (c *Config) objectMisfit(t arrow.DataType, s *arrow.StructType, path string) string {
	switch t := t.(type) {
	case *arrow.StructType:
		for _, f := range t.Fields() {
			if i, ok := s.FieldIdx(f.Name); ok {
				if why := c.misfit(f.Type, s.Field(i).Type, path+"."+f.Name); why != "" {
					return why
				}
			}
		}
		return ""
	case *arrow.MapType:
		for _, f := range s.Fields() {
			if why := c.misfit(t.ItemType(), f.Type, path+"."+f.Name); why != "" {
				return why
			}
		}
		return ""
	}
	return fmt.Sprintf("column %q is declared %s, and by the schema it is %s", path, types.Name(t), types.Name(s))
}

// Kinds of columns that take the same.
var (
	integers = []kind{kindTinyint, kindSmallint, kindInt, kindBigint, kindUtinyint, kindUsmallint, kindUint, kindUbigint}
	floats   = []kind{kindFloat, kindDouble, kindDecimal}
	times    = []kind{kindTime, kindDate, kindClock32, kindClock64}
	texts    = []kind{kindText, kindDictionary}
)

// takes lists the kinds of columns that take what a schema describes as k.
func (c *Config) takes(k kind) []kind {
	switch k {
	case kindBool:
		return []kind{kindBool}
	case kindFloat, kindDouble:
		if c.off(IntegerFractions) {
			return floats
		}
		return slices.Concat(floats, integers)
	case kindText:
		return slices.Concat(texts, times, []kind{kindBinary, kindUUID, kindInterval, kindDecimal})
	case kindTime, kindDate:
		return slices.Concat(texts, []kind{kindTime, kindDate})
	case kindClock64:
		return slices.Concat(texts, []kind{kindClock32, kindClock64})
	case kindBinary:
		return slices.Concat(texts, []kind{kindBinary, kindDecimal})
	case kindUUID, kindInterval:
		return append(slices.Clone(texts), k)
	}
	return slices.Concat(integers, floats, times)
}
