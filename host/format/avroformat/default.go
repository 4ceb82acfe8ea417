package avroformat

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxDefault bounds the datum of a default, in bytes, and the values in it.
const maxDefault = 1 << 20

var errNoDefault = errors.New("no default")

// datum is the default of a field as a datum of its type, so that it goes to a column the way a written value does.
func (f *field) datum() ([]byte, error) {
	if f.fallback == "" {
		return nil, errNoDefault
	}
	d := json.NewDecoder(strings.NewReader(f.fallback))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	w := defaultWriter{}
	if err := w.write(f.schema, v, 1); err != nil {
		return nil, err
	}
	return w.out, nil
}

// checkDefaults says which default of a schema, or of those it is made of, is no value of its field.
func checkDefaults(s *schema) error { return eachDefault(s, map[*schema]bool{}) }

func eachDefault(s *schema, seen map[*schema]bool) error {
	if seen[s] {
		return nil
	}
	seen[s] = true
	for i := range s.fields {
		f := &s.fields[i]
		if _, err := f.datum(); err != nil && err != errNoDefault {
			return fmt.Errorf("the default of field %q of %s: %w", f.name, s.name, err)
		}
	}
	for _, part := range s.parts() {
		if err := eachDefault(part, seen); err != nil {
			return err
		}
	}
	return nil
}

// defaultWriter writes JSON values as the datums they stand for (spec: Complex Types, the table of field default values).
type defaultWriter struct {
	out    []byte
	start  int // where the datum begins in out
	values int
	row    bool // the value is of a row and not a default: see rowValue
}

func (w *defaultWriter) write(s *schema, v any, depth int) error {
	most := maxDefault
	if w.row {
		most = maxFree
	}
	if w.values++; w.values > maxDefault || len(w.out)-w.start > most || depth > maxSchemaDepth {
		return errors.New("it is too large, or never ends")
	}
	if w.row {
		if done, err := w.rowValue(s, v, depth); done {
			return err
		}
	}
	ok := false
	switch s.kind {
	case kindNull:
		ok = v == nil
	case kindBoolean:
		var b bool
		if b, ok = v.(bool); b {
			w.out = append(w.out, 1)
		} else if ok {
			w.out = append(w.out, 0)
		}
	case kindInt, kindLong:
		ok = w.integer(s.kind, v)
	case kindFloat, kindDouble:
		ok = w.float(s.kind, v)
	case kindBytes, kindFixed:
		ok = w.bytes(s, v)
	case kindString:
		var text string
		if text, ok = v.(string); ok {
			w.out = append(appendLong(w.out, int64(len(text))), text...)
		}
	case kindEnum:
		symbol, _ := v.(string)
		i := slices.Index(s.symbols, symbol)
		if ok = i >= 0; ok {
			w.out = appendLong(w.out, int64(i))
		}
	default:
		return w.complex(s, v, depth)
	}
	if !ok {
		return fmt.Errorf("it is no %s", s)
	}
	return nil
}

func (w *defaultWriter) integer(k kind, v any) bool {
	n, ok := v.(json.Number)
	bits := 64
	if k == kindInt {
		bits = 32
	}
	i, err := strconv.ParseInt(n.String(), 10, bits)
	if !ok || err != nil {
		return false
	}
	w.out = appendLong(w.out, i)
	return true
}

func (w *defaultWriter) float(k kind, v any) bool {
	var f float64
	switch v := v.(type) {
	case json.Number:
		f, _ = v.Float64() // beyond the range it is infinite, as in Java
	case string: // as Avro's Java library has them
		switch v {
		case "NaN":
			f = math.NaN()
		case "INF", "Infinity":
			f = math.Inf(1)
		case "-INF", "-Infinity":
			f = math.Inf(-1)
		default:
			return false
		}
	default:
		return false
	}
	if k == kindFloat {
		w.out = binary.LittleEndian.AppendUint32(w.out, math.Float32bits(float32(f)))
	} else {
		w.out = binary.LittleEndian.AppendUint64(w.out, math.Float64bits(f))
	}
	return true
}

// bytes writes text whose characters U+0000 to U+00FF are the bytes.
func (w *defaultWriter) bytes(s *schema, v any) bool {
	text, ok := v.(string)
	var raw []byte
	for _, r := range text {
		if r > 0xff {
			return false
		}
		raw = append(raw, byte(r))
	}
	if !ok || s.kind == kindFixed && len(raw) != s.size {
		return false
	}
	if s.kind == kindBytes {
		w.out = appendLong(w.out, int64(len(raw)))
	}
	w.out = append(w.out, raw...)
	return true
}

func (w *defaultWriter) complex(s *schema, v any, depth int) error {
	switch s.kind {
	case kindUnion:
		return w.union(s, v, depth)
	case kindArray:
		items, ok := v.([]any)
		if !ok {
			return fmt.Errorf("it is no %s", s)
		}
		if len(items) > 0 {
			w.out = appendLong(w.out, int64(len(items)))
		}
		for _, item := range items {
			if err := w.write(s.items, item, depth+1); err != nil {
				return err
			}
		}
		w.out = append(w.out, 0)
		return nil
	}
	members, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("it is no %s", s)
	}
	if s.kind == kindMap {
		return w.mapping(s, members, depth)
	}
	for i := range s.fields {
		f := &s.fields[i]
		member, given := members[f.name]
		if !given {
			datum, err := f.datum()
			if err != nil {
				return fmt.Errorf("its field %q: %w", f.name, err)
			}
			w.out = append(w.out, datum...)
			continue
		}
		if err := w.write(f.schema, member, depth+1); err != nil {
			return fmt.Errorf("its field %q: %w", f.name, err)
		}
	}
	return nil
}

func (w *defaultWriter) mapping(s *schema, members map[string]any, depth int) error {
	if len(members) > 0 {
		w.out = appendLong(w.out, int64(len(members)))
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		w.out = append(appendLong(w.out, int64(len(key))), key...)
		if err := w.write(s.items, members[key], depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, 0)
	return nil
}

// union takes the first branch that the value is one of (spec 1.12: Unions; up to 1.11 only the first branch could be).
func (w *defaultWriter) union(s *schema, v any, depth int) error {
	start := len(w.out)
	for i, b := range s.branches {
		w.out = appendLong(w.out[:start], int64(i))
		if w.write(b, v, depth+1) == nil {
			return nil
		}
	}
	w.out = w.out[:start]
	return fmt.Errorf("it is no %s", s)
}

// appendLong writes an int or long: zigzag, seven bits a byte, the lowest first.
func appendLong(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }
