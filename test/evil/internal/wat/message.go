package wat

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	arrowipc "github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc"
)

// types are the column types by the names that stand in comments.
var types = map[string]arrow.DataType{
	"text":       arrow.BinaryTypes.String,
	"bigint":     arrow.PrimitiveTypes.Int64,
	"int":        arrow.PrimitiveTypes.Int32,
	"double":     arrow.PrimitiveTypes.Float64,
	"bool":       arrow.FixedWidthTypes.Boolean,
	"timestamp":  &arrow.TimestampType{Unit: arrow.Nanosecond},
	"dictionary": dictionaryType,
	"list":       arrow.ListOf(arrow.PrimitiveTypes.Int64),
	"short":      arrow.PrimitiveTypes.Int16,
	"zoned":      arrow.FixedWidthTypes.Timestamp_ns,
}

var dictionaryType = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}

// Message is the message that a comment describes.
func Message(text string) ([]byte, error) {
	whole, changes, _ := strings.Cut(text, "|")
	words := strings.Fields(whole)
	if len(words) == 0 {
		return nil, errors.New("no message: schema, batch or dictionary is wanted")
	}
	message, err := plain(words[0], words[1:])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.TrimSpace(whole), err)
	}
	for change := range strings.SplitSeq(changes, ",") {
		if change = strings.TrimSpace(change); change == "" {
			continue
		}
		if message, err = spoil(message, strings.Fields(change)); err != nil {
			return nil, fmt.Errorf("%s: %w", change, err)
		}
	}
	return message, nil
}

// plain is a message before it is spoiled.
func plain(kind string, words []string) ([]byte, error) {
	rows := 0
	if kind == "batch" {
		if len(words) == 0 {
			return nil, errors.New("how many rows?")
		}
		n, err := strconv.Atoi(words[0])
		if err != nil || n < 0 || n > 1<<20 {
			return nil, fmt.Errorf("%q rows", words[0])
		}
		rows, words = n, words[1:]
	}
	schema, err := schemaOf(words)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "schema":
		if m, err := ipc.AppendSchema(nil, schema); err == nil {
			return m, nil
		}
		return arrowMessage(schema, 0)
	case "batch":
		return batchMessage(batchOf(schema, rows))
	case "dictionary":
		return arrowMessage(arrow.NewSchema([]arrow.Field{{Name: "d", Type: dictionaryType}}, nil), 1)
	}
	return nil, fmt.Errorf("no message is called %q", kind)
}

func schemaOf(words []string) (*arrow.Schema, error) {
	var fields []arrow.Field
	for _, word := range words {
		cut := strings.LastIndexByte(word, ':')
		if cut < 0 {
			return nil, fmt.Errorf("%q is not NAME:TYPE", word)
		}
		name := word[:cut]
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
		kind, nullable := strings.CutSuffix(word[cut+1:], "?")
		if types[kind] == nil {
			return nil, fmt.Errorf("no type is called %q", kind)
		}
		fields = append(fields, arrow.Field{Name: name, Type: types[kind], Nullable: nullable})
	}
	return arrow.NewSchema(fields, nil), nil
}

// batchOf makes n rows. Of a column that may be null, every third value is.
func batchOf(schema *arrow.Schema, n int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i, f := range b.Fields() {
		for row := range n {
			if schema.Field(i).Nullable && row%3 == 2 {
				f.AppendNull()
				continue
			}
			switch f := f.(type) {
			case *array.Int64Builder:
				f.Append(int64(row))
			case *array.Int32Builder:
				f.Append(int32(row))
			case *array.Float64Builder:
				f.Append(float64(row))
			case *array.BooleanBuilder:
				f.Append(row%2 == 1)
			case *array.TimestampBuilder:
				f.Append(arrow.Timestamp(row))
			case *array.StringBuilder:
				f.Append("row")
			case *array.BinaryDictionaryBuilder:
				_ = f.AppendString("row") // of one value, never fails
			default:
				f.AppendEmptyValue()
			}
		}
	}
	return b.NewRecordBatch()
}

func batchMessage(batch arrow.RecordBatch) ([]byte, error) {
	w, err := ipc.NewWriter(batch.Schema())
	if err != nil {
		return nil, err
	}
	size, err := w.Prepare(batch)
	if err != nil {
		return nil, err
	}
	message := make([]byte, size)
	w.Write(message)
	return message, nil
}

// arrowMessage is a message of the stream that Arrow's library writes for one row: 0 is the schema, what follows are
// dictionary batches and the record batch.
func arrowMessage(schema *arrow.Schema, index int) ([]byte, error) {
	var stream bytes.Buffer
	w := arrowipc.NewWriter(&stream, arrowipc.WithSchema(schema))
	if err := w.Write(batchOf(schema, 1)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	rest := stream.Bytes()
	for {
		n := length(rest)
		if index == 0 {
			return rest[:n], nil
		}
		index, rest = index-1, rest[n:]
	}
}
