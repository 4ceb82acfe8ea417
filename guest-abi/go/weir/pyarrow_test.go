package weir_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-stream/weir/guest-abi/go/weir"
)

var update = flag.Bool("update", false, "write the golden file of the writers")

// recorder is a host that keeps what it was declared and sent, as a stream.
type recorder struct {
	silent
	stream []byte
	emits  int
}

func (h *recorder) Output(_ string, _ uint32, schema []byte) uint32 {
	h.stream = append(h.stream, schema...)
	return 0
}

func (h *recorder) Emit(_ uint32, _ []uint32, _ uint32, message []byte) {
	h.stream = append(h.stream, message...)
	h.emits++
}

// streamMessages cuts a stream into its messages.
func streamMessages(t *testing.T, stream []byte) (messages [][]byte) {
	t.Helper()
	for len(stream) >= 8 {
		n := 8 + int(binary.LittleEndian.Uint32(stream[4:]))
		if n == 8 {
			break // the end
		}
		if len(messages) > 0 {
			n += int(bodyLength(stream))
		}
		messages, stream = append(messages, stream[:n]), stream[n:]
	}
	return messages
}

// bodyLength is field 3 of the table Message in Message.fbs.
func bodyLength(message []byte) uint64 {
	le := binary.LittleEndian
	root := 8 + int(le.Uint32(message[8:]))
	vtable := root - int(int32(le.Uint32(message[root:])))
	return le.Uint64(message[root+int(le.Uint16(message[vtable+10:])):])
}

// showStream opens an operator that copies the flat columns of a stream, and shows all columns.
func showStream(t *testing.T, stream []byte) (shown [][]string, copied []byte) {
	t.Helper()
	host := &recorder{}
	messages := streamMessages(t, stream)
	g := weir.NewGuest(showAll(&shown), host)
	send := func(request []byte) int { return copy(g.Arena(len(request)), request) }
	var request []byte
	for _, v := range []int{1, 0, len(messages[0]), 0} {
		request = binary.LittleEndian.AppendUint32(request, uint32(v))
	}
	if status := g.Open(send(append(request, messages[0]...))); status != 0 {
		t.Fatal("status", status)
	}
	for _, m := range messages[1:] {
		if status := g.Process(send(m)); status != 0 {
			t.Fatal("status", status)
		}
	}
	if host.emits != len(messages)-1 {
		t.Fatalf("%d emits of %d batches", host.emits, len(messages)-1)
	}
	return shown, host.stream
}

// showAll is an operator that copies flat columns and shows all.
func showAll(shown *[][]string) weir.Operator {
	return func(o *weir.Open) (weir.Process, error) {
		out := o.Rows("")
		var all []crossing
		for _, f := range o.Columns() {
			c := crossing{copy: func(weir.Row) {}}
			switch {
			case !f.Type.IsNested() && f.Type != weir.OtherType:
				c = crossColumn(o, out, f)
			case nested[f.Name] != nil:
				c.show = nested[f.Name](o)
			default:
				c.show = func(weir.Row) string { return "?" }
			}
			all = append(all, c)
		}
		return func(b *weir.Batch) error {
			for r := range b.All() {
				var row []string
				for _, c := range all {
					c.copy(r)
					row = append(row, c.show(r))
				}
				out.Add(r)
				*shown = append(*shown, row)
			}
			return nil
		}, nil
	}
}

// nested shows the columns of pyarrow_types.arrows that hold others.
var nested = map[string]func(o *weir.Open) func(weir.Row) string{
	"list": func(o *weir.Open) func(weir.Row) string {
		list := o.List("list")
		return items(list, show(list.Text("item"), strings.Clone))
	},
	"lists": func(o *weir.Open) func(weir.Row) string {
		list := o.List("lists")
		inner := list.List("item")
		return items(list, items(inner, show(inner.Int64("item"), func(n int64) string { return fmt.Sprint(n) })))
	},
	"struct": func(o *weir.Open) func(weir.Row) string { return point(o.Struct("struct")) },
	"map": func(o *weir.Open) func(weir.Row) string {
		list := o.Map("map")
		key, value := show(list.Text("key"), strings.Clone), point(list.Struct("value"))
		return items(list, func(i weir.Row) string { return key(i) + ":" + value(i) })
	},
	"maps": func(o *weir.Open) func(weir.Row) string {
		list := o.List("maps")
		inner := list.Map("item")
		key, value := inner.Uint8("key"), show(inner.Text("value"), strings.Clone)
		return items(list, items(inner, func(i weir.Row) string { return fmt.Sprint(key.Values()[i]) + ":" + value(i) }))
	},
}

func items(list *weir.ListColumn, item func(weir.Row) string) func(weir.Row) string {
	return func(r weir.Row) string {
		if list.Null(r) {
			return "-"
		}
		words := []string{}
		for i, end := list.Items(r); i < end; i++ {
			words = append(words, item(i))
		}
		return fmt.Sprint(words)
	}
}

