package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"reflect"
	"strings"
	"testing"
)

func sample() Checkpoint {
	return Checkpoint{
		Version: 2, Epoch: 3, Pipeline: "late", Topic: "flights", Partition: 1, Next: 42, Plan: strings.Repeat("0123456789abcdef", 4),
		Sinks: map[string]Sink{
			"dead letters bad": {Count: 5},
			"table late": {Count: 7, Topic: "late", Partitions: 3, Writer: 1<<63 - 1,
				Ordinals: []int64{3, 0, maxOrdinal}, Positions: []int64{10, 0, 1<<53 + 1}},
		},
		Seen: []SeenWriter{{Writer: 12, Next: 100}, {Writer: 7, Next: 5, Beyond: []Span{{7, 9}, {11, 12}}}},
	}
}

// summed is a file around any body.
func summed(body string) []byte {
	return fmt.Appendf(nil, "%08x\n%s\n", crc32.ChecksumIEEE([]byte(body)), body)
}

func encoded(t testing.TB, c Checkpoint) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := encode(&buf, c); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func goldenFile(t testing.TB, version int) []byte {
	t.Helper()
	file, err := os.ReadFile(fmt.Sprintf("testdata/checkpoint-v%d.golden", version))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// The file's bytes are a promise to those who upgrade: the golden files are never written by a test.
func TestFileIsTheGoldenOne(t *testing.T) {
	want := goldenFile(t, 2)
	if got := encoded(t, sample()); !bytes.Equal(got, want) {
		t.Errorf("wrote %q, want %q", got, want)
	}
	c, err := decode(want)
	if err != nil || !reflect.DeepEqual(c, sample()) {
		t.Errorf("read %+v (%v), want %+v", c, err, sample())
	}
}

func TestVersion1IsRead(t *testing.T) {
	want := Checkpoint{Version: 2, Epoch: 3, Pipeline: "late", Topic: "flights", Next: 42, Sinks: map[string]Sink{"table late": {Count: 7}}}
	c, err := decode(goldenFile(t, 1))
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("read %+v (%v), want %+v", c, err, want)
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
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	default:
		t.Fatalf("fill has no value for a field of type %s", v.Type())
	}
}

func TestNoFieldIsDropped(t *testing.T) {
	var c Checkpoint
	fill(t, reflect.ValueOf(&c).Elem())
	c.Version = Version
	got, err := decode(encoded(t, c))
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v came back as %+v (%v)", c, got, err)
	}
}

// TestDamageIsNoticed cuts the file everywhere and flips a bit of every byte.
func TestDamageIsNoticed(t *testing.T) {
	file := encoded(t, sample())
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
		{`{"version":2,"colour":"red"}`, "unknown field"},
		{`{"version":2,"next":"soon"}`, "cannot unmarshal"},
		{`{"version":2,"sinks":{"table late":7}}`, "cannot unmarshal"},
		{`{"version":1,"sinks":{"table late":{"count":7}}}`, "cannot unmarshal"},
		{`{"version":1,"seen":[]}`, "unknown field"},
		{`{"version":2,"seen":[{}` + strings.Repeat(",{}", maxObjects) + `]}`, "objects"},
		{`{"version":3,"colour":"red"}`, "version 3, this build reads 1 and 2"},
		{`{}`, "version 0"},
	} {
		_, err := decode(summed(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: %v, want %q", c.body, err, c.want)
		}
		if errors.Is(err, ErrDamaged) == errors.Is(err, errVersion) {
			t.Errorf("%.80s: %v is neither damage nor another version, or both", c.body, err)
		}
	}
}

