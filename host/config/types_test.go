package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// plainTypes are those without parameters.
var plainTypes = []string{"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED",
	"BIGINT UNSIGNED", "FLOAT", "DOUBLE", "TEXT", "BYTEA", "DATE", "INTERVAL", "JSON", "UUID",
	"DICTIONARY<TEXT>"}

// anyType draws a type at most depth deep.
func anyType(t *rapid.T, depth int) arrow.DataType {
	kinds := 7
	if depth == 1 {
		kinds = 4
	}
	nullable := rapid.Bool()
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 1:
		precision := rapid.IntRange(1, types.MaxPrecision).Draw(t, "precision")
		return must(types.Decimal(precision, rapid.IntRange(0, precision).Draw(t, "scale")))
	case 2:
		return must(types.Time(3 * rapid.IntRange(0, 3).Draw(t, "digits")))
	case 3:
		return must(types.Timestamp(3*rapid.IntRange(0, 3).Draw(t, "digits"), rapid.Bool().Draw(t, "zoned")))
	case 4:
		return types.List(anyType(t, depth-1), nullable.Draw(t, "nullable"))
	case 5:
		key, _ := types.ByName(rapid.SampledFrom([]string{"TEXT", "BOOLEAN", "TINYINT", "BIGINT UNSIGNED"}).Draw(t, "key"))
		return types.Map(key, anyType(t, depth-1), nullable.Draw(t, "nullable"))
	case 6:
		names := rapid.SliceOfNDistinct(anyName, 1, 4, func(s string) string { return s }).Draw(t, "names")
		fields := make([]arrow.Field, len(names))
		for i, name := range names {
			fields[i] = arrow.Field{Name: name, Type: anyType(t, depth-1), Nullable: nullable.Draw(t, "nullable")}
		}
		return types.Struct(fields...)
	}
	plain, _ := types.ByName(rapid.SampledFrom(plainTypes).Draw(t, "plain"))
	return plain
}

func must(t arrow.DataType, err error) arrow.DataType {
	if err != nil {
		panic(err)
	}
	return t
}

// anyName is a name of any characters; words of SQL are among them.
var anyName = rapid.OneOf(
	rapid.StringN(1, 10, 40),
	rapid.StringMatching(`[a-z_]{1,8}`),
	rapid.SampledFrom([]string{"from", "not", "null", "primary", "ARRAY", "time", "struct", "with",
		"unsigned", "true", `"`, `a"b`, "'", "<", "a: b", "[]", "#x", "- a"}),
)

func anyTable(t *rapid.T, name string) *config.Table {
	table := &config.Table{Name: name, Options: option.New(option.Pos{})}
	for _, c := range rapid.SliceOfNDistinct(anyName, 0, 4, func(s string) string { return s }).Draw(t, "columns") {
		column := config.Column{Name: c, Type: anyType(t, 4), PrimaryKey: rapid.Bool().Draw(t, "primary")}
		column.NotNull = column.PrimaryKey || rapid.Bool().Draw(t, "not null")
		if rapid.Bool().Draw(t, "has metadata") {
			column.Metadata = anyName.Draw(t, "metadata")
		}
		table.Columns = append(table.Columns, column)
	}
	for key, v := range anyOptions(t) {
		if err := table.Options.Set(key, option.Pos{}, v); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

func anyOptions(t *rapid.T) map[string]option.Value {
	options := rapid.MapOfN(anyName, rapid.Custom(anyValue), 0, 3).Draw(t, "options")
	delete(options, "type") // which would make it a source or a sink
	return options
}

func anyValue(t *rapid.T) option.Value {
	switch rapid.IntRange(0, 3).Draw(t, "value") {
	case 0:
		return option.Value{Text: rapid.StringMatching(`-?[0-9]{1,30}(\.[0-9]{1,10})?`).Draw(t, "number")}
	case 1:
		return option.Value{Text: fmt.Sprint(rapid.Bool().Draw(t, "bool"))}
	case 2:
		return option.Value{Text: "a flights", Quoted: true, Written: "a ${TOPIC}"}
	}
	return option.Value{Text: rapid.String().Draw(t, "text"), Quoted: true}
}

// anyConfig draws tables, functions and one pipeline over all of them.
func anyConfig(t *rapid.T) *config.Config {
	c := &config.Config{}
	names := rapid.SliceOfNDistinct(anyName, 2, 4, func(s string) string { return s }).Draw(t, "names")
	for _, name := range names {
		c.Tables = append(c.Tables, anyTable(t, name))
	}
	p := &config.Pipeline{Name: anyName.Draw(t, "pipeline"), Source: c.Tables[0]}
	for i := range rapid.IntRange(0, 2).Draw(t, "functions") {
		f := &config.Function{Name: fmt.Sprint(names[0], i), Path: "/" + anyName.Draw(t, "path"), Host: option.New(option.Pos{}), Parameters: anyOptions(t)}
		if err := f.Host.Set("weir."+anyName.Draw(t, "option"), option.Pos{}, anyValue(t)); err != nil {
			t.Fatal(err)
		}
		c.Functions = append(c.Functions, f)
		p.Calls = append(p.Calls, config.Call{Function: f})
	}
	for _, sink := range c.Tables[1:] {
		in := config.Insert{Sink: sink}
		for _, name := range rapid.SliceOfN(anyName, 0, 3).Draw(t, "selected") {
			in.Columns = append(in.Columns, config.Selected{Name: name})
		}
		if len(p.Calls) > 0 && rapid.Bool().Draw(t, "has output") {
			in.Output = anyName.Draw(t, "output")
		}
		p.Sinks = append(p.Sinks, in)
	}
	c.Pipelines = []*config.Pipeline{p}
	return c
}

// TestWhatIsWrittenReadsAsItWas writes any configuration as SQL and as YAML.
func TestWhatIsWrittenReadsAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyConfig(t)
		text := c.Pipelines[0].SQL(func(f *config.Function) string { return f.Path })
		again, err := config.Parse("f.sql", []byte(text), environment)
		if err != nil {
			t.Fatalf("written as\n%s\nit reads as %v", text, err)
		}
		if err := again.Difference(c, nil); err != nil {
			t.Fatalf("written as\n%s\nit is another one: %v", text, err)
		}
		if now := again.Pipelines[0].SQL(func(f *config.Function) string { return f.Path }); now != text {
			t.Fatalf("written as\n%s\nand then as\n%s", text, now)
		}
		checkYAML(t, c)
	})
}

func TestColumnsOfAnyTypeAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dt, name := anyType(t, 6), anyName.Draw(t, "name")
		text := double(name, `"`) + " " + config.TypeName(dt)
		if rapid.Bool().Draw(t, "lower") && strings.ToLower(double(name, `"`)) == double(name, `"`) && !strings.Contains(text, "STRUCT") {
			text = strings.ToLower(text)
		}
		columns, err := config.ParseColumns(text + " NOT NULL")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if c := columns[0]; len(columns) != 1 || c.Name != name || !c.NotNull || !arrow.TypeEqual(c.Type, dt, arrow.CheckMetadata()) {
			t.Fatalf("%s is read as %s %s", text, c.Name, c.Type)
		}
		if err := types.Check(columns[0].Type); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	})
}

func TestParseColumns(t *testing.T) {
	columns, err := config.ParseColumns(`a BIGINT NOT NULL, "t" TIMESTAMP(3),` + "\n" + `xs TEXT[] -- and so on` + "\n" + `, PRIMARY KEY ("t")`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range columns {
		got = append(got, fmt.Sprintf("%s %s %t %t %s", c.Name, config.TypeName(c.Type), c.NotNull, c.PrimaryKey, c.Pos))
	}
	want := []string{"a BIGINT true false --schema:1:1", "t TIMESTAMP(3) true true --schema:1:20", "xs TEXT[] false false --schema:2:1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for text, want := range map[string]string{
		"":                        "--schema:1:1: unexpected end of the text, expected a name or PRIMARY",
		"a":                       "--schema:1:2: unexpected end of the text, expected a type; types are BOOLEAN, ",
		"a BIGINT b TEXT":         "--schema:1:10: unexpected 'b', expected ",
		"a BIGINT,":               "--schema:1:10: unexpected end of the text, expected a name or PRIMARY",
		"a TXT":                   "--schema:1:3: unexpected 'TXT', expected a type; did you mean TEXT?",
		"a TEXT) WITH (":          "--schema:1:7: unexpected ')', expected ",
		"a TEXT; b TEXT":          "--schema:1:7: unexpected ';', expected ",
		"a TEXT, a TEXT\n, b TXT": "--schema:2:5: unexpected 'TXT'",
		"a TEXT, a TEXT\n,\"\" TEXT": "--schema:1:9: column 'a' is defined twice, first at --schema:1:1\n" +
			"--schema:2:2: a name must not be empty",
		"a \xff": "--schema:1:3: the file is not UTF-8 text: byte 0xff",
		strings.Repeat(" ", config.MaxFileBytes+1): "--schema: the columns are larger than 1 MiB, the most that is read",
		"a " + strings.Repeat("ARRAY<", 10_000):    "--schema:1:200: types nest deeper than 32, the most that is read",
		"a TEXT" + strings.Repeat("[]", 10_000):    "--schema:1:3: types nest deeper than 32, the most that is read",
		"a STRUCT<" + manyFields(4096) + ">":       "--schema:1:43951: the table has more than 4096 columns, items and fields in all",
	} {
		_, err := config.ParseColumns(text)
		if err == nil || !strings.HasPrefix(err.Error(), want) || fault.Of(err) != fault.Input {
			t.Errorf("%.60q: got %.300v\nwant %s", text, err, want)
		}
	}
	if _, err := config.ParseColumns("a STRUCT<" + manyFields(4095) + ">"); err != nil {
		t.Error(err)
	}
}

func manyFields(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = fmt.Sprintf("x%d INT", i)
	}
	return strings.Join(fields, ", ")
}
