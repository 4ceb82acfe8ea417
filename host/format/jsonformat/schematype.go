package jsonformat

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weir-stream/weir/host/types"
)

// typeKeyword is weir's own keyword: the type of a value that is not nested as [types.Name] spells it, with notNull behind it or not, or in
// propertyNames that of a map's keys. JSON Schema lets whoever does not know a keyword pass it over (draft 7, section 6.5).
const (
	typeKeyword = "x-weir-type"
	notNull     = " NOT NULL"
)

// strictly is what decides whether a named type goes with what the rest of a schema says.
var strictly = Config{Strictness: Strict}

// named is the type that typeKeyword names. By the rest of the schema it is t, or none for an odd reason; only JSON goes with everything.
func (r *reader) named(n *described, t arrow.DataType, odd, path string) (named arrow.DataType, nullable bool) {
	name, required := strings.CutSuffix(n.named, notNull)
	named, known := typeByName(name)
	nullable = n.nullable()
	switch {
	case !known:
		r.refuse(path, n.named, "no type of a single value, as weir schema spells it")
		return types.JSON(), nullable
	case types.IsJSON(named):
	case odd != "":
		r.refuse(path, n.named, "not what the rest of the schema describes: "+odd)
	case strictly.misfit(named, t, path) != "" || !n.within(kindOf(named)):
		r.refuse(path, n.named, "not what the rest of the schema describes: "+types.Name(t))
	case required && nullable && !arrow.IsFloating(named.ID()):
		r.refuse(path, n.named, "not what the rest of the schema describes: it may be null")
	}
	return named, nullable && !required
}

// refuse notes what is wrong with a use of typeKeyword. The first counts.
func (r *reader) refuse(path, name, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s of %q: %q is %s", typeKeyword, path, name, why)
	}
}

// within reports whether the bounds leave the integers of a kind only.
func (n *described) within(k kind) bool {
	bounds := integerRanges[k]
	return (len(bounds) < 1 || n.low != nil && n.low.Cmp(new(big.Rat).SetInt64(bounds[0])) >= 0) &&
		(len(bounds) < 2 || n.high != nil && n.high.Cmp(new(big.Rat).SetInt64(bounds[1])) <= 0)
}

// keyType is the type of a map's keys.
func (r *reader) keyType(keys []*jsonschema.Schema, path string) arrow.DataType {
	for _, s := range keys {
		name := r.wordsOf(s).named
		if name == "" {
			continue
		}
		t, known := typeByName(name)
		if known && types.Check(types.Map(t, types.JSON(), true)) == nil {
			return t
		}
		r.refuse(path, name, "no type of a MAP's keys")
	}
	return arrow.BinaryTypes.String
}

// typeByName is the type with a name of [types.Name]'s that is not nested.
func typeByName(name string) (arrow.DataType, bool) {
	if t, ok := types.ByName(name); ok {
		return t, true
	}
	for _, digits := range []int{0, 3, 6} {
		clock, _ := types.Time(digits)
		plain, _ := types.Timestamp(digits, false)
		zoned, _ := types.Timestamp(digits, true)
		for _, t := range []arrow.DataType{clock, plain, zoned} {
			if types.Name(t) == name {
				return t, true
			}
		}
	}
	var precision, scale int
	if n, _ := fmt.Sscanf(name, "DECIMAL(%d, %d)", &precision, &scale); n < 2 {
		return nil, false
	}
	t, err := types.Decimal(precision, scale)
	return t, err == nil && types.Name(t) == name
}
