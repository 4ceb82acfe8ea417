package wat

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	arrowipc "github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/weir-stream/weir/host/ipc"
	"github.com/weir-stream/weir/host/types"
)

// Message is the message that a comment describes.
func Message(text string) ([]byte, error) {
	whole, changes, _ := strings.Cut(text, "|")
	words := strings.Fields(whole)
	if len(words) == 0 {
		return nil, errors.New("no message: schema, foreign, batch or dictionary is wanted")
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
		return ipc.AppendSchema(nil, schema)
	case "foreign":
		return arrowMessage(schema, 0)
	case "batch":
		return batchMessage(batchOf(schema, rows))
	case "dictionary":
		return arrowMessage(arrow.NewSchema([]arrow.Field{{Name: "d", Type: types.Dictionary()}}, nil), 1)
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
		dt := columnTypes[kind]
		if dt == nil {
			return nil, fmt.Errorf("no type is called %q", kind)
		}
		fields = append(fields, arrow.Field{Name: name, Type: dt, Nullable: nullable})
	}
	return arrow.NewSchema(fields, nil), nil
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
