package batch

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/weir-stream/weir/host/types"
)

// one is a column of type t and its builder.
func one(t testing.TB, typ arrow.DataType) (*Column, *Builder) {
	b := NewBuilder(arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ, Nullable: true}}, nil), checked(t))
	t.Cleanup(b.Release)
	return b.Column(0), b
}

// values are those of c, which is empty afterwards.
func values(t testing.TB, b *Builder) []any {
	rec := b.NewRecord()
	defer rec.Release()
	wellFormed(t, rec)
	out := make([]any, rec.NumRows())
	for i := range out {
		out[i] = valueOf(rec.Column(0), i)
	}
	return out
}

func TestNoBitmapWithoutNulls(t *testing.T) {
	c, b := one(t, arrow.PrimitiveTypes.Int64)
	c.AppendInt64(1)
	b.EndRow()
	c.AppendNull()
	c.Drop()
	c.AppendInt64(2)
	b.EndRow()
	if got := values(t, b); !reflect.DeepEqual(got, []any{int64(1), int64(2)}) {
		t.Errorf("%v", got)
	}
}

// appends are all of them by the kinds that take them.
var appends = []struct {
	kinds []Kind
	add   func(c *Column)
}{
	{[]Kind{KindInt64}, func(c *Column) { c.AppendInt64(0) }},
	{[]Kind{KindInt32}, func(c *Column) { c.AppendInt32(0) }},
	{[]Kind{KindInt16}, func(c *Column) { c.AppendInt16(0) }},
	{[]Kind{KindInt8}, func(c *Column) { c.AppendInt8(0) }},
	{[]Kind{KindFloat64}, func(c *Column) { c.AppendFloat64(0) }},
	{[]Kind{KindFloat32}, func(c *Column) { c.AppendFloat32(0) }},
	{[]Kind{KindBool}, func(c *Column) { c.AppendBool(true) }},
	{[]Kind{KindDecimal}, func(c *Column) { c.AppendDecimal(0, 0) }},
	{[]Kind{KindInterval}, func(c *Column) { c.AppendInterval(0, 0, 0) }},
	{[]Kind{KindFixed}, func(c *Column) { c.AppendFixed(make([]byte, 16)) }},
	{[]Kind{KindText, KindDictionary}, func(c *Column) { _ = c.AppendBytes(nil) }},
	{[]Kind{KindText, KindDictionary}, func(c *Column) { _ = c.AppendString("a") }},
	{[]Kind{KindText, KindDictionary}, func(c *Column) { _ = c.AppendShort(0, 1) }},
	{[]Kind{KindList, KindMap}, func(c *Column) { _ = c.EndList() }},
	{[]Kind{KindStruct}, func(c *Column) { c.EndStruct() }},
}

func TestAppendOfAnotherKindPanics(t *testing.T) {
	for _, f := range every.Fields() {
		for i, a := range appends {
			c, b := one(t, f.Type)
			fits := false
			for _, k := range a.kinds {
				fits = fits || k == c.Kind()
			}
			if fits {
				a.add(c)
			} else {
				panics(t, fmt.Sprintf("append %d to %s", i, f.Type), func() { a.add(c) })
			}
			b.Release()
		}
	}
	c, _ := one(t, types.UUID())
	panics(t, "a short UUID", func() { c.AppendFixed(make([]byte, 15)) })
	c, _ = one(t, arrow.PrimitiveTypes.Int64)
	panics(t, "no bytes for a number", func() { c.AppendFixed(nil) })
}

// TestColumnsThatMissAValueAreFound leaves out one value at every place where there can be one.
func TestColumnsThatMissAValueAreFound(t *testing.T) {
	big := arrow.PrimitiveTypes.Int64
	for name, c := range map[string]struct {
		typ arrow.DataType
		add func(c *Column) error
	}{
		"column":         {big, func(*Column) error { return nil }},
		"field":          {arrow.StructOf(arrow.Field{Name: "f", Type: big}), func(c *Column) error { c.EndStruct(); return nil }},
		"value of a map": {types.Map(big, big, true), func(c *Column) error { c.Child(0).AppendInt64(1); return c.EndList() }},
		"key of a map": {types.Map(big, big, true), func(c *Column) error {
			c.Child(0).AppendNull()
			c.Child(1).AppendInt64(1)
			return c.EndList()
		}},
		"field in the list": {types.List(arrow.StructOf(arrow.Field{Name: "f", Type: big}), true), func(c *Column) error {
			c.Child(0).EndStruct()
			return c.EndList()
		}},
	} {
		col, b := one(t, c.typ)
		if err := c.add(col); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
		panics(t, name, func() { b.NewRecord() })
	}
}

