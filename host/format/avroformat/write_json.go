package avroformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// A JSON column is written as its text where the schema has a string for it, and else converted: what a JSON column that is
// read from a type holds can be written as that type again. Parsing allocates for every value, unlike the rest of a row.

// holdsText says whether a JSON column is written as text: the schema has a string, perhaps beside null.
func (s *schema) holdsText() bool {
	if value, null := s.optional(); null >= 0 {
		s = value
	}
	return s.kind == kindString
}

func jsonWriter(s *schema, t arrow.DataType) *writer {
	return &writer{code: writeJSON, dtype: t, schema: s, from: -1}
}

// json writes the JSON of row i; NULL is the null of the schema.
func (r *run) json(dst []byte, w *writer, i int) []byte {
	var v any
	if !w.nulls || !w.array.IsNull(i) {
		d := json.NewDecoder(bytes.NewReader(w.bytes(i)))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			r.fail(w, "avro.json", "expected JSON for "+w.schema.String()+", got text that is none")
			return dst
		}
		if _, err := d.Token(); err != io.EOF {
			r.fail(w, "avro.json", "expected JSON for "+w.schema.String()+", got several values")
			return dst
		}
	}
	out := defaultWriter{out: dst, start: len(dst), row: true}
	if err := out.write(w.schema, v, 1); err != nil {
		code := "avro.json"
		if v == nil {
			code = "avro.null"
		}
		r.fail(w, code, "the JSON cannot be written as "+w.schema.String()+": "+err.Error())
	}
	return out.out
}

// rowValue writes what JSON of rows has another form for than defaults have: decimals are numbers, UUIDs text, durations
// objects, and a value of a union may have the name of its branch around it (spec: JSON Encoding). A record's members must
// be fields of it. done is false where nothing is special about the value.
func (w *defaultWriter) rowValue(s *schema, v any, depth int) (done bool, err error) {
	switch {
	case s.kind == kindUnion:
		return w.tagged(s, v, depth), nil
	case s.kind == kindRecord:
		members, _ := v.(map[string]any)
		for name := range members {
			if !s.has(name) {
				return true, errors.New("it has a member that " + s.String() + " has no field for")
			}
		}
		return false, nil
	}
	ok := false
	switch s.logical {
	case logicalDecimal:
		ok = w.decimal(s, v)
	case logicalDuration:
		ok = w.duration(v)
	case logicalUUID:
		if s.kind != kindFixed {
			return false, nil
		}
		text, _ := v.(string)
		var id [16]byte
		if id, ok = uuidOf([]byte(text)); ok {
			w.out = append(w.out, id[:]...)
		}
	default:
		return false, nil
	}
	if !ok {
		return true, errors.New("it is no " + s.String())
	}
	return true, nil
}

func (s *schema) has(field string) bool {
	for i := range s.fields {
		if s.fields[i].name == field {
			return true
		}
	}
	return false
}

// tagged writes {"branch": value}; false: it is none, or the value is none of that branch.
func (w *defaultWriter) tagged(s *schema, v any, depth int) bool {
	members, _ := v.(map[string]any)
	if len(members) != 1 || !s.tagged() {
		return false
	}
	start := len(w.out)
	for i, b := range s.branches {
		if inner, named := members[b.branchName()]; named {
			w.out = appendLong(w.out, int64(i))
			if w.write(b, inner, depth+1) == nil {
				return true
			}
			w.out = w.out[:start]
		}
	}
	return false
}

// decimal writes a number that has no more digits behind the point than the schema, and not more in all.
func (w *defaultWriter) decimal(s *schema, v any) bool {
	number, ok := v.(json.Number)
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number.String()), "e")
	if !ok || len(mantissa) > maxDigits {
		return false
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	shift := 0
	if exponent != "" {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil || shift < -maxDigits || shift > maxDigits {
			return false
		}
	}
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || s.scale > maxDigits {
		return false
	}
	shift += s.scale - len(fraction)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		n.Mul(n, power)
	} else if rest := new(big.Int); n.Sign() != 0 {
		if n.QuoRem(n, power, rest); rest.Sign() != 0 {
			return false
		}
	}
	if len(strings.TrimPrefix(n.String(), "-")) > s.precision {
		return false
	}
	return w.twosComplement(s, n)
}

// twosComplement writes the bytes of a number, the highest first: as few as it takes, or as many as a fixed has.
func (w *defaultWriter) twosComplement(s *schema, n *big.Int) bool {
	size := n.BitLen()/8 + 1
	if n.Sign() < 0 {
		size = new(big.Int).Not(n).BitLen()/8 + 1
	}
	if s.kind == kindBytes {
		w.out = appendLong(w.out, int64(size))
	} else if size > s.size {
		return false
	} else {
		size = s.size
	}
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	w.out = append(w.out, n.FillBytes(make([]byte, size))...)
	return true
}

// duration writes {"months", "days", "milliseconds"}.
func (w *defaultWriter) duration(v any) bool {
	parts, _ := v.(map[string]any)
	var raw [12]byte
	for i, name := range [...]string{"months", "days", "milliseconds"} {
		number, _ := parts[name].(json.Number)
		n, err := strconv.ParseUint(number.String(), 10, 32)
		if err != nil || n > math.MaxUint32 {
			return false
		}
		for at := range 4 {
			raw[4*i+at] = byte(n >> (8 * at))
		}
	}
	w.out = append(w.out, raw[:]...)
	return len(parts) == 3
}
