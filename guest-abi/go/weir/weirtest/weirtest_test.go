package weirtest

import (
	"strings"
	"testing"

	"github.com/weir-stream/weir/guest-abi/go/weir"
)

func TestColumnsAreWrittenAsInSQL(t *testing.T) {
	fields, err := parseColumns(`a BIGINT not null, "b" text,c TIMESTAMP(3), d DECIMAL( 9, 2 ) NOT NULL, e decimal, f DECIMAL(5),
		g tinyint  unsigned, h TIMESTAMP WITH TIME ZONE not null, i Time`)
	if err != nil {
		t.Fatal(err)
	}
	want := []weir.Field{
		{Name: "a", Type: weir.Int64Type}, {Name: "b", Type: weir.TextType, Nullable: true},
		{Name: "c", Type: weir.TimestampMilli, Nullable: true},
		{Name: "d", Type: weir.DecimalType, Precision: 9, Scale: 2},
		{Name: "e", Type: weir.DecimalType, Precision: 38, Scale: 10, Nullable: true},
		{Name: "f", Type: weir.DecimalType, Precision: 5, Nullable: true},
		{Name: "g", Type: weir.Uint8Type, Nullable: true},
		{Name: "h", Type: weir.TimestampNanoUTC},
		{Name: "i", Type: weir.TimeNano, Nullable: true},
	}
	if len(fields) != len(want) {
		t.Fatalf("%v", fields)
	}
	for i, f := range fields {
		if f != want[i] {
			t.Errorf("%+v, want %+v", f, want[i])
		}
	}
	for _, columns := range []string{"", "a", "a BIGINT,", "a NUMBER", "a BIGINT NULL", "a BIGINT NOT EMPTY", "a NOT NULL",
		"a DECIMAL(0)", "a DECIMAL(39)", "a DECIMAL(4, 5)", "a DECIMAL(4, -1)", "a DECIMAL(4,)", "a DECIMAL 4", "a DECIMALS", "a ARRAY"} {
		if _, err := parseColumns(columns); err == nil {
			t.Errorf("%q is taken", columns)
		}
	}
}

func TestRowsThatDoNotFitTheInputAreRefused(t *testing.T) {
	g, err := Open(operator(func(*weir.Batch, *weir.Patch) {}), "i INT NOT NULL, b BOOLEAN, f DOUBLE, t TEXT, l BIGINT, u INT UNSIGNED, d DECIMAL(3)", nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, row := range map[string]Row{
		"has 1 values":                          {1},
		`column "i" is NOT NULL`:                {nil, true, 1.0, "", 1, 1, nil},
		`column "i", which is INT`:              {1 << 40, true, 1.0, "", 1, 1, nil},
		`(string) does not fit column "b"`:      {1, "true", 1.0, "", 1, 1, nil},
		`(int64) does not fit column "f"`:       {1, true, 1, "", 1, 1, nil},
		`([]uint8) does not fit column "t"`:     {1, true, 1.0, []byte("a"), 1, 1, nil},
		`(float64) does not fit column "l", wh`: {1, true, 1.0, "", 1.0, 1, nil},
		`column "u", which is INT UNSIGNED`:     {1, true, 1.0, "", 1, -1, nil},
		`(int64) does not fit column "d"`:       {1, true, 1.0, "", 1, 1, 5},
	} {
		if _, err := g.Process(row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := g.Process(Row{1, nil, nil, nil, nil, nil, nil}); err != nil {
		t.Error(err)
	}
}

func TestRulesOfTheHostAreChecked(t *testing.T) {
	tests := map[string]func(b *weir.Batch, p *weir.Patch){
		"row 0 is rejected twice":           func(b *weir.Batch, p *weir.Patch) { b.Reject(0, "a", ""); b.Reject(0, "a", "") },
		"row 0 is rejected and in output":   func(b *weir.Batch, p *weir.Patch) { b.Reject(0, "a", ""); p.Select(0) },
		"row 9 is rejected, the batch has":  func(b *weir.Batch, p *weir.Patch) { b.Reject(9, "a", "") },
		`the code "A!" is not`:              func(b *weir.Batch, p *weir.Patch) { b.Reject(0, "A!", "") },
		`the code "" is not`:                func(b *weir.Batch, p *weir.Patch) { b.Reject(0, "", "") },
		"not ascending or outside of the b": func(b *weir.Batch, p *weir.Patch) { p.Select(9) },
		"not ascending or outside of the ":  func(b *weir.Batch, p *weir.Patch) { p.Select(1); p.Select(0) },
	}
	for want, process := range tests {
		g, err := Open(operator(process), "i INT", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Process(Row{1}, Row{2}, Row{3}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestOutputsAreChecked(t *testing.T) {
	for want, declare := range map[string]func(o *weir.Open){
		`output "" is declared twice`: func(o *weir.Open) { o.Patch("") },
		`output "x" has no columns`:   func(o *weir.Open) { o.Rows("x") },
	} {
		_, err := Open(func(o *weir.Open) (weir.Process, error) {
			o.Patch("")
			declare(o)
			return func(*weir.Batch) error { return nil }, nil
		}, "i INT", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func operator(process func(b *weir.Batch, p *weir.Patch)) weir.Operator {
	return func(o *weir.Open) (weir.Process, error) {
		p := o.Patch("")
		return func(b *weir.Batch) error {
			process(b, p)
			return nil
		}, nil
	}
}
