package weirtest

import (
	"fmt"
	"strings"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

var types = map[string]ipc.Type{
	"TEXT": ipc.Text, "BIGINT": ipc.Int64, "INT": ipc.Int32, "DOUBLE": ipc.Float64, "BOOLEAN": ipc.Bool,
	"TIMESTAMP": ipc.TimestampNano, "TIMESTAMP(0)": ipc.TimestampSecond, "TIMESTAMP(3)": ipc.TimestampMilli,
	"TIMESTAMP(6)": ipc.TimestampMicro, "TIMESTAMP(9)": ipc.TimestampNano,
}

func parseColumns(columns string) ([]ipc.Field, error) {
	var fields []ipc.Field
	for column := range strings.SplitSeq(columns, ",") {
		words := strings.Fields(column)
		if len(words) != 2 && (len(words) != 4 || !strings.EqualFold(words[2]+words[3], "NOTNULL")) {
			return nil, fmt.Errorf("column %q: want: name type [NOT NULL]", strings.TrimSpace(column))
		}
		t, ok := types[strings.ToUpper(words[1])]
		if !ok {
			return nil, fmt.Errorf("column %q: no such type; want TEXT, BIGINT, INT, DOUBLE, BOOLEAN or TIMESTAMP", column)
		}
		fields = append(fields, ipc.Field{Name: strings.Trim(words[0], `"`), Type: t, Nullable: len(words) == 2})
	}
	return fields, nil
}
