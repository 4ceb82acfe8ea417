package jsonformat

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
)

// TestPlainMembersReadLikeOthers writes the same members tightly, as plain and the shape know them, with a space behind each
// colon and comma, and with so much space that neither has a part in it: values and rejections are the same, also where no
// column takes them.
func TestPlainMembersReadLikeOthers(t *testing.T) {
	fields, schema := table("a BIGINT, bc BIGINT, sched_dep_time BIGINT, key_of_16_bytes_ TEXT, key_of_17_bytes_x BIGINT, key_of_17_bytes_y TEXT, " +
		"t TEXT, n TEXT, d DOUBLE, last BIGINT NOT NULL")
	pruned := append([]format.Field{}, fields...)
	for i := range pruned {
		pruned[i].Column = -1
	}
	first := `{"a":1,"bc":1,"sched_dep_time":1,"key_of_16_bytes_":"a","key_of_17_bytes_x":1,"key_of_17_bytes_y":"a","t":"a","n":"a","d":1,"last":1,"undeclared":1}`
	keys := []string{"undeclared", "undeclared_of_many_bytes", `q\"`, ""}
	for _, f := range fields {
		keys = append(keys, f.Name, f.Name, f.Name)
	}
	values := rapid.OneOf(rapid.SampledFrom([]string{
		"0", "-0", "7", "-7", "1234567", "-123456", "12345678", "-1234567", "007", "-07", "-", "1.", "1.5", "-1.5", "1e2", "12a", "9223372036854775807",
		"9223372036854775808", "null", "true", "{}", "[1]", `""`, `"a"`, `"1234567"`, `"12345678"`, `"123456789"`, `"é"`, `"\n"`, `"a\"b"`, "\"\x01\"",
		"\"\xff\"", `"`,
	}), textsOfAWordOrTwo(), rapid.Map(rapid.Int64(), func(v int64) string { return fmt.Sprint(v) }),
		rapid.Map(rapid.StringMatching(`[a-z ]{0,40}`), func(v string) string { return `"` + v + `"` }))
	for _, strict := range []Strictness{0, Strict} {
		t.Run(fmt.Sprint(strict), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				f := New(Config{Strictness: strict})
				open := func(fields []format.Field, schema *arrow.Schema) func(string) string {
					d, err := f.NewDecoder(fields)
					if err != nil {
						t.Fatal(err)
					}
					return func(frame string) string {
						b := batch.NewBuilder(schema, memory.DefaultAllocator)
						defer b.Release()
						return decodedRow(t, d, first, frame, b)
					}
				}
				all, none := open(fields, schema), open(pruned, arrow.NewSchema(nil, nil))
				for range rapid.IntRange(1, 4).Draw(t, "frames") {
					tight, spaced, wide := "{", "{", "  {"
					for i := range rapid.IntRange(0, 14).Draw(t, "members") {
						k, v := rapid.SampledFrom(keys).Draw(t, "key"), values.Draw(t, "value")
						if i > 0 {
							tight, spaced, wide = tight+",", spaced+", ", wide+"\n ,\t "
						}
						tight += `"` + k + `":` + v
						spaced += `"` + k + `": ` + v
						wide += `"` + k + `"  : ` + " " + v
					}
					want := open(fields, schema)(wide + "  }  ")
					for _, frame := range []string{tight + "}", spaced + "}", spaced + "}" + strings.Repeat(" ", 40)} {
						if got := all(frame); got != want {
							t.Fatalf("%s: %s, want %s", frame, got, want)
						}
						if got := none(frame); got != want && !(strings.HasPrefix(got, "row") && strings.HasPrefix(want, got)) {
							t.Fatalf("%s without columns: %s, want %s", frame, got, want)
						}
					}
				}
			})
		})
	}
}

// textsOfAWordOrTwo draws strings of up to 20 bytes in quotes, with at most one thing in them that is not plain.
func textsOfAWordOrTwo() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		before := rapid.StringMatching(`[a-z ]{0,18}`).Draw(t, "before")
		odd := rapid.SampledFrom([]string{"", "", `\n`, `\"`, `\u0061`, `\u0000`, "\x01", "\xff", "é"}).Draw(t, "odd")
		return `"` + before + odd + rapid.StringMatching(`[a-z ]{0,9}`).Draw(t, "behind") + `"`
	})
}

// TestOddThingsInTexts has one thing that is not plain at each place of texts of every size up to 20 bytes.
func TestOddThingsInTexts(t *testing.T) {
	fields, schema := table("a TEXT, d BIGINT, b TEXT[], c MAP<TEXT, TEXT>")
	first := `{"u":"1","a":"1","d":1,"b":["1"],"c":{"1":"1"}}`
	for _, strict := range []Strictness{0, Strict} {
		d, err := New(Config{Strictness: strict}).NewDecoder(fields)
		if err != nil {
			t.Fatal(err)
		}
		b := batch.NewBuilder(schema, memory.DefaultAllocator)
		defer b.Release()
		for _, odd := range []string{"", `\n`, `\"`, `\u0061`, "\x01", "\xff", "é"} {
			for size := range 20 {
				for at := range size + 1 {
					text := strings.Repeat("x", at) + odd + strings.Repeat("y", size-at)
					tight := fmt.Sprintf(`{"u":"%[1]s","a":"%[1]s","d":12345678,"b":["%[1]s","%[1]s"],"c":{"%[1]s":"%[1]s"}}`, text)
					wide := fmt.Sprintf(`{"u" :  "%[1]s" , "a" :  "%[1]s" , "d" :  12345678 , "b" : [ "%[1]s" , "%[1]s" ] , "c" : { "%[1]s" : "%[1]s" }}`, text)
					if got, want := decodedRow(t, d, first, tight, b), decodedRow(t, d, first, wide, b); got != want {
						t.Fatalf("%s: %s, want %s", tight, got, want)
					}
				}
			}
		}
	}
}

