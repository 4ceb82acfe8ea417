package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/internal/fault"
)

// converted is what a conversion prints, and how it ends.
func converted(t *testing.T, do func(context.Context, Convert) error, c Convert, in string) (out, rejects string, err error) {
	t.Helper()
	var printed, rejected bytes.Buffer
	c.In, c.Out, c.Err, c.Log = strings.NewReader(in), &printed, &rejected, quiet
	err = do(t.Context(), c)
	return printed.String(), rejected.String(), err
}

// TestRowsThatCannotBePrintedAreRejected has one among many, in a record of its own and in a frame, and of each type that has such values.
func TestRowsThatCannotBePrintedAreRejected(t *testing.T) {
	var many, want strings.Builder
	for i := range 5000 {
		if i == 3000 {
			many.WriteString("{\"x\":253402300800000}\n")
			continue
		}
		fmt.Fprintf(&many, "{\"x\":%d}\n", 10_000*i+1)
		fmt.Fprintf(&want, "{\"x\":\"1970-01-01T%02d:%02d:%02d.001\"}\n", i/360, i/6%60, i%6*10)
	}
	const head = `{"record":%d,"frame":%d,"code":"json.range","path":"x","message":"`
	for name, tc := range map[string]struct {
		convert       Convert
		in, out       string
		record, frame int
	}{
		"many":   {Convert{Schema: "x TIMESTAMP(3)"}, many.String(), want.String(), 3000, 0},
		"framed": {Convert{Schema: "x DATE, frame INT METADATA FROM 'frame'", Framing: "json_array"}, "[]\n[{\"x\":0},{\"x\":3000000},{\"x\":1}]\n", "{\"x\":\"1970-01-01\",\"frame\":0}\n{\"x\":\"1970-01-02\",\"frame\":2}\n", 1, 1},
		"avro": {
			Convert{Format: "avro", Base64: true, Options: []string{"avro.raw_datums=true",
				`avro.schema={"type":"record","name":"R","fields":[{"name":"x","type":{"type":"long","logicalType":"timestamp-millis"}}]}`}},
			"AA==\n/v//////////AQ==\nAA==\n", strings.Repeat("{\"x\":\"1970-01-01T00:00:00Z\"}\n", 2), 1, 0,
		},
	} {
		for _, policy := range []string{"drop", "dead_letter", "fail"} {
			c := tc.convert
			c.BadData = policy
			out, rejects, err := converted(t, Decode, c, tc.in)
			where := fmt.Sprintf(head, tc.record, tc.frame)
			if !strings.HasPrefix(rejects, where) || strings.Count(rejects, "\n") != 1 {
				t.Errorf("%s, %s: rejected %q", name, policy, rejects)
			}
			if policy != "fail" {
				if err != nil || out != tc.out {
					t.Errorf("%s, %s: %v, %d bytes of %d: %.200s", name, policy, err, len(out), len(tc.out), out)
				}
				continue
			}
			before := strings.Count(out, "\n")
			if !strings.HasPrefix(tc.out, out) || before != max(tc.record, tc.frame) {
				t.Errorf("%s: %d rows before it: %.200s", name, before, out)
			}
			if fault.Of(err) != fault.Input || !strings.HasPrefix(err.Error(), fmt.Sprintf("record %d (line %d)", tc.record, tc.record+1)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestLinesThatAreNoRecordsAreRejected(t *testing.T) {
	line := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) + "\n" }
	long := `{"a":2,"b":"` + strings.Repeat(marker, 20) + `"}`
	plain := "{\"a\":1}\n" + long + "\n{\"a\":3}\n"
	for _, tc := range []struct {
		code    string
		do      func(context.Context, Convert) error
		convert Convert
		in      string
	}{
		{"line.too_long", Decode, Convert{MaxLine: "32"}, plain},
		{"line.too_long", Decode, Convert{Options: []string{"line.max_length=32"}}, plain},
		{"line.too_long", Encode, Convert{MaxLine: "32"}, plain},
		{"line.base64", Decode, Convert{Base64: true}, line(`{"a":1}`) + "!" + marker + "\n" + line(`{"a":3}`)},
	} {
		c := tc.convert
		c.Schema, c.BadData = "a BIGINT", "drop"
		out, rejects, err := converted(t, tc.do, c, tc.in)
		if err != nil || out != "{\"a\":1}\n{\"a\":3}\n" || !strings.HasPrefix(rejects, `{"record":1,"frame":0,"code":"`+tc.code+`"`) || strings.Contains(rejects, marker) {
			t.Errorf("%+v: %q, %q, %v", tc.convert, out, rejects, err)
		}
		c.BadData = ""
		out, rejects, err = converted(t, tc.do, c, tc.in)
		if out != "{\"a\":1}\n" || strings.Count(rejects, "\n") != 1 || fault.Of(err) != fault.Input || !strings.HasPrefix(err.Error(), "record 1 (line 2): "+tc.code) {
			t.Errorf("%+v, fail: %q, %q, %v", tc.convert, out, rejects, err)
		}
	}
}

// TestConversionsPrintWhatTheyHave has rows printed while the input stays open, and what was read printed when the command is told to end.
func TestConversionsPrintWhatTheyHave(t *testing.T) {
	for name, do := range map[string]func(context.Context, Convert) error{"decode": Decode, "encode": Encode} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			in, feed := io.Pipe()
			printed, out := io.Pipe()
			drain, ended := make(chan struct{}), make(chan error)
			go func() {
				err := do(t.Context(), Convert{Schema: "a INT", In: in, Out: out, Err: io.Discard, Log: quiet, Drain: drain})
				_ = out.Close()
				ended <- err
			}()
			buf := make([]byte, 64)
			for i := range 3 {
				row := fmt.Sprintf("{\"a\":%d}\n", i)
				_, _ = feed.Write([]byte(row + `{"a":`)) // the next has begun
				if n, err := printed.Read(buf); err != nil || string(buf[:n]) != row {
					t.Fatalf("%q, %v; want %q", buf[:n], err, row)
				}
				_, _ = feed.Write([]byte("7}\n"))
				if n, err := printed.Read(buf); err != nil || string(buf[:n]) != "{\"a\":7}\n" {
					t.Fatalf("%q, %v", buf[:n], err)
				}
			}
			close(drain)
			if rest, err := io.ReadAll(printed); err != nil || len(rest) > 0 {
				t.Errorf("%q, %v", rest, err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			_ = feed.Close() // lets go of who reads it
		})
	}
}

func TestRecordsOfEncodeAreLines(t *testing.T) {
	for _, tc := range []struct {
		convert      Convert
		in, out, bad string // bad: the code of what is rejected
	}{
		{Convert{Schema: "a INT", Framing: "newline"}, "{\"a\":1}\n\n \t\r\n{\"a\":\"x\"}\n{\"a\":2}", "{\"a\":1}\n{\"a\":2}\n", "json.parse"},
		{Convert{Schema: "a TEXT", Format: "raw_string"}, "{\"a\":\"x\"}\n{\"a\":\"\"}\n{\"a\":\"y\\rz\"}\n", "x\n\ny\rz\n", ""},
		{Convert{Schema: "a TEXT", Format: "raw_string"}, "{\"a\":\"y\\n\"}\n{\"a\":\"x\"}\n", "x\n", `"record":0,"frame":0,"code":"line.break"`},
		{Convert{Schema: "a TEXT", Format: "raw_string"}, "{\"a\":\"y\\nz\"}\n{\"a\":\"x\"}\n", "x\n", "line.break"},
		{Convert{Schema: "a TEXT", Format: "raw_string"}, "{\"a\":\"y\\r\"}\n{\"a\":\"x\"}\n", "x\n", "line.break"},
		{Convert{Schema: "a BIGINT NOT NULL", Format: "avro", Options: []string{"avro.raw_datums=true"}}, "{\"a\":5}\n{\"a\":6}\n", "\x0c\n", "line.break"},
		{Convert{Schema: "a INT", Framing: "json_concat"}, "{\"a\":1}\n", "{\"a\":1}\n", ""},
		{Convert{Schema: "a TEXT", Format: "raw_string", Base64: true}, "{\"a\":\"y\\n\"}\n", "eQo=\n", ""},
		{Convert{Schema: "a TEXT", Format: "raw_string", Framing: "json_array"}, "{\"a\":\"x|y\"}\n{\"a\":\"1\"}\n", "[1]\n", "framing.syntax"},
		{Convert{Schema: "a STRUCT<b INT>"}, "{\"a\":1}\n", "", "expected STRUCT<b INT>"},
	} {
		tc.convert.BadData = "drop"
		out, rejects, err := converted(t, Encode, tc.convert, tc.in)
		if err != nil || out != tc.out || !strings.Contains(rejects, tc.bad) || (rejects == "") != (tc.bad == "") {
			t.Errorf("%+v: %q, %q, %v", tc.convert, out, rejects, err)
		}
	}
}

// TestEncodeWritesWhatCameBeforeAFailedRead has an input that fails behind two rows, and one that fails at once.
func TestEncodeWritesWhatCameBeforeAFailedRead(t *testing.T) {
	for _, rows := range []string{"{\"a\":1}\n{\"a\":2}\n", ""} {
		var out bytes.Buffer
		in := io.MultiReader(strings.NewReader(rows), iotest.ErrReader(errors.New("the disk is gone")))
		err := Encode(t.Context(), Convert{Schema: "a INT", In: in, Out: &out, Err: io.Discard, Log: quiet})
		if out.String() != rows || fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "the disk is gone") {
			t.Errorf("%q, %v", &out, err)
		}
		if where := fmt.Sprintf("line %d", strings.Count(rows, "\n")+1); !strings.Contains(err.Error(), where) {
			t.Errorf("%v; want %s", err, where)
		}
	}
}

