package jsonformat

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// forms are rules for the types that have one written form or another.
var forms = []struct{ column, value, want, strict string }{
	{"TINYINT", `127`, "127", ""},
	{"TINYINT", `-128`, "-128", ""},
	{"TINYINT", `128`, "json.range x", ""},
	{"TINYINT", `-129`, "json.range x", ""},
	{"TINYINT", `-128.9`, "-128", "json.type x"},
	{"TINYINT", `"127"`, "127", "json.type x"},
	{"SMALLINT", `32767`, "32767", ""},
	{"SMALLINT", `-32769`, "json.range x", ""},
	{"TINYINT UNSIGNED", `255`, "255", ""},
	{"TINYINT UNSIGNED", `256`, "json.range x", ""},
	{"TINYINT UNSIGNED", `-1`, "json.range x", ""},
	{"TINYINT UNSIGNED", `-0`, "0", ""},
	{"TINYINT UNSIGNED", `-0.9`, "0", "json.type x"},
	{"SMALLINT UNSIGNED", `65535`, "65535", ""},
	{"SMALLINT UNSIGNED", `65536`, "json.range x", ""},
	{"INT UNSIGNED", `4294967295`, "4294967295", ""},
	{"INT UNSIGNED", `4294967296`, "json.range x", ""},
	{"BIGINT UNSIGNED", `18446744073709551615`, "18446744073709551615", ""},
	{"BIGINT UNSIGNED", `18446744073709551615.9`, "18446744073709551615", "json.type x"},
	{"BIGINT UNSIGNED", `18446744073709551616`, "json.range x", ""},
	{"BIGINT UNSIGNED", `"18446744073709551615"`, "18446744073709551615", "json.type x"},
	{"BIGINT UNSIGNED", `-1`, "json.range x", ""},

	{"FLOAT", `1.5`, "1.5", ""},
	{"FLOAT", `0.1`, "0.1", ""},
	{"FLOAT", `16777217`, "1.6777216e+07", ""},
	{"FLOAT", `1.00000017881393432617187499`, "1.0000001", ""}, // just below the middle of two, which its nearest double is
	{"FLOAT", `1.00000017881393432617187500`, "1.0000002", ""},
	{"FLOAT", `3.4028235e38`, "3.4028235e+38", ""},
	{"FLOAT", `3.5e38`, "json.range x", ""},
	{"FLOAT", `1e-45`, "1e-45", ""},
	{"FLOAT", `1e-60`, "0", ""},
	{"FLOAT", `"1e3"`, "1000", "json.type x"},
	{"FLOAT", `"nan"`, "NaN", "json.type x"},
	{"FLOAT", `true`, "json.type x", ""},

	{"DECIMAL(10, 2)", `1`, "1.00", ""},
	{"DECIMAL(10, 2)", `-38.30`, "-38.30", ""},
	{"DECIMAL(10, 2)", `123.456`, "123.45", "json.type x"},
	{"DECIMAL(10, 2)", `-123.459`, "-123.45", "json.type x"},
	{"DECIMAL(10, 2)", `123.4500`, "123.45", ""},
	{"DECIMAL(10, 2)", `1.2345e2`, "123.45", ""},
	{"DECIMAL(10, 2)", `123450e-3`, "123.45", ""},
	{"DECIMAL(10, 2)", `1e7`, "10000000.00", ""},
	{"DECIMAL(10, 2)", `1e8`, "json.range x", ""},
	{"DECIMAL(10, 2)", `99999999.99`, "99999999.99", ""},
	{"DECIMAL(10, 2)", `99999999.999`, "99999999.99", "json.type x"},
	{"DECIMAL(10, 2)", `100000000`, "json.range x", ""},
	{"DECIMAL(10, 2)", `1e999999999999`, "json.range x", ""},
	{"DECIMAL(10, 2)", `1e-999999999999`, "0.00", "json.type x"},
	{"DECIMAL(10, 2)", `0e999999999999`, "0.00", ""},
	{"DECIMAL(10, 2)", `"+2.0452"`, "2.04", "json.type x"},
	{"DECIMAL(10, 2)", `"12."`, "12.00", "json.type x"},
	{"DECIMAL(10, 2)", `"123,123"`, "json.parse x", "json.type x"},
	{"DECIMAL(10, 2)", `""`, "json.parse x", "json.type x"},
	{"DECIMAL(10, 2)", `00.1`, "0.10", "json.syntax x"},
	{"DECIMAL(10, 2)", `1-2`, "json.syntax x", ""},
	{"DECIMAL(10, 2)", `true`, "json.type x", ""},
	{"DECIMAL(10, 0)", `1.5`, "1", "json.type x"},
	{"DECIMAL(38, 0)", `99999999999999999999999999999999999999`, "99999999999999999999999999999999999999", ""},
	{"DECIMAL(38, 0)", `-99999999999999999999999999999999999999`, "-99999999999999999999999999999999999999", ""},
	{"DECIMAL(38, 0)", `100000000000000000000000000000000000000`, "json.range x", ""},
	{"DECIMAL(38, 0)", `340282366920938463463374607431768211457`, "json.range x", ""},
	{"DECIMAL(38, 38)", `0.00000000000000000000000000000000000001`, "0.00000000000000000000000000000000000001", ""},
	{"DECIMAL(38, 38)", `1`, "json.range x", ""},

	{"BYTEA", `"AAECAwQ="`, "AAECAwQ=", ""},
	{"BYTEA", `""`, "", ""},
	{"BYTEA", `"+/+\/"`, "+/+/", ""},
	{"BYTEA", `"AAECAwQ"`, "json.parse x", ""},
	{"BYTEA", `"AAECAwR="`, "json.parse x", ""}, // bits that nothing uses
	{"BYTEA", `"-_-_"`, "json.parse x", ""},
	{"BYTEA", `"AAE\nCAw"`, "json.parse x", ""},
	{"BYTEA", `"AAE\r\nCAw="`, "json.parse x", ""},
	{"BYTEA", `"==="`, "json.parse x", ""},
	{"BYTEA", `1`, "json.type x", ""},

	{"DATE", `"2013-01-02"`, "15707", ""},
	{"DATE", `"1969-12-31"`, "-1", ""},
	{"DATE", `"0000-01-01"`, "-719528", ""},
	{"DATE", `"9999-12-31"`, "2932896", ""},
	{"DATE", `"\u00320\u0031\u0033-01-02"`, "15707", ""},
	{"DATE", `"2013-02-29"`, "json.parse x", ""},
	{"DATE", `"2013-1-2"`, "json.parse x", ""},
	{"DATE", `"2013-01-02T23:59:59Z"`, "15707", "json.parse x"},
	{"DATE", `"2013-01-02T23:59:59-01:00"`, "15708", "json.parse x"},
	{"DATE", `15707`, "15707", "json.type x"},
	{"DATE", `-1.5`, "-1", "json.type x"},
	{"DATE", `2147483648`, "json.range x", "json.type x"},
	{"DATE", `true`, "json.type x", ""},

	{"TIME(9)", `"12:34:56"`, "45296000000000", ""},
	{"TIME(9)", `"12:34:56.123456789"`, "45296123456789", ""},
	{"TIME(9)", `"12:34:56.1234567899"`, "45296123456789", "json.parse x"},
	{"TIME(6)", `"23:59:59.9999999"`, "86399999999", ""},
	{"TIME(3)", `"12:34:56.5"`, "45296500", ""},
	{"TIME(0)", `"12:34:56.9"`, "45296", ""},
	{"TIME(0)", `"12:34"`, "45240", "json.parse x"},
	{"TIME(0)", `"24:00:00"`, "json.parse x", ""},
	{"TIME(0)", `"12:60:00"`, "json.parse x", ""},
	{"TIME(0)", `"12:34:60"`, "json.parse x", ""},
	{"TIME(0)", `"12:34:56."`, "json.parse x", ""},
	{"TIME(0)", `"12:34:5"`, "json.parse x", ""},
	{"TIME(0)", `"12:34:56Z"`, "json.parse x", ""},
	{"TIME(0)", `"1:34:56"`, "json.parse x", ""},
	{"TIME(0)", `86399`, "86399", "json.type x"},
	{"TIME(0)", `86400`, "json.range x", "json.type x"},
	{"TIME(0)", `-1`, "json.range x", "json.type x"},
	{"TIME(9)", `86399999999999`, "86399999999999", "json.type x"},

	{"TIMESTAMPTZ(3)", `"1997-01-31T14:26:56.123+05:00"`, "854702816123", ""},
	{"TIMESTAMPTZ(9)", `"1997-01-31T09:26:56"`, "854702816000000000", ""},
	{"TIMESTAMPTZ(3)", `854702816123`, "854702816123", "json.type x"},

	{"INTERVAL", `"P1M2DT3H4M5.6S"`, "1 2 11045600000000", ""},
	{"INTERVAL", `"P1Y2M3W4D"`, "14 25 0", ""},
	{"INTERVAL", `"PT0S"`, "0 0 0", ""},
	{"INTERVAL", `"-P1M2DT3S"`, "-1 -2 -3000000000", ""},
	{"INTERVAL", `"P-1M2DT-0.5S"`, "-1 2 -500000000", ""},
	{"INTERVAL", `"-P-1M"`, "1 0 0", ""},
	{"INTERVAL", `"PT1M"`, "0 0 60000000000", ""},
	{"INTERVAL", `"PT0.0000000019S"`, "0 0 1", "json.parse x"},
	{"INTERVAL", `"P2147483647M-2147483648D"`, "2147483647 -2147483648 0", ""},
	{"INTERVAL", `"P2147483648D"`, "json.range x", ""},
	{"INTERVAL", `"P99999999999999999999D"`, "json.range x", ""},
	{"INTERVAL", `"PT2562048H"`, "json.range x", ""},
	{"INTERVAL", `"PT9223372036.854775807S"`, "0 0 9223372036854775807", ""},
	{"INTERVAL", `"PT9223372036.854775808S"`, "json.range x", ""},
	{"INTERVAL", `"PT-9223372036.854775808S"`, "0 0 -9223372036854775808", ""},
	{"INTERVAL", `"P"`, "json.parse x", ""},
	{"INTERVAL", `"PT"`, "json.parse x", ""},
	{"INTERVAL", `"P1DT"`, "json.parse x", ""},
	{"INTERVAL", `"P1D2M"`, "json.parse x", ""},
	{"INTERVAL", `"P1M1M"`, "json.parse x", ""},
	{"INTERVAL", `"P1.5D"`, "json.parse x", ""},
	{"INTERVAL", `"PT.5S"`, "json.parse x", ""},
	{"INTERVAL", `"PT1.S"`, "json.parse x", ""},
	{"INTERVAL", `"P1H"`, "json.parse x", ""},
	{"INTERVAL", `"PT1D"`, "json.parse x", ""},
	{"INTERVAL", `"1 day"`, "json.parse x", ""},
	{"INTERVAL", `"P1"`, "json.parse x", ""},
	{"INTERVAL", `""`, "json.parse x", ""},
	{"INTERVAL", `5`, "json.type x", ""},

	{"UUID", `"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"`, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", ""},
	{"UUID", `"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"`, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", ""},
	{"UUID", `"f81d4fae7dec11d0a76500a0c91e6bf6"`, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "json.parse x"},
	{"UUID", `"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"`, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "json.parse x"},
	{"UUID", `"{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}"`, "json.parse x", ""},
	{"UUID", `"f81d4fae-7dec-11d0-a765-00a0c91e6bf"`, "json.parse x", ""},
	{"UUID", `"f81d4fae-7dec-11d0-a765-00a0c91e6bfg"`, "json.parse x", ""},
	{"UUID", `"f81d4fa-e7dec-11d0-a765-00a0c91e6bf6"`, "json.parse x", ""},
	{"UUID", `""`, "json.parse x", ""},
	{"UUID", `7`, "json.type x", ""},

	{"DICTIONARY<TEXT>", `"a"`, "a", ""},
	{"DICTIONARY<TEXT>", `"more than eight bytes: naïve"`, "more than eight bytes: naïve", ""},
	{"DICTIONARY<TEXT>", `"\u0061"`, "a", ""},
	{"DICTIONARY<TEXT>", `1`, "json.type x", ""},

	{"JSON", `{"c": [1, 2,3], "d":{"e" : "\u00e9\/"}}`, `{"c": [1, 2,3], "d":{"e" : "\u00e9\/"}}`, ""},
	{"JSON", `"a"`, `"a"`, ""},
	{"JSON", `1E400`, `1E400`, ""},
	{"JSON", `9007199254740993.00`, `9007199254740993.00`, ""},
	{"JSON", `null`, `null`, ""},
	{"JSON", `[]`, `[]`, ""},
	{"JSON", `[1,]`, "json.syntax x", ""},
	{"JSON", `[1 2]`, "json.syntax x", ""},
	{"JSON", `01`, "json.syntax x", ""},
	{"JSON", `1-2`, "json.syntax x", ""},
	{"JSON", "\"\t\"", "json.syntax x", ""},
	{"JSON", "\"\xff\"", "json.utf8", ""},
	{"JSON", `"\ud800"`, "json.syntax x", ""},
}

func TestForms(t *testing.T) {
	for _, r := range forms {
		for _, form := range []string{`{"x":%}`, ` { "x" : % } `, `{"x":%,"other":"and more than a word, to be sure"}`, `{"x":[],"x":%}`} {
			frame := strings.Replace(form, "%", r.value, 1)
			if got := decodeRows(t, Config{}, "x "+r.column, frame)[0]; got != r.want {
				t.Errorf("%s into %s: %s, want %s", frame, r.column, got, r.want)
			}
			if r.strict == "" {
				r.strict = r.want
			}
			if strings.Contains(form, "[]") {
				continue
			}
			if got := decodeRows(t, Config{Strictness: Strict}, "x "+r.column, frame)[0]; got != r.strict {
				t.Errorf("%s into %s, strict: %s, want %s", frame, r.column, got, r.strict)
			}
		}
	}
}

func TestDatesAsMilliseconds(t *testing.T) {
	c := Config{TimestampFormat: UnixMillis}
	for value, want := range map[string]string{
		`86400000`: "1", `86399999`: "0", `-1`: "-1", `"1970-01-02"`: "1", `9e18`: "json.range x", `1e19`: "json.range x",
	} {
		if got := decodeRows(t, c, "x DATE", `{"x":`+value+`}`)[0]; got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
	c.IncludeSchema = true
	fields, _ := table("x DATE")
	d := newDecoder(c, fields)
	if v, result := d.integer(&d.record.fields[0], []byte("15707")); v != 15707 || result != good {
		t.Errorf("in an envelope %d (%v)", v, result)
	}
}

func TestDecimalsAsBytes(t *testing.T) {
	c := Config{DecimalEncoding: DecimalBytes}
	for hexed, want := range map[string]string{
		"00": "0.00", "ff": "-0.01", "7f": "1.27", "80": "-1.28", "0080": "1.28", "3039": "123.45",
		"fffffffffffffffffffffffffffffff6": "-0.10", "02540be3ff": "99999999.99", "02540be400": "json.range x",
		"fdabf41c01": "-99999999.99", "fdabf41c00": "json.range x", "": "json.parse x", "0000000000000000000000000000000000": "json.parse x",
		"80000000000000000000000000000000": "json.range x",
	} {
		raw, err := hex.DecodeString(hexed)
		if err != nil {
			t.Fatal(err)
		}
		frame := `{"x":"` + base64.StdEncoding.EncodeToString(raw) + `"}`
		if got := decodeRows(t, c, "x DECIMAL(10, 2)", frame)[0]; got != want {
			t.Errorf("%s: %s, want %s", hexed, got, want)
		}
	}
	if got := decodeRows(t, c, "x DECIMAL(10, 2)", `{"x":123.45}`)[0]; got != "123.45" {
		t.Errorf("a number: %s", got)
	}
	c = Config{DecimalEncoding: DecimalString, Strictness: Strict}
	if got := decodeRows(t, c, "x DECIMAL(10, 2)", `{"x":"123.45"}`)[0]; got != "123.45" {
		t.Errorf("a string where strings are written: %s", got)
	}
}

// TestDecimalsAreExact compares with arithmetic of unbounded precision.
func TestDecimalsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.StringMatching(`-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "token")
		precision := rapid.IntRange(1, 38).Draw(t, "precision")
		scale := rapid.IntRange(0, precision).Draw(t, "scale")
		exact, _ := new(big.Rat).SetString(token)
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
		exact.Mul(exact, new(big.Rat).SetInt(power))
		want := new(big.Int).Quo(exact.Num(), exact.Denom())
		fits := len(new(big.Int).Abs(want).String()) <= precision
		lo, hi, result := parseDecimal([]byte(token), precision, scale, 0)
		got := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(hi), 64), new(big.Int).SetUint64(lo))
		if fits != (result == good) || fits && got.Cmp(want) != 0 {
			t.Fatalf("%s as DECIMAL(%d, %d): %v (%v), want %v", token, precision, scale, got, result, want)
		}
		if _, _, strict := parseDecimal([]byte(token), precision, scale, Strict); fits && (strict == good) != exact.IsInt() {
			t.Fatalf("%s as DECIMAL(%d, %d), strict: %v", token, precision, scale, strict)
		}
		lo2, hi2, end := plainDecimal([]byte(":"+token+","), 1, scale, wideTens[precision])
		if end != 0 && (end != 1+len(token) || result != good || lo2 != lo || hi2 != hi) {
			t.Fatalf("%s as DECIMAL(%d, %d): plainDecimal says %d, %d", token, precision, scale, hi2, lo2)
		}
	})
}

// drawNumber draws a token, often one that is near the middle between two neighbours of a float of a size.
func drawNumber(t *rapid.T) string {
	token := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`)
	near := rapid.Custom(func(t *rapid.T) string {
		var v *big.Float
		if rapid.Bool().Draw(t, "double") {
			f := rapid.Float64Range(1e-30, 1e30).Draw(t, "f")
			v = new(big.Float).Add(big.NewFloat(f), big.NewFloat(math.Nextafter(f, math.Inf(1))))
		} else {
			f := rapid.Float32Range(1e-30, 1e30).Draw(t, "f")
			v = new(big.Float).Add(big.NewFloat(float64(f)), big.NewFloat(float64(math.Nextafter32(f, float32(math.Inf(1))))))
		}
		v.Quo(v.SetPrec(200), big.NewFloat(2))
		return v.Text('g', rapid.SampledFrom([]int{9, 16, 17, 18, 19, 20, -1}).Draw(t, "digits"))
	})
	short := rapid.Custom(func(t *rapid.T) string { return strconv.FormatFloat(rapid.Float64().Draw(t, "f"), 'g', -1, 64) })
	return rapid.OneOf(token, near, short).Draw(t, "token")
}

func TestFloatsAreThoseOfStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		token := drawNumber(t)
		want, err := strconv.ParseFloat(token, 32)
		got, result := parseFloat([]byte(token), 0)
		if (err == nil) != (result == good) || err == nil && math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Fatalf("%s: %v (%v), want %v", token, got, result, want)
		}
		v, end := plainFloat([]byte(":"+token+","), 1)
		if end != 0 && (end != 1+len(token) || math.Float32bits(v) != math.Float32bits(float32(want)) || err != nil) {
			t.Fatalf("%s: plainFloat says %v up to %d, want %v", token, v, end, want)
		}
		exact, err := strconv.ParseFloat(token, 64)
		d, end := plainDouble([]byte(":"+token+",     "), 1)
		if end != 0 && (end != 1+len(token) || math.Float64bits(d) != math.Float64bits(exact) || err != nil) {
			t.Fatalf("%s: plainDouble says %v up to %d, want %v", token, d, end, exact)
		}
	})
}

// Nearly all numbers are read without the detour over strconv.
func TestNearestKnowsNearlyAlways(t *testing.T) {
	unknown := 0
	for i := range 10000 {
		sum, exponent := uint64(i)*0x9e3779b97f4a7c15|1<<60, i%(2*maxTen+1)-maxTen
		got, ok := nearest(sum, exponent)
		if !ok {
			unknown++
			continue
		}
		want, err := strconv.ParseFloat(strconv.FormatUint(sum, 10)+"e"+strconv.Itoa(exponent), 64)
		if err != nil || got != want {
			t.Fatalf("%de%d: %v, want %v", sum, exponent, got, want)
		}
	}
	if unknown > 10 {
		t.Errorf("%d of 10000 unknown", unknown)
	}
	if v, ok := nearest(0, 100); v != 0 || !ok {
		t.Error("zero")
	}
}
