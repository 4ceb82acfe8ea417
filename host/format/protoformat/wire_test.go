package protoformat

import (
	"encoding/binary"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/types"
)

// wireSource has what writers seldom make: delimited messages and closed enums of an edition, merged messages in maps and
// oneofs, packed fields that are declared expanded.
const wireSource = `edition = "2023";
message M {
  int64 a = 1; int32 b = 2 [features.field_presence = IMPLICIT]; repeated sint32 c = 3;
  repeated fixed32 d = 4 [features.repeated_field_encoding = EXPANDED]; string e = 5;
  P p = 6 [features.message_encoding = DELIMITED]; repeated P q = 7; map<int32, P> m = 8; map<string, C> n = 9;
  oneof o { int64 x = 10; P y = 11; C z = 12; } C k = 13; bool t = 14; double u = 15; bytes v = 16; float w = 17;
}
message P { int64 x = 1; repeated C c = 2; R r = 3; string s = 4; }
message R { sint64 s = 1; uint32 t = 2; }
enum C { option features.enum_type = CLOSED; C0 = 0; C1 = 1; C2 = 2; }`

// wires draws messages byte by byte: fields in any order and number, of the wire type that they should have or another,
// damaged here and there.
type wires struct {
	*rapid.T
	odd bool // whether anything may be damaged
}

func (w wires) oneIn(n int) bool { return rapid.IntRange(1, n).Draw(w.T, "chance") == 1 }

func (w wires) varint(dst []byte) []byte {
	v := rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64(), rapid.Uint64Range(1<<31, 1<<33)).Draw(w.T, "number")
	dst = binary.AppendUvarint(dst, v)
	if w.oneIn(8) && v < 1<<56 { // longer than it needs to be, up to ten bytes
		for n := len(binary.AppendUvarint(nil, v)); n < rapid.IntRange(2, 10).Draw(w.T, "bytes"); n++ {
			dst[len(dst)-1] |= 0x80
			dst = append(dst, 0)
		}
	}
	if w.odd && w.oneIn(40) { // eleven bytes
		dst = append(dst, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0)
	}
	return dst
}

func (w wires) message(m protoreflect.MessageDescriptor, depth int) (b []byte) {
	had := map[protoreflect.FullName]bool{}
	for range rapid.IntRange(0, 6).Draw(w.T, "fields") {
		fds := m.Fields()
		fd := fds.Get(rapid.IntRange(0, fds.Len()-1).Draw(w.T, "field"))
		name := fd.FullName()
		if fd.ContainingOneof() != nil {
			name = fd.ContainingOneof().FullName()
		}
		if w.odd && !fd.IsList() && had[name] {
			continue // a value that another takes the place of is not looked at, so that damage in it is not seen
		}
		had[name] = true
		number, wire := uint64(fd.Number()), wireOf(fd)
		if fd.IsList() && wire != wireBytes && w.oneIn(2) {
			wire = wireBytes // packed, whatever the schema says
		}
		if w.oneIn(10) {
			number = uint64(rapid.IntRange(20, 22).Draw(w.T, "unknown"))
		}
		if w.oneIn(12) && !m.IsMapEntry() { // dynamicpb panics at the key of an entry that has another wire type
			wire = rapid.SampledFrom([]uint32{wireVarint, wire64, wireBytes, wireGroup, wire32}).Draw(w.T, "wire")
		}
		b = w.value(binary.AppendUvarint(b, number<<3|uint64(wire)), fd, number, wire, depth)
	}
	if w.odd && w.oneIn(30) && len(b) > 0 {
		b = b[:len(b)-1]
	}
	return b
}

func (w wires) value(b []byte, fd protoreflect.FieldDescriptor, number uint64, wire uint32, depth int) []byte {
	inner := func() []byte {
		if fd.Message() != nil && depth < 4 {
			return w.message(fd.Message(), depth+1)
		}
		return nil
	}
	switch wire {
	case wireVarint:
		if fd.Kind() == protoreflect.EnumKind { // Go's library takes every enum for an open one: see TestGolden for unknown numbers
			return append(b, byte(rapid.IntRange(0, 2).Draw(w.T, "enum")))
		}
		return w.varint(b)
	case wire64:
		return append(b, rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(w.T, "eight")...)
	case wire32:
		return append(b, rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(w.T, "four")...)
	case wireGroup:
		end := number<<3 | wireEnd
		if w.odd && w.oneIn(30) {
			end += 8
		}
		return binary.AppendUvarint(append(b, inner()...), end)
	}
	var payload []byte
	switch {
	case fd.Message() != nil:
		payload = inner()
	case fd.IsList():
		for range rapid.IntRange(0, 4).Draw(w.T, "items") {
			payload = w.value(payload, fd, number, wireOfKind(fd.Kind()), depth)
		}
		if w.odd && w.oneIn(20) && len(payload) > 0 {
			payload = payload[:len(payload)-1]
		}
	default:
		payload = []byte(rapid.StringN(0, 20, 40).Draw(w.T, "text"))
		if w.odd && w.oneIn(20) {
			payload = append(payload, 0xff)
		}
	}
	return append(binary.AppendUvarint(b, uint64(len(payload))), payload...)
}

// Of any wire dynamicpb says the same: that it is no message, or which values it has.
func TestWireAgainstDynamicpb(t *testing.T) {
	m := messageOf(t, wireSource, "M")
	columns, err := ToColumns(m)
	if err != nil {
		t.Fatal(err)
	}
	mapsAsMaps(m, columns)
	c := Config{Source: wireSource, Message: "M"}
	whole := newTable(t, Config{Source: wireSource, Message: "M", Unstructured: true}, arrow.Field{Name: "value", Type: types.JSON()})
	in := newTable(t, c, columns...)
	e, err := New(c).NewEncoder(fieldsFor(columns))
	if err != nil {
		t.Fatal(err)
	}
	var good, bad int
	rapid.Check(t, func(rt *rapid.T) {
		w := wires{T: rt, odd: rapid.Bool().Draw(rt, "odd")}
		frame := w.message(m, 0)
		want := dynamicpb.NewMessage(m)
		theirs := proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(frame, want)
		ours := in.Decode(frame, in.Builder)
		if (theirs == nil) != (ours == nil) {
			rt.Fatalf("%x: %v, dynamicpb: %v", frame, ours, theirs)
		}
		inJSON := whole.Decode(frame, whole.Builder)
		whole.Rollback()
		if (theirs == nil) != (inJSON == nil) {
			rt.Fatalf("%x as JSON: %v, dynamicpb: %v", frame, inJSON, theirs)
		}
		if ours != nil {
			bad++
			var data *format.DataError
			if !errors.As(ours, &data) {
				rt.Fatalf("%x: %v", frame, ours)
			}
			return
		}
		good++
		in.EndRow()
		record := in.NewRecord()
		defer record.Release()
		if err := e.Bind(record.Columns()); err != nil {
			rt.Fatal(err)
		}
		out, err := e.Append(nil, 0)
		if err != nil {
			rt.Fatalf("%x: %v", frame, err)
		}
		got := dynamicpb.NewMessage(m)
		if err := proto.Unmarshal(out, got); err != nil {
			rt.Fatal(err)
		}
		if !proto.Equal(want, got) {
			rt.Fatalf("%x became %x\nwant %v\ngot  %v", frame, out, want, got)
		}
	})
	t.Logf("%d good frames and %d bad ones", good, bad)
	if !testing.Short() && (good < 10 || bad < 1) { // short runs draw a fifth, in which one may not come
		t.Errorf("%d good frames and %d bad ones", good, bad)
	}
}
