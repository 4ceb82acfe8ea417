package ipc

import (
	"errors"
	"strings"
	"testing"
)

// tree is a field and what is inside of it, as a test writes them.
type tree struct {
	name   string
	kind   uint64
	inside []tree
}

func (w *writer) tree(f tree) int {
	table, at := w.table(reference, boolean(true), slot{1, f.kind}, reference, absent, reference)
	w.link(at[fieldName], w.text(f.name))
	details, _ := w.table()
	w.link(at[fieldType], details)
	w.link(at[fieldChildren], w.tables(len(f.inside), func(i int) int { return w.tree(f.inside[i]) }))
	return table
}

func schemaOf(fields ...tree) []byte {
	message, _ := envelope(headerSchema, func(w *writer) int {
		schema, at := w.table(absent, reference)
		w.link(at[1], w.tables(len(fields), func(i int) int { return w.tree(fields[i]) }))
		return schema
	})
	return message
}

var text = tree{"t", typeUtf8, nil}

func mapOf(value tree) tree {
	return tree{"m", typeMap, []tree{{"entries", typeStruct, []tree{text, value}}}}
}

// What the host sends is 32 types deep at most; each map, but the innermost type, has two fields within each other.
func TestColumnsAreReadAsDeepAsTheHostSendsThem(t *testing.T) {
	value := text
	for range 31 {
		value = mapOf(value)
	}
	schema, err := ParseSchema(schemaOf(value, text))
	if err != nil {
		t.Fatal(err)
	}
	for f, depth := &schema.Fields[0], 1; depth <= 31; f, depth = &f.Fields()[1], depth+1 {
		if f.Type != Map || f.Fields()[0] != (Field{Name: "key", Type: Text, Nullable: true, node: f.node + 2, buffer: f.buffer + 3, item: true}) {
			t.Fatalf("%d deep: %v of %v", depth, f.Type, f.Fields())
		}
	}
	if last := schema.Fields[1]; last.node != 31*3+1 || last.buffer != 31*6+3 {
		t.Errorf("the last column's node is %d, its buffer %d", last.node, last.buffer)
	}
	if _, err := ParseSchema(schemaOf(mapOf(mapOf(value)))); !errors.Is(err, ErrMessage) || !strings.Contains(err.Error(), "too deep") {
		t.Errorf("deeper: %v", err)
	}
}

func TestColumnsThatHoldWhatTheyMustNotAreNotRead(t *testing.T) {
	pair := tree{"", typeStruct, []tree{text, text}}
	for name, f := range map[string]tree{
		"a list of nothing":       {"c", typeList, nil},
		"a list of two":           {"c", typeList, []tree{text, text}},
		"a map of texts":          {"c", typeMap, []tree{text}},
		"a map of a list":         {"c", typeMap, []tree{{"", typeList, []tree{text}}}},
		"a map of two":            {"c", typeMap, []tree{pair, pair}},
		"a map that lacks values": {"c", typeMap, []tree{{"", typeStruct, []tree{text}}}},
	} {
		schema, err := ParseSchema(schemaOf(f, text))
		if err != nil || schema.Fields[0].Type != Other || schema.Fields[0].Fields() != nil || schema.Fields[1].node == 0 {
			t.Errorf("%s: %v, %v", name, schema, err)
		}
	}
}

// A struct of two fields that are one table, whose two fields are one table, and so on, is more than any memory holds.
func TestSharedTablesAreCounted(t *testing.T) {
	message, _ := envelope(headerSchema, func(w *writer) int {
		schema, at := w.table(absent, reference)
		w.link(at[1], w.tables(1, func(int) int { return w.doubled(40) }))
		return schema
	})
	if _, err := ParseSchema(message); !errors.Is(err, ErrMessage) || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
}

// doubled writes a struct whose two fields are the same struct, depth deep, and returns its position.
func (w *writer) doubled(depth int) int {
	table, at := w.table(reference, absent, slot{1, typeStruct}, absent, absent, reference)
	w.link(at[fieldName], w.text(""))
	if depth == 0 {
		w.link(at[fieldChildren], w.vector(0, 4))
		return table
	}
	shared := 0
	w.link(at[fieldChildren], w.tables(2, func(i int) int {
		if i == 0 {
			shared = w.doubled(depth - 1)
		}
		return shared
	}))
	return table
}

func TestLengthsInsideOfColumnsAreChecked(t *testing.T) {
	schema, err := ParseSchema(readGolden(t, "arrowgo_nested.schema"))
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	if err := b.Parse(schema, readGolden(t, "arrowgo_nested.batch")); err != nil {
		t.Fatal(err)
	}
	for i := range schema.Fields {
		f := &schema.Fields[i]
		if f.Type == Other {
			continue
		}
		for values, sound := range map[int]bool{2: false, 3: true, 4: false} {
			if _, err := b.Column(f, values); (err == nil) != sound {
				t.Errorf("column %s of %d values: %v", f.Name, values, err)
			}
		}
		for k := range f.Fields() { // items, of which there may be more than are asked for
			inside := &f.Fields()[k]
			if _, err := b.Column(inside, 1000); err == nil {
				t.Errorf("%d of %s has 1000 values", k, f.Name)
			}
		}
	}
}