// TestListsOfTextsReadLikeOthers writes lists tightly, as shortTexts knows them, and with space in them.
func TestListsOfTextsReadLikeOthers(t *testing.T) {
	items := rapid.OneOf(textsOfAWordOrTwo(), textsOfAWordOrTwo(), rapid.SampledFrom([]string{"null", "1", "[]", "", "x"}))
	for _, strict := range []Strictness{0, Strict} {
		compareFrames(t, strict, "x TEXT[], y BIGINT", `{"x":["1"],"y":1}`, func(t *rapid.T) (got, want string) {
			list := rapid.SliceOfN(items, 0, 5).Draw(t, "items")
			end := rapid.SampledFrom([]string{"]", ",]", ""}).Draw(t, "end")
			return `{"x":[` + strings.Join(list, ",") + end + `,"y":1}`, `{"x":[ ` + strings.Join(list, " , ") + end + `,"y":1}`
		})
	}
}

// TestMapKeysReadLikeOthers writes keys tightly, as shortKey knows them, and with space and every byte escaped: among few
// keys many come again.
func TestMapKeysReadLikeOthers(t *testing.T) {
	keys := rapid.OneOf(rapid.SampledFrom([]string{
		"", "a", "b", `a\u0000`, `\u0061`, "1234567", "12345678", "123456789", `1234567\u0000`, `\"`, "é", "\xff", "\x01",
	}),
		rapid.StringMatching(`[ab]{0,9}`))
	for _, strict := range []Strictness{0, Strict &^ DuplicateKeys, Strict} {
		compareFrames(t, strict, "x MAP<TEXT, BIGINT>, y BIGINT", `{"x":{"1":1},"y":1}`, func(t *rapid.T) (got, want string) {
			tight, wide := "", ""
			for i := range rapid.IntRange(0, 6).Draw(t, "entries") {
				key := keys.Draw(t, "key")
				if i > 0 {
					tight, wide = tight+",", wide+" , "
				}
				tight += fmt.Sprintf(`"%s":%d`, key, i)
				escaped := strings.ReplaceAll(strings.ReplaceAll(key, `\u0061`, "a"), "a", `\u0061`)
				wide += fmt.Sprintf(`"%s" : %d`, escaped, i)
			}
			return `{"x":{` + tight + `},"y":1}`, `{"x":{ ` + wide + `},"y":1}`
		})
	}
}

// compareFrames decodes pairs of frames that are to have the same fate, all with one decoder.
func compareFrames(t *testing.T, strict Strictness, columns, first string, draw func(*rapid.T) (got, want string)) {
	fields, schema := table(columns)
	d, err := New(Config{Strictness: strict}).NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		frame, other := draw(t)
		b := batch.NewBuilder(schema, memory.DefaultAllocator)
		defer b.Release()
		got := decodedRow(t, d, first, frame, b)
		if want := decodedRow(t, d, first, other, b); got != want {
			t.Fatalf("%q: %s\n%q: %s", frame, got, other, want)
		}
	})
}

func TestShortDigitsAreThoseOfPlainDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`-?[0-9]{0,7}(\.[0-9]{0,7})?[0-9.eE+,}\x00\xff -]{1,8}`).Draw(t, "number")
		n, end := shortDigits([]byte(number), 0)
		if end == 0 {
			return
		}
		want, wantEnd := plainDigits([]byte(number), 0)
		if n != want || end != wantEnd {
			t.Fatalf("%q: %+v up to %d, want %+v up to %d", number, n, end, want, wantEnd)
		}
	})
}

// decodedRow is the row of a frame as text, or the code and path of the error. It is the second of its batch: the first is
// first, which has a value for each column, so that all have grown. Before they have, nothing is read the short way.
func decodedRow(t rapid.TB, d format.Decoder, first, frame string, b *batch.Builder) string {
	if err := d.Decode([]byte(first), b); err != nil {
		t.Fatal(err)
	}
	b.EndRow()
	var bad *format.DataError
	err := d.Decode([]byte(frame), b)
	seen := d.(*decoder).seen
	if err == nil {
		b.EndRow()
	} else if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	record := b.NewRecord()
	defer record.Release()
	if bad != nil {
		return bad.Code + " " + bad.Path
	}
	row := fmt.Sprintf("row, undeclared: %d,", seen&(traitExtra|traitInner))
	for _, c := range record.Columns() {
		row += " " + c.ValueStr(1)
	}
	return row
}
