package jsonformat

import (
	"reflect"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
)

// FuzzCarryWide carries values of every type, under any options that a table of records can have: what a reader finds is what
// would have been encoded.
func FuzzCarryWide(f *testing.F) {
	f.Add(uint32(0), []byte(nestedRecord))
	f.Add(uint32(1<<11), []byte(nestedRecord))
	for i, r := range forms {
		f.Add(uint32(i)*0x9e3779b9, []byte(`{"i":`+r.value+`,"d":`+r.value+`,"t":`+r.value+`,"z":`+r.value+`,"v":`+r.value+`,"u":`+r.value+`}`))
	}
	for _, s := range []string{`{"w":{"a":1},"w":2}`, `{"m":{"a":{"x":1},"a":null}}`, `{"y":"\u0061","b":"AA=="}`, `{"s":{"a":1,"z":2}}`} {
		f.Add(uint32(0), []byte(s))
	}
	all := columnsOf(nestedTable)
	f.Fuzz(func(t *testing.T, bits uint32, frame []byte) {
		c := Config{Strictness: Strictness(bits) & Strict, TimestampFormat: TimestampFormat(bits >> 11 & 1), DecimalEncoding: DecimalEncoding((bits >> 12 & 3) % 3)}
		passthrough, columns := bits>>14&1 != 0, []string{"i", "j", "k", "f", "d", "b", "t", "c", "z", "v", "w", "u", "y", "l", "s", "m", "n"}
		switch bits >> 15 & 3 {
		case 1:
			columns = append(columns, `n2 BIGINT: 7`)
		case 2:
			columns = []string{"s", "m", `i TEXT: "new"`, "d", "z"}
		case 3:
			columns = []string{"l", "t", "u", "y"}
		}
		columns = slices.DeleteFunc(columns, func(name string) bool { // the plan would not ask for some types under some options
			i := slices.IndexFunc(all, func(f arrow.Field) bool { return f.Name == name })
			return i >= 0 && New(c).(format.Carrier).Carries(all[i].Type, New(c)) != nil
		})
		s := newCarriedSink(c, nestedTable, true, passthrough, columns...)
		tr, b, p := s.open(t)
		defer b.Release()
		want, wrong, inexpressible := s.ordinary(t, frame)
		got, way, err := s.patched(t, tr, b, p, frame)
		if !reflect.DeepEqual(err, wrong) {
			t.Fatalf("%q: %v, want %v", frame, err, wrong)
		}
		if err != nil || way == format.Ordinary {
			return
		}
		if inexpressible != nil {
			t.Fatalf("%q: becomes %q in spite of %v", frame, got, inexpressible)
		}
		s.compare(t, frame, got, want)
	})
}