// TestADuplicateKeyDeepInARow follows one record whose inner values come twice, and one that breaks off.
func TestADuplicateKeyDeepInARow(t *testing.T) {
	item := arrow.StructOf(arrow.Field{Name: "tags", Type: types.List(arrow.BinaryTypes.String, false)})
	c, b := one(t, types.List(item, true))
	tags := c.Child(0).Child(0)
	add := func(words ...string) {
		for _, w := range words {
			if err := tags.Child(0).AppendString(w); err != nil {
				t.Fatal(err)
			}
		}
		if err := tags.EndList(); err != nil {
			t.Fatal(err)
		}
	}
	end := func() {
		if err := c.EndList(); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
	}
	add("a", "b")
	tags.Drop() // {"tags": ["a", "b"], "tags": ["c"]}
	add("c")
	c.Child(0).EndStruct()
	if c.Open() != 1 || tags.Open() != 0 {
		t.Errorf("%d items and %d tags open", c.Open(), tags.Open())
	}
	end()
	add("d")
	c.Child(0).EndStruct()
	if err := tags.Child(0).AppendString("breaks off"); err != nil {
		t.Fatal(err)
	}
	b.Rollback()
	if c.Open() != 0 || tags.Open() != 0 || tags.Child(0).Len() != 1 {
		t.Errorf("%d items, %d tags open after a rollback, %d tags in all", c.Open(), tags.Open(), tags.Child(0).Len())
	}
	add("e")
	c.Child(0).AppendNull() // whatever was open in it
	add("f")
	c.Child(0).EndStruct()
	end()
	want := []any{list{record{list{"c"}}}, list{nil, record{list{"f"}}}}
	if got := values(t, b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestADictionaryKeepsTheTextsOfWholeRows fills more than one size of the table, and takes back across sizes.
func TestADictionaryKeepsTheTextsOfWholeRows(t *testing.T) {
	c, b := one(t, types.List(types.Dictionary(), false))
	add := func(from, to int) {
		for i := from; i < to; i++ {
			if err := c.Child(0).AppendString(fmt.Sprint("word ", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // the second time with the table of the first
		add(0, 50)
		if err := c.EndList(); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
		add(20, 1000)
		b.Rollback()
		add(40, 60)
		if err := c.EndList(); err != nil {
			t.Fatal(err)
		}
		b.EndRow()
		rec := b.NewRecord()
		wellFormed(t, rec)
		words := rec.Column(0).(*array.List).ListValues().(*array.Dictionary)
		if words.Len() != 70 || words.Dictionary().Len() != 60 {
			t.Errorf("%d values of %d words, want 70 of 60", words.Len(), words.Dictionary().Len())
		}
		for i := range words.Len() {
			want := i
			if i >= 50 {
				want = i - 10
			}
			if words.GetValueIndex(i) != want || valueOf(words, i) != fmt.Sprint("word ", want) {
				t.Errorf("value %d is %v, number %d", i, valueOf(words, i), words.GetValueIndex(i))
			}
		}
		rec.Release()
	}
}

// A table that one batch with very many texts has grown does not stay for those with few.
func TestADictionaryGivesBackALargeTable(t *testing.T) {
	c, b := one(t, types.Dictionary())
	for i := range 100_000 {
		if err := c.AppendString(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	b.Release()
	if len(c.words.slots) == 0 {
		t.Error("the table of a full dictionary is gone")
	}
	if err := c.AppendString("few"); err != nil {
		t.Fatal(err)
	}
	b.Release()
	if n := len(c.words.slots) + cap(c.words.entries); n > 1<<10 {
		t.Errorf("%d slots and entries kept", n)
	}
}
