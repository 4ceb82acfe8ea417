package weirtest

import (
	"fmt"
	"strings"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// types are the types of columns by their names in SQL, but for DECIMAL, which has numbers.
var types = func() map[string]ipc.Type {
	all := map[string]ipc.Type{"TIME": ipc.TimeNano, "TIMESTAMP": ipc.TimestampNano, "TIMESTAMP WITH TIME ZONE": ipc.TimestampNanoUTC}
	for t := range zeros {
		if t != ipc.Decimal {
			all[t.String()] = t
		}
	}
	return all
}()

// What a DECIMAL has whose numbers are left out.
const defaultPrecision, defaultScale = 38, 10

func parseColumns(columns string) ([]ipc.Field, error) {
	var fields []ipc.Field
	for _, column := range splitColumns(columns) {
		words := strings.Fields(column)
		nullable := true
		if n := len(words); n > 2 && strings.EqualFold(words[n-2], "NOT") && strings.EqualFold(words[n-1], "NULL") {
			words, nullable = words[:n-2], false
		}
		if len(words) < 2 {
			return nil, fmt.Errorf("column %q: want: name type [NOT NULL]", strings.TrimSpace(column))
		}
		field := ipc.Field{Name: strings.Trim(words[0], `"`), Nullable: nullable}
		if !setType(&field, strings.ToUpper(strings.Join(words[1:], " "))) {
			return nil, fmt.Errorf("column %q: no such type; want one as a table's columns have it, such as BIGINT, TEXT NOT NULL, DECIMAL(9, 2) or "+
				"TIMESTAMP(3) WITH TIME ZONE, and none that holds others", strings.TrimSpace(column))
		}
		fields = append(fields, field)
	}
	return fields, nil
}

// splitColumns cuts at commas, those in parentheses left out.
func splitColumns(columns string) []string {
	depth := 0
	cut := strings.Map(func(c rune) rune {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			return 0
		}
		return c
	}, columns)
	return strings.Split(cut, "\x00")
}

// setType gives a field the type of a name, upper case; false: there is none.
func setType(f *ipc.Field, name string) bool {
	if rest, ok := strings.CutPrefix(name, "DECIMAL"); ok {
		f.Type, f.Precision, f.Scale = ipc.Decimal, defaultPrecision, defaultScale
		return rest == "" || decimalNumbers(f, strings.ReplaceAll(rest, " ", ""))
	}
	f.Type = types[name]
	return f.Type != ipc.Other
}

// decimalNumbers reads "(9,2)" or "(9)".
func decimalNumbers(f *ipc.Field, text string) bool {
	f.Scale = 0
	if n, _ := fmt.Sscanf(text, "(%d,%d)", &f.Precision, &f.Scale); n == 0 {
		return false
	}
	again := fmt.Sprintf("(%d,%d)", f.Precision, f.Scale)
	return (text == again || text == fmt.Sprintf("(%d)", f.Precision)) && f.Precision >= 1 && f.Precision <= 38 && f.Scale >= 0 && f.Scale <= f.Precision
}
