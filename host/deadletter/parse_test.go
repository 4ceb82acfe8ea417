package deadletter

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const wholeKey = `{"topic":"flights","partition":3,"offset":17,"frame":2,"row":1,"code":"json.type","path":"dep_delay","message":"expected BIGINT","time":-1}`

func TestLettersAreReadBack(t *testing.T) {
	for key, want := range map[string]Letter{
		wholeKey: {Topic: "flights", Partition: 3, Offset: 17, Frame: 2, Row: 1, Code: "json.type", Path: "dep_delay", Message: "expected BIGINT", Time: -1},
		" {\"time\":5,\n\"later\":{\"a\":[1]},\"topic\":\"t\",\"partition\":0,\"offset\":0,\"frame\":0,\"row\":0,\"code\":\"c\",\"message\":\"\"} ": {Topic: "t", Code: "c", Time: 5},
		`{"topic":"t","partition":4294967295,"offset":1,"frame":0,"row":0,"last_offset":9223372036854775807,"derived":true,"code":"c","message":"","module":"m","function":"f","time":0}`: {
			Topic: "t", Partition: math.MaxUint32, Offset: 1, LastOffset: math.MaxInt64, Derived: true, Code: "c", Module: "m", Function: "f",
		},
	} {
		got, err := Parse([]byte(key), []byte("value"))
		want.Value = []byte("value")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, %v, want\n%+v", key, got, err, want)
		}
	}
}

func TestOddRecordsAreNoLetters(t *testing.T) {
	swap := func(old, by string) []byte {
		if !strings.Contains(wholeKey, old) {
			t.Fatalf("no %s", old)
		}
		return []byte(strings.Replace(wholeKey, old, by, 1))
	}
	for _, tc := range []struct {
		key  []byte
		want string
	}{
		{nil, "no key"},
		{[]byte{}, "not JSON"},
		{[]byte("AA"), "not JSON"},
		{[]byte(wholeKey + "{}"), "not JSON"},
		{[]byte(wholeKey[:40]), "not JSON"},
		{[]byte("\xff\x00"), "not JSON"},
		{[]byte("null"), "'topic'"},
		{[]byte("{}"), "'topic'"},
		{[]byte("17"), "JSON number, not an object"},
		{[]byte(`["topic"]`), "JSON array, not an object"},
		{swap(`"topic":"flights",`, ""), "'topic'"},
		{swap(`"topic":"flights"`, `"topic":""`), "'topic' is empty"},
		{swap(`"topic":"flights"`, `"topic":null`), "'topic'"},
		{swap(`"partition":3,`, ""), "'partition'"},
		{swap(`"partition":3`, `"partition":-1`), "'partition'"},
		{swap(`"partition":3`, `"partition":4294967296`), "'partition'"},
		{swap(`"offset":17,`, ""), "'offset'"},
		{swap(`"offset":17`, `"offset":-17`), "negative"},
		{swap(`"offset":17`, `"offset":1.5`), "'offset'"},
		{swap(`"offset":17`, `"offset":"17"`), "'offset' can't be a string"},
		{swap(`"offset":17`, `"offset":99999999999999999999`), "'offset'"},
		{swap(`"frame":2,`, ""), "'frame'"},
		{swap(`"frame":2`, `"frame":-2`), "negative"},
		{swap(`"row":1,`, ""), "'row'"},
		{swap(`"row":1`, `"row":-1`), "negative"},
		{swap(`"code":"json.type",`, ""), "'code'"},
		{swap(`"code":"json.type"`, `"code":""`), "'code' is empty"},
		{swap(`"message":"expected BIGINT",`, ""), "'message'"},
		{swap(`,"time":-1`, ""), "'time'"},
		{swap(`"path":"dep_delay"`, `"path":1`), "'path'"},
		{swap(`"row":1`, `"row":1,"derived":true`), "'last_offset'"},
		{bytes.Repeat([]byte(" "), maxKey+1), "at most"},
		{bytes.Repeat([]byte("["), maxKey), "not JSON"},
	} {
		l, err := Parse(tc.key, []byte("v"))
		if !errors.Is(err, ErrNoLetter) || !strings.Contains(err.Error(), tc.want) || !reflect.DeepEqual(l, Letter{}) {
			t.Errorf("%.60q: %v, want %q (%+v)", tc.key, err, tc.want, l)
		}
	}
}

func TestWhateverIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Letter{
			Topic: rapid.StringN(1, 20, -1).Draw(t, "topic"), Partition: rapid.Uint32().Draw(t, "partition"),
			Offset: rapid.Int64Min(0).Draw(t, "offset"), Frame: rapid.Int32Min(0).Draw(t, "frame"), Row: rapid.Int32Min(0).Draw(t, "row"),
			Code: rapid.StringN(1, 20, -1).Draw(t, "code"), Path: rapid.String().Draw(t, "path"), Message: rapid.String().Draw(t, "message"),
			Module: rapid.String().Draw(t, "module"), Function: rapid.String().Draw(t, "function"), Time: rapid.Int64().Draw(t, "time"),
			Value: rapid.SliceOf(rapid.Byte()).Draw(t, "value"),
		}
		if l.Derived = rapid.Bool().Draw(t, "derived"); l.Derived {
			l.LastOffset = rapid.Int64Min(l.Offset).Draw(t, "last offset")
		}
		key, err := l.Key()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(key, l.Value); err != nil || !reflect.DeepEqual(back, l) {
			t.Fatalf("%s: %+v, %v, want %+v", key, back, err, l)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(wholeKey))
	f.Add([]byte(`{"topic":"t","Partition":1}`))
	f.Fuzz(func(t *testing.T, key []byte) {
		l, err := Parse(key, nil)
		if err != nil {
			if !errors.Is(err, ErrNoLetter) {
				t.Fatal(err)
			}
			return
		}
		again, err := l.Key()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(again, nil); err != nil || !reflect.DeepEqual(back, l) {
			t.Fatalf("%q: %+v, written again: %+v, %v", key, l, back, err)
		}
	})
}
