package abi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// parseType reads a column's type as types.Name spells it; ByName's other names are understood too. A guest is sent texts in
// place of a dictionary, so that there is no type of that name here.
func parseType(text string) (arrow.DataType, error) {
	p := &typeParser{rest: text}
	dt, err := p.columnType(types.MaxDepth)
	switch {
	case err != nil:
		return nil, err
	case p.peek() != "":
		return nil, fmt.Errorf("%q behind the type", shorten(p.peek()))
	}
	return dt, types.Check(dt)
}

// typeParser reads words, names in double quotes, and single signs.
type typeParser struct{ rest string }

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// peek is what comes next, "" at the end.
func (p *typeParser) peek() string {
	p.rest = strings.TrimLeft(p.rest, " ")
	n := 0
	switch {
	case p.rest == "":
		return ""
	case p.rest[0] == '"':
		for n = 1; n < len(p.rest) && (p.rest[n] != '"' || strings.HasPrefix(p.rest[n:], `""`)); n++ {
			if p.rest[n] == '"' {
				n++
			}
		}
		return p.rest[:min(n+1, len(p.rest))]
	case !isWordByte(p.rest[0]):
		return p.rest[:1]
	}
	for n < len(p.rest) && isWordByte(p.rest[n]) {
		n++
	}
	return p.rest[:n]
}

func (p *typeParser) next() string {
	token := p.peek()
	p.rest = p.rest[len(token):]
	return token
}

// take takes tokens if they are what comes next.
func (p *typeParser) take(tokens ...string) bool {
	before := p.rest
	for _, t := range tokens {
		if p.next() != t {
			p.rest = before
			return false
		}
	}
	return true
}

func (p *typeParser) want(token string) error {
	if !p.take(token) {
		return fmt.Errorf("want %q, got %q", token, shorten(p.peek()))
	}
	return nil
}

var errDeep = fmt.Errorf("types nest at most %d deep", types.MaxDepth)

// columnType is a type that is so deep at most.
func (p *typeParser) columnType(depth int) (dt arrow.DataType, err error) {
	if depth <= 0 {
		return nil, errDeep
	}
	switch {
	case p.take("STRUCT", "<"):
		dt, err = p.structOf(depth - 1)
	case p.take("MAP", "<"):
		dt, err = p.mapOf(depth - 1)
	case p.take("ARRAY", "<"):
		var item arrow.Field
		if item, err = p.inside("item", depth-1); err == nil {
			dt, err = types.List(item.Type, item.Nullable), p.want(">")
		}
	default:
		dt, err = p.plain()
	}
	for ; err == nil && p.take("[", "]"); depth-- {
		if dt = types.List(dt, true); depth <= 1 {
			err = errDeep
		}
	}
	return dt, err
}

// inside is the type of a part, and whether it may be null.
func (p *typeParser) inside(name string, depth int) (arrow.Field, error) {
	dt, err := p.columnType(depth)
	return arrow.Field{Name: name, Type: dt, Nullable: !p.take("NOT", "NULL")}, err
}

func (p *typeParser) structOf(depth int) (arrow.DataType, error) {
	var fields []arrow.Field
	for {
		name := p.next()
		switch {
		case strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) && len(name) > 2:
			name = strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
		case name == "" || !isWordByte(name[0]):
			return nil, fmt.Errorf("want a field's name, got %q", shorten(name))
		}
		field, err := p.inside(name, depth)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
		if len(fields) > types.MaxFields {
			return nil, fmt.Errorf("more than %d fields", types.MaxFields)
		}
		if !p.take(",") {
			return types.Struct(fields...), p.want(">")
		}
	}
}

func (p *typeParser) mapOf(depth int) (arrow.DataType, error) {
	key, err := p.columnType(depth)
	if err == nil {
		err = p.want(",")
	}
	if err != nil {
		return nil, err
	}
	value, err := p.inside("value", depth)
	if err != nil {
		return nil, err
	}
	return types.Map(key, value.Type, value.Nullable), p.want(">")
}

// plain is a type without parts: words, and perhaps numbers.
func (p *typeParser) plain() (arrow.DataType, error) {
	words := p.words()
	if !p.take("(") {
		if dt, ok := types.ByName(words); ok && dt.ID() != arrow.DICTIONARY {
			return dt, nil
		}
		return nil, fmt.Errorf("no such type: %q", shorten(words))
	}
	var numbers []int
	for more := true; more; more = p.take(",") {
		n, err := strconv.Atoi(p.next())
		if err != nil || len(numbers) == 2 {
			return nil, errors.New("want one or two numbers between the brackets of a type")
		}
		numbers = append(numbers, n)
	}
	if err := p.want(")"); err != nil {
		return nil, err
	}
	switch {
	case words == "DECIMAL" || words == "NUMERIC":
		return types.Decimal(numbers[0], append(numbers, 0)[1])
	case words == "TIME" && len(numbers) == 1:
		return types.Time(numbers[0])
	case words == "TIMESTAMP" && len(numbers) == 1:
		return types.Timestamp(numbers[0], p.take("WITH", "TIME", "ZONE"))
	case words == "TIMESTAMPTZ" && len(numbers) == 1:
		return types.Timestamp(numbers[0], true)
	}
	return nil, fmt.Errorf("no such type: %q with %d numbers", shorten(words), len(numbers))
}

// words are those of a type's name.
func (p *typeParser) words() string {
	var words []string
	for w := p.peek(); w != "" && isWordByte(w[0]) && w != "NOT"; w = p.peek() {
		words = append(words, p.next())
	}
	return strings.Join(words, " ")
}