func point(s *weir.StructColumn) func(weir.Row) string {
	x, y := s.Int16("x"), show(s.Text("y"), strings.Clone)
	return func(r weir.Row) string {
		if s.Null(r) {
			return "-"
		}
		return fmt.Sprint(x.Values()[r]) + y(r)
	}
}

// The file is a copy of host/ipc/testdata/pyarrow_types.arrows in weir, which was written by Arrow's C++ implementation:
// make_pyarrow.py beside that one.
func TestReadsEveryTypeThatPyarrowWrote(t *testing.T) {
	columns := [][]string{
		{"-128", "-", "127", "1"}, {"-32768", "-", "32767", "1"}, {"0", "-", "255", "1"}, {"0", "-", "65535", "1"}, {"0", "-", "4294967295", "1"},
		{"0", "-", "18446744073709551615", "1"}, {"0.5", "-", "NaN", "-2"}, {"-99.99", "-", "0.01", "1.00"},
		{strings.Repeat("9", 38), "-", "-" + strings.Repeat("9", 38), "0"}, {"[255 0]", "-", "[]", "[97]"},
		{"?", "?", "?", "?"}, // bytes of fixed size that are no UUID
		{"-1", "-", "19782", "0"}, {"0", "-", "86399", "1"}, {"0", "-", "86399999", "1"}, {"0", "-", "86399999999", "1"}, {"0", "-", "86399999999999", "1"},
		{"1357016400123456", "-", "0", "-1"}, {"{1 -2 3}", "-", "{-4 5 -6}", "{0 0 0}"}, {`{"a":1}`, "-", "[]", `"ü"`},
		{"00000000-0000-0000-0000-000000000001", "-", "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000002"},
		{"[a -]", "-", "[]", "[b]"}, {"[[1 2] []]", "-", "[]", "[[3]]"}, {"1a", "-", "2-", "3c"}, {"[a:1a b:-]", "-", "[]", "[c:2-]"},
		{"[[1:x] -]", "-", "[[]]", "[[2:-]]"},
	}
	var want [][]string
	for _, r := range []int{0, 1, 2, 3, 3, 0, 1, 2, 3, 0} { // of two batches
		var row []string
		for _, c := range columns {
			row = append(row, c[r])
		}
		want = append(want, row)
	}
	stream, err := os.ReadFile("testdata/pyarrow_types.arrows")
	if err != nil {
		t.Fatal(err)
	}
	shown, copied := showStream(t, stream)
	if !reflect.DeepEqual(shown, want) {
		t.Fatalf("%v, want %v", shown, want)
	}
	// What the writers made of the flat columns is read the same, and stays the same.
	again, _ := showStream(t, copied)
	for r, row := range want {
		if flat := append(row[:10:10], row[11:20]...); !reflect.DeepEqual(again[r], flat) {
			t.Errorf("row %d of the copy: %v, want %v", r, again[r], flat)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/sdk_types.arrows", copied, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if golden, err := os.ReadFile("testdata/sdk_types.arrows"); err != nil || !bytes.Equal(golden, copied) {
		t.Errorf("testdata/sdk_types.arrows differs (%v)", err)
	}
}

func TestProblemsInsideOfColumnsAreNamed(t *testing.T) {
	stream, err := os.ReadFile("testdata/pyarrow_types.arrows")
	if err != nil {
		t.Fatal(err)
	}
	schema := streamMessages(t, stream)[0]
	request := binary.LittleEndian.AppendUint64([]byte{1, 0, 0, 0, 0, 0, 0, 0}, uint64(len(schema)))
	for want, look := range map[string]func(o *weir.Open){
		`column "struct.x" is SMALLINT, this module needs BIGINT`: func(o *weir.Open) { o.Struct("struct").Int64("x") },
		`there is no column "struct.z" of type JSON`:              func(o *weir.Open) { o.Struct("struct").JSON("z") },
		`there is no column "map.value.z" of type TIMESTAMP`:      func(o *weir.Open) { o.Map("map").Struct("value").Timestamp("z") },
		`column "list" is ARRAY, this module needs MAP`:           func(o *weir.Open) { o.Map("list").Text("key") }, // and no word of the key
		`column "map" is MAP, this module needs TEXT`:             func(o *weir.Open) { o.Text("map") },
		`column "t6" is TIME(6), this module needs TIME(0) or TIME(3)`: func(o *weir.Open) {
			o.Time32("t6")
		},
		`column "json" is JSON, this module needs TEXT`: func(o *weir.Open) { o.Text("json") },
	} {
		host := &failure{}
		g := weir.NewGuest(pass(look), host)
		open := append(bytes.Clone(request), schema...)
		if status := g.Open(copy(g.Arena(len(open)), open)); status != 2 || host.reason != want {
			t.Errorf("status %d, %s; want %s", status, host.reason, want)
		}
	}
}

// failure is a host that keeps the reason of a failure.
type failure struct {
	silent
	reason string
}

func (h *failure) Fail(reason string) { h.reason = strings.Clone(reason) }