func TestOptionsAreLocatedAtTheirFlags(t *testing.T) {
	for want, c := range map[string]Convert{
		"--framing: option 'framing': want one of":                                 {Framing: "lines"},
		"--option: option 'framing': want one of":                                  {Options: []string{"framing=lines"}},
		"--bad-data: option 'bad_data': want one of 'fail', 'drop', 'dead_letter'": {BadData: "x"},
		"--format: option 'format'":                                                {Format: "csv"},
		"--max-line: option 'line.max_length'":                                     {MaxLine: "0"},
		"--option: option 'bad_data' is set twice, first at --bad-data":            {BadData: "drop", Options: []string{"bad_data=drop"}},
		"--option: option 'format' is set twice, first at --option":                {Options: []string{"format=json", "format=avro"}},
		"--option: option 'connector' is none of this command":                     {Options: []string{"connector=kafka"}},
		"--option: option 'framing.max_uncompressed' needs 'framing.compression'":  {Options: []string{"framing.max_uncompressed=5"}},
		"--schema: table": {Format: "raw_string"}, // which wants TEXT
		"--option: option 'json.schema': want a JSON Schema": {Schema: "-", Options: []string{"json.schema={"}},
	} {
		switch c.Schema {
		case "":
			c.Schema = "a BIGINT"
		case "-":
			c.Schema = ""
		}
		for name, do := range map[string]func(context.Context, Convert) error{"decode": Decode, "encode": Encode} {
			_, _, err := converted(t, do, c, "")
			if fault.Of(err) != fault.Input || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
		}
	}
	out, _, err := converted(t, Decode, Convert{Schema: "a BIGINT", Options: []string{"framing=newline", "bad_data=drop", "format=json"}}, "{\"a\":1}\n{\"a\":[]}\n{\"a\":2}\n")
	if err != nil || out != "{\"a\":1}\n{\"a\":2}\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, _, err := converted(t, Encode, Convert{Schema: "a BIGINT", Options: []string{"json.strict=true"}}, ""); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), "json.strict") {
		t.Error(err)
	}
}

// fullDisk takes nothing.
type fullDisk struct{ told int }

var errFull = errors.New("no space left on device")

func (f *fullDisk) Write([]byte) (int, error) { f.told++; return 0, errFull }

func TestAFullDiskIsToldOnce(t *testing.T) {
	for name, do := range map[string]func(context.Context, Convert) error{"decode": Decode, "encode": Encode} {
		for _, rows := range []int{1, 100_000} {
			err := do(t.Context(), Convert{Schema: "a INT", In: strings.NewReader(strings.Repeat("{\"a\":1}\n", rows)), Out: new(fullDisk), Err: io.Discard, Log: quiet})
			if fault.Of(err) != fault.Environment || strings.Count(err.Error(), errFull.Error()) != 1 {
				t.Errorf("%s of %d: %v", name, rows, err)
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	in := strings.Repeat(`{"carrier":"UA","dep_delay":2,"distance":1400.5}`+"\n", 100_000)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		err := Decode(b.Context(), Convert{Schema: "carrier TEXT, dep_delay BIGINT, distance DOUBLE", In: strings.NewReader(in), Out: io.Discard, Err: io.Discard, Log: quiet})
		if err != nil {
			b.Fatal(err)
		}
	}
}