func TestWhatNoLaneCouldGoOnFromIsRefused(t *testing.T) {
	id := laneID{"late", "flights", 1}
	ok := sample()
	if err := id.check(&ok); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(c *Checkpoint, s *Sink){
		"next offset -1":    func(c *Checkpoint, _ *Sink) { c.Next = -1 },
		"epoch":             func(c *Checkpoint, _ *Sink) { c.Epoch = 1 << 63 },
		"no SHA-256":        func(c *Checkpoint, _ *Sink) { c.Plan = "../" + c.Plan[3:] },
		"SHA-256 in hex":    func(c *Checkpoint, _ *Sink) { c.Plan = strings.ToUpper(c.Plan) },
		"1025 writers":      func(c *Checkpoint, _ *Sink) { c.Seen = make([]SeenWriter, maxSeen+1) },
		"65 gaps":           func(c *Checkpoint, _ *Sink) { c.Seen[1].Beyond = make([]Span, maxBeyond+1) },
		"11 to 11":          func(c *Checkpoint, _ *Sink) { c.Seen[1].Beyond[1].To = 11 },
		"11 to 12 seen aft": func(c *Checkpoint, _ *Sink) { c.Seen[1].Beyond[0].To = 11 },
		"7 to 9 seen after": func(c *Checkpoint, _ *Sink) { c.Seen[1].Next = 7 },
		"-1 records":        func(_ *Checkpoint, s *Sink) { s.Count = -1 },
		"writer id -1":      func(_ *Checkpoint, s *Sink) { s.Writer = -1 },
		"of writer 0":       func(_ *Checkpoint, s *Sink) { s.Writer = 0 },
		"2 ordinals":        func(_ *Checkpoint, s *Sink) { s.Ordinals = s.Ordinals[1:] },
		"2 positions":       func(_ *Checkpoint, s *Sink) { s.Positions = s.Positions[1:] },
		"4 partitions":      func(_ *Checkpoint, s *Sink) { s.Partitions = 4 },
		"-3 partitions":     func(_ *Checkpoint, s *Sink) { s.Partitions, s.Writer, s.Ordinals, s.Positions = -3, 0, nil, nil },
		"ordinal -1":        func(_ *Checkpoint, s *Sink) { s.Ordinals[1] = -1 },
		"140737488355329":   func(_ *Checkpoint, s *Sink) { s.Ordinals[1] = maxOrdinal + 1 },
		"position -1":       func(_ *Checkpoint, s *Sink) { s.Positions[1] = -1 },
		"not UTF-8":         func(_ *Checkpoint, s *Sink) { s.Topic = "\xff" },
		"pipeline or topic": func(c *Checkpoint, _ *Sink) { c.Topic = "\xff" },
		`"early"`:           func(c *Checkpoint, _ *Sink) { c.Pipeline = "early" },
		"partition 2":       func(c *Checkpoint, _ *Sink) { c.Partition = 2 },
		"1025 sinks": func(c *Checkpoint, _ *Sink) {
			for i := range maxSinks {
				c.Sinks[fmt.Sprint(i)] = Sink{}
			}
			delete(c.Sinks, "dead letters bad")
		},
	} {
		c := sample()
		s := c.Sinks["table late"]
		spoil(&c, &s)
		c.Sinks["table late"] = s
		if err := id.check(&c); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
			t.Errorf("%q is %v", name, err)
		}
	}
}

func TestWhatCouldNotBeReadAgainIsNotWritten(t *testing.T) {
	c := sample()
	c.Topic = strings.Repeat("x", maxFile)
	if err := encode(new(bytes.Buffer), c); err == nil {
		t.Error("a checkpoint longer than the limit was encoded")
	}
	c.Topic = strings.Repeat("{", maxObjects)
	if err := encode(new(bytes.Buffer), c); err == nil {
		t.Error("a checkpoint of more objects than the limit was encoded")
	}
}

// crowded is a checkpoint with as many writers as can be kept.
func crowded(gaps int) Checkpoint {
	c := sample()
	c.Seen = nil
	for i := range int64(maxSeen) {
		w := SeenWriter{Writer: 1<<63 - 1 - i, Next: maxOrdinal/2 + i}
		for g := range int64(gaps) {
			w.Beyond = append(w.Beyond, Span{From: w.Next + 2*g + 1, To: w.Next + 2*g + 2})
		}
		c.Seen = append(c.Seen, w)
	}
	return c
}

func TestAsMuchAsCanBeKeptFits(t *testing.T) {
	c := crowded(maxBeyond)
	back, err := decode(encoded(t, c))
	if err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("a full checkpoint did not come back: %v", err)
	}
	if err := back.valid(); err != nil {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(goldenFile(f, 1))
	f.Add(goldenFile(f, 2))
	f.Add(summed(`{"version":2,"sinks":{"a":{"ordinals":[]}},"seen":[{"beyond":[{}]}]}`))
	f.Add([]byte("00000000\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		// Whatever its sum: the body is what is looked at.
		if _, body, ok := bytes.Cut(file, []byte("\n")); ok {
			file = summed(string(bytes.TrimSuffix(body, []byte("\n"))))
		}
		c, err := decode(file)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, errVersion) {
				t.Fatalf("an error of neither kind: %v", err)
			}
			return
		}
		if (laneID{c.Pipeline, c.Topic, c.Partition}).check(&c) != nil {
			return
		}
		again := encoded(t, c)
		back, err := decode(again)
		if err != nil || !bytes.Equal(encoded(t, back), again) {
			t.Fatalf("%+v came back as %+v (%v)", c, back, err)
		}
	})
}
