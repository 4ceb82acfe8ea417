package checkpoint

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

const golden = "testdata/checkpoint-v1.golden"

func sample() Checkpoint {
	return Checkpoint{
		Version: 1, Epoch: 3, Pipeline: "late", Topic: "flights", Partition: 0, Next: 42, Sinks: map[string]int64{"table late": 7},
	}
}

// The file's bytes are a promise to those who upgrade: the golden file is never written by a test.
func TestFileIsTheGoldenOne(t *testing.T) {
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, err := encode(sample())
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("wrote %q (%v), want %q", got, err, want)
	}
	c, err := decode(want)
	if err != nil || !reflect.DeepEqual(c, sample()) {
		t.Errorf("read %+v (%v), want %+v", c, err, sample())
	}
}

// fill sets every field to something that is not zero.
func fill(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(11)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(12)
	case reflect.String:
		v.SetString("text")
	case reflect.Map:
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, elem)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, elem)
	default:
		t.Fatalf("fill has no value for a field of type %s", v.Type())
	}
}

func TestNoFieldIsDropped(t *testing.T) {
	var c Checkpoint
	fill(t, reflect.ValueOf(&c).Elem())
	c.Version = Version
	file, err := encode(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(file)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v came back as %+v (%v)", c, got, err)
	}
}

// TestDamageIsNoticed cuts the file everywhere and flips a bit of every byte.
func TestDamageIsNoticed(t *testing.T) {
	file, err := encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, file []byte) {
		if _, err := decode(file); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", what, err)
		}
	}
	for n := range file {
		check("cut", file[:n])
		flipped := bytes.Clone(file)
		flipped[n] ^= 1 << (n % 8)
		check("flipped", flipped)
	}
	check("appended", append(bytes.Clone(file), '\n'))
	check("too long", append(bytes.Clone(file), make([]byte, maxFile)...))
}

func TestWellSummedNonsenseIsRefused(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`[]`, "cannot unmarshal"},
		{`{"version":1,"colour":"red"}`, "unknown field"},
		{`{"version":1,"next":"soon"}`, "cannot unmarshal"},
		{`{"version":2,"colour":"red"}`, "version 2, this build reads 1"},
		{`{}`, "version 0"},
	} {
		_, err := decode(summed(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.body, err, c.want)
		}
		if errors.Is(err, ErrDamaged) == errors.Is(err, errVersion) {
			t.Errorf("%s: %v is neither damage nor another version, or both", c.body, err)
		}
	}
}

func TestWhatCouldNotBeReadAgainIsNotWritten(t *testing.T) {
	c := sample()
	c.Topic = strings.Repeat("x", maxFile)
	if _, err := encode(c); err == nil {
		t.Error("a checkpoint longer than the limit was encoded")
	}
}

func FuzzDecode(f *testing.F) {
	file, err := encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte("00000000\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := decode(file)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, errVersion) {
				t.Fatalf("an error of neither kind: %v", err)
			}
			return
		}
		again, err := encode(c)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decode(again); err != nil || !reflect.DeepEqual(back, c) {
			t.Fatalf("%+v came back as %+v (%v)", c, back, err)
		}
	})
}
