package deadletter

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
)

// The key is read by other programs: its spelling is a promise.
func TestKeyIsAsDocumented(t *testing.T) {
	for _, c := range []struct {
		letter Letter
		want   string
	}{
		{
			Letter{Topic: "flights", Offset: 17, Code: "json.type", Path: "dep_delay", Message: "expected BIGINT", Time: 1385856000000, Value: []byte("x")},
			`{"topic":"flights","partition":0,"offset":17,"frame":0,"row":0,"code":"json.type","path":"dep_delay","message":"expected BIGINT","time":1385856000000}`,
		},
		{
			Letter{Topic: "flights", Partition: 3, Offset: 17, Frame: 2, Code: "test", Message: `"quoted"`, Module: "sha256:ab", Function: "late", Time: -1},
			`{"topic":"flights","partition":3,"offset":17,"frame":2,"row":0,"code":"test","message":"\"quoted\"","module":"sha256:ab","function":"late","time":-1}`,
		},
		{
			Letter{Topic: "t", Partition: math.MaxUint32, Offset: 1, LastOffset: math.MaxInt64, Derived: true, Code: "c", Function: "f", Module: "m"},
			`{"topic":"t","partition":4294967295,"offset":1,"frame":0,"row":0,"last_offset":9223372036854775807,"derived":true,"code":"c","message":"","module":"m","function":"f","time":0}`,
		},
	} {
		if got, err := c.letter.Key(); err != nil || string(got) != c.want {
			t.Errorf("%+v:\n%s (%v), want\n%s", c.letter, got, err, c.want)
		}
	}
}

func TestEveryFieldButTheValueIsInTheKey(t *testing.T) {
	var l Letter
	v := reflect.ValueOf(&l).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("text")
		case reflect.Uint32:
			f.SetUint(7)
		case reflect.Int32, reflect.Int64:
			f.SetInt(8)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.SetBytes([]byte("value"))
		case reflect.Func:
			f.Set(reflect.ValueOf(bytes.ToUpper))
		default:
			t.Fatalf("no value for %s", v.Type().Field(i).Name)
		}
	}
	key, err := l.Key()
	if err != nil {
		t.Fatal(err)
	}
	var back Letter
	if err := json.Unmarshal(key, &back); err != nil {
		t.Fatal(err)
	}
	if string(l.Bytes()) != "VALUE" {
		t.Errorf("%q", l.Bytes())
	}
	l.Value, l.Whole = nil, nil
	if !reflect.DeepEqual(back, l) {
		t.Errorf("%+v came back as %+v", l, back)
	}
}

func TestLettersAreOrderedByPlace(t *testing.T) {
	letters := []Letter{{Offset: 2}, {Offset: 1, Frame: 10}, {Offset: 1, Frame: 9, Code: "first"}, {Offset: 0}, {Offset: 1, Frame: 9, Code: "second"}}
	slices.SortStableFunc(letters, func(a, b Letter) int { return a.Compare(&b) })
	want := []Letter{{Offset: 0}, {Offset: 1, Frame: 9, Code: "first"}, {Offset: 1, Frame: 9, Code: "second"}, {Offset: 1, Frame: 10}, {Offset: 2}}
	if !reflect.DeepEqual(letters, want) {
		t.Errorf("%+v", letters)
	}
}
