package protocol

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"pgregory.net/rapid"
)

// drawer fills messages with random values, by reflection; what types do not tell
// comes from the generated tables.
type drawer struct {
	t    *rapid.T
	kind ObjectKind
}

var (
	specType      = reflect.TypeFor[Spec]()
	statusType    = reflect.TypeFor[ObjectStatus]()
	actionType    = reflect.TypeFor[UpdateAction]()
	kindType      = reflect.TypeFor[ObjectKind]()
	durationType  = reflect.TypeFor[time.Duration]()
	isolationType = reflect.TypeFor[ProduceIsolation]()
	keyType       = reflect.TypeFor[ObjectKey]()
)

// fill sets v to a random value of its type that survives the wire.
func (d *drawer) fill(v reflect.Value) {
	switch v.Type() {
	case specType:
		d.fillNew(v, objectTypes[d.kind].spec())
		return
	case statusType:
		d.fillNew(v, objectTypes[d.kind].status())
		return
	case actionType:
		d.fillNew(v, newUpdateAction(d.kind))
		return
	case kindType:
		v.SetString(string(d.kind))
		return
	case durationType:
		v.SetInt(rapid.Int64Min(0).Draw(d.t, "duration"))
		return
	case isolationType:
		v.SetInt(rapid.Int64Range(-1, 0).Draw(d.t, "isolation"))
		return
	case keyType:
		key := ObjectKey{Name: rapid.String().Draw(d.t, "name")}
		if d.kind == KindCustomSpu && rapid.Bool().Draw(d.t, "by id") {
			key = ObjectKey{ID: rapid.Int32().Draw(d.t, "id"), ByID: true}
		}
		v.Set(reflect.ValueOf(key))
		return
	}
	if values, ok := enumValues[v.Type()]; ok {
		n := rapid.SampledFrom(values).Draw(d.t, v.Type().Name())
		v.Set(reflect.ValueOf(n).Convert(v.Type()))
		return
	}
	if payloads, ok := unionPayloads[v.Type()]; ok {
		d.fillUnion(v, payloads)
		return
	}
	d.fillPlain(v)
}

func (d *drawer) fillPlain(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(d.t, "bool"))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := rapid.Int64().Draw(d.t, "int")
		v.Set(reflect.ValueOf(n).Convert(v.Type()))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n := rapid.Uint64().Draw(d.t, "uint")
		v.Set(reflect.ValueOf(n).Convert(v.Type()))
	case reflect.String:
		v.SetString(rapid.StringN(0, 8, 40).Draw(d.t, "string"))
	case reflect.Pointer:
		if rapid.Bool().Draw(d.t, "some") {
			v.Set(reflect.New(v.Type().Elem()))
			d.fill(v.Elem())
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(d.t, "len")
		if n == 0 {
			return // decoded as nil
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			d.fill(v.Index(i))
		}
	case reflect.Map:
		n := rapid.IntRange(0, 3).Draw(d.t, "len")
		if n == 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			d.fill(key)
			d.fill(elem)
			v.SetMapIndex(key, elem)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Unknown" {
				d.fill(v.Field(i))
			}
		}
	default:
		d.t.Fatalf("no way to draw a %v", v.Type())
	}
}

func (d *drawer) fillUnion(v reflect.Value, payloads map[int64]Message) {
	tags := make([]int64, 0, len(payloads))
	for n := int64(-1); len(tags) < len(payloads); n++ {
		if _, ok := payloads[n]; ok {
			tags = append(tags, n)
		}
	}
	n := rapid.SampledFrom(tags).Draw(d.t, "tag")
	tag := v.FieldByName("Tag")
	tag.Set(reflect.ValueOf(n).Convert(tag.Type()))
	if payload := payloads[n]; payload != nil {
		d.fillNew(v.FieldByName("Value"), payload)
	}
}

// fillNew sets the interface v to a filled value of the type of m.
func (d *drawer) fillNew(v reflect.Value, m Message) {
	p := reflect.New(reflect.TypeOf(m).Elem())
	d.fill(p.Elem())
	v.Set(p)
}

// kindsOf returns the kinds that a message has a meaning for: one if it has no Kind.
func kindsOf(m Message) []ObjectKind {
	if !reflect.ValueOf(m).Elem().FieldByName("Kind").IsValid() {
		return []ObjectKind{KindTopic}
	}
	return []ObjectKind{KindTopic, KindPartition, KindSpu, KindCustomSpu, KindSpuGroup, KindSmartModule, KindTableFormat, KindMirror}
}

// checkRoundTrip draws a message like m, and encodes and decodes it at a version.
func checkRoundTrip(t *rapid.T, m Message, version int16, newest bool) {
	kind := rapid.SampledFrom(kindsOf(m)).Draw(t, "kind")
	d := &drawer{t, kind}
	in := reflect.New(reflect.TypeOf(m).Elem())
	d.fill(in.Elem())
	raw := in.Interface().(Message).AppendTo([]byte("before"), version)[len("before"):]

	out := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
	r := wire.NewReader(raw)
	out.ReadFrom(r, version)
	if r.Err() != nil || r.Len() > 0 {
		t.Fatalf("%v, %d bytes left of %x", r.Err(), r.Len(), raw)
	}
	if newest && !reflect.DeepEqual(in.Interface(), out) {
		t.Fatalf("decoded\n%#v\nencoded\n%#v", out, in.Interface())
	}
	if again := out.AppendTo(nil, version); !bytes.Equal(again, raw) {
		t.Fatalf("encoded as\n%x\nthen as\n%x", raw, again)
	}
	if len(raw) == 0 {
		return
	}
	cut := rapid.IntRange(0, len(raw)-1).Draw(t, "cut")
	r = wire.NewReader(raw[:cut])
	out.ReadFrom(r, version)
	if r.Err() == nil && !endsEarly(out) {
		t.Fatalf("%d of %d bytes are enough", cut, len(raw))
	}
}

// endsEarly tells the one message that may lack its end.
func endsEarly(m Message) bool {
	p, ok := m.(*ProduceRequest)
	return ok && len(p.SmartModules) == 0
}

// gatedOut tells messages that lose fields even at the newest version.
func gatedOut(m Message) bool {
	_, ok := m.(*FetchOffsetsRequest)
	return ok
}

func TestEveryMessageSurvivesEveryVersion(t *testing.T) {
	for _, api := range apis {
		for version := api.MinVersion; version <= api.MaxVersion; version++ {
			req := api.NewRequest()
			for _, m := range []Message{req, req.NewResponse()} {
				t.Run(fmt.Sprintf("%v/%T/v%d", api.Server, m, version), func(t *testing.T) {
					rapid.Check(t, func(t *rapid.T) {
						checkRoundTrip(t, m, version, version == api.MaxVersion && !gatedOut(m))
					})
				})
			}
		}
	}
}
