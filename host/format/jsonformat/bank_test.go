package jsonformat

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/formattest"
)

func timestamp(u arrow.TimeUnit) arrow.DataType { return &arrow.TimestampType{Unit: u} }

// allTypes has a nullable and a NOT NULL field of every type.
func allTypes() []format.Field {
	types := []struct {
		name string
		t    arrow.DataType
	}{
		{"text", arrow.BinaryTypes.String}, {"bigint", arrow.PrimitiveTypes.Int64}, {"int", arrow.PrimitiveTypes.Int32},
		{"double", arrow.PrimitiveTypes.Float64}, {"bool", arrow.FixedWidthTypes.Boolean},
		{"t0", timestamp(arrow.Second)}, {"t3", timestamp(arrow.Millisecond)},
		{"t6", timestamp(arrow.Microsecond)}, {"t9", timestamp(arrow.Nanosecond)},
	}
	var fields []format.Field
	for _, c := range types {
		fields = append(fields,
			format.Field{Name: c.name, Type: c.t, Column: len(fields)},
			format.Field{Name: c.name + "?", Type: c.t, Nullable: true, Column: len(fields) + 1})
	}
	return fields
}

func frames(s ...string) [][]byte {
	out := make([][]byte, len(s))
	for i := range s {
		out[i] = []byte(s[i])
	}
	return out
}

const required = `"text":"a","bigint":-1,"int":2,"double":1.5,"bool":true,"t0":"1969-12-31T23:59:59",` +
	`"t3":"2013-01-01T10:00:00.250Z","t6":"2013-01-01T10:00:00.000001Z","t9":"1677-09-21T00:12:43.145224193Z"`

func suite(c Config) formattest.Suite {
	good := frames(
		`{`+required+`}`,
		`{"text?":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t naïve","bigint?":9223372036854775807,"int?":-2147483648,"double?":1e-320,"bool?":false,`+
			`"t0?":"9999-12-31T23:59:59Z","t3?":"0000-01-01T00:00:00Z","t6?":"2000-02-29T12:00:00+05:30","t9?":"2262-04-11T23:47:16.854775807Z",`+required+`}`,
		` { "bool?" : null , "more" : { "a" : [ 1 , { } , [ ] , "x\n" , null , true , -1.5e+3 ] } , `+required+" }\r\n",
	)
	if c.TimestampFormat == UnixMillis {
		millis := `"text":"a","bigint":-1,"int":2,"double":1.5,"bool":true,"t0":-1000,"t3":1,"t6":1612274910045,"t9":-9223372036854}`
		good = frames(`{`+millis, `{"text?":"b","t0?":253402300799000,"t3?":-5,"t6?":0,"t9?":9223372036854,`+millis)
	}
	return formattest.Suite{
		Format: New(c), Fields: allTypes(), Encodes: true, Good: good,
		Bad: frames(``, ` `, `{}`, `[]`, `7`, `{`+required, `{`+required+`}}`, `{`+required+`,"x":}`,
			`{`+required+`,"int?":2147483648}`, `{`+required+`,"text?":7}`, `{`+required+`,"bool?":"true"}`,
			"{"+required+",\"x\":\"\xff\"}", `{`+required+`,"t9?":"2262-04-11T23:47:16.854775808Z"}`,
			`{`+required+`,"text":null}`, `{`+required+`,"text?":{"a":1}}`, `{`+required+`,"double?":1e999}`),
	}
}

func TestBank(t *testing.T)           { formattest.Run(t, suite(Config{})) }
func TestBankStrict(t *testing.T)     { formattest.Run(t, suite(Config{Strictness: Strict})) }
func TestBankUnixMillis(t *testing.T) { formattest.Run(t, suite(Config{TimestampFormat: UnixMillis})) }
func TestBankStrictUnixMillis(t *testing.T) {
	formattest.Run(t, suite(Config{Strictness: Strict, TimestampFormat: UnixMillis}))
}

// nestedSuite is the bank's for every type, at several levels.
func nestedSuite(c Config) formattest.Suite {
	fields, _ := table(nestedTable)
	return formattest.Suite{
		Format: New(c), Fields: fields, Encodes: true,
		Good: frames(nestedRecord, `{"w":null}`,
			`{"m":{},"n":{},"l":[],"s":{"b":[],"a":-1},"v":"PT0S","b":"","d":0.001,"w":{"a":{"b":[1.50]}},"u":null,"y":"another word"}`),
		Bad: frames(`{"w":}`, `{"w":[1,2}`, `{"l":[1,2,null]}`, `{"s":{"a":null}}`, `{"s":{"b":[]}}`, `{"m":{"k":{"x":1000}}}`,
			`{"n":{"x":{}}}`, `{"n":{"1":{"a":tru}}}`, `{"s":{"a":1,"c":{"d":"?"}},"l":[1,2]}`, `{"b":"?","y":"a word that stays unknown"}`,
			`{"l":[1,2,3`, `{"m":{"a":{"x":1},"b":{"x":true}}}`, `{"k":-1}`, `{"u":"?"}`, `{"v":"P"}`),
	}
}

func TestBankNested(t *testing.T)       { formattest.Run(t, nestedSuite(Config{})) }
func TestBankNestedStrict(t *testing.T) { formattest.Run(t, nestedSuite(Config{Strictness: Strict})) }
