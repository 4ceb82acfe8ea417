package wat

import (
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc"
)

var limits = ipc.Limits{Columns: 10, NameBytes: 255, Rows: 100, Bytes: 1 << 20}

// read reads a message as the host does and returns the code that it is refused with.
func read(t *testing.T, words string) string {
	t.Helper()
	message, err := Message(words)
	if err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	if kind, _, _ := strings.Cut(words, " "); kind == "schema" || kind == "foreign" {
		_, err = ipc.ReadSchema(message, limits)
	} else {
		schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
		r, e := ipc.NewReader(schema, limits)
		if e != nil {
			t.Fatal(e)
		}
		var batch arrow.RecordBatch
		if batch, err = r.Read(memory.NewBufferBytes(message)); err == nil {
			batch.Release()
		}
	}
	var broken *ipc.Error
	if errors.As(err, &broken) {
		return broken.Code
	}
	return ""
}

// Each change breaks what it names and nothing before it: the host finds just that fault.
func TestChangesBreakWhatTheyName(t *testing.T) {
	for words, code := range map[string]string{
		"":                        "",
		"rows -1":                 ipc.CodeLimit,
		"body 1":                  ipc.CodeFrame,
		"version 3":               ipc.CodeVersion,
		"kind 2":                  ipc.CodeHeader,
		"nodes 1":                 ipc.CodeLayout,
		"buffers 4":               ipc.CodeLayout,
		"node 0 length 2":         ipc.CodeLength,
		"node 1 nulls 0":          ipc.CodeValidity,
		"buffer 1 offset -8":      ipc.CodeBuffer,
		"buffer 3 length 15":      ipc.CodeOffsets,
		"data 3 4 0xff":           ipc.CodeOffsets,
		"data 4 0 0xff":           ipc.CodeUTF8,
		"byte 0 0":                ipc.CodeFrame,
		"byte -1 7":               "", // padding
		"word 8 0x40000000":       ipc.CodeMetadata,
		"cut 7":                   ipc.CodeFrame,
		"pad 64":                  ipc.CodeFrame,
		"rows 2, node 0 length 2": ipc.CodeLength,
	} {
		if got := read(t, "batch 3 n:bigint s:text? | "+words); got != code {
			t.Errorf("%s: %q, want %q", words, got, code)
		}
	}
	for words, code := range map[string]string{
		"schema n:bigint s:text? b:bool d:double i:int t:timestamp": "",
		"schema":                           "",
		"schema d:dictionary":              "", // written as text
		"schema p:decimal a:time? d:json?": "",
		"schema l:list s:struct? m:map":    "",
		"schema s:struct | children 3":     ipc.CodeMetadata,
		"foreign n:bigint s:text?":         "",
		"foreign d:dictionary":             ipc.CodeUnsupported,
		"foreign d:dictionaries":           ipc.CodeUnsupported,
		"foreign h:half":                   ipc.CodeUnsupported,
		"foreign t:zoned":                  ipc.CodeUnsupported,
		"foreign s:nothing":                ipc.CodeUnsupported,
		"foreign s:twice":                  ipc.CodeSchema,
		"foreign m:keyed":                  ipc.CodeUnsupported,
		"foreign l:deep":                   ipc.CodeLimit,
		"schema s:wide":                    ipc.CodeLimit,
		"schema \"\\xff\":int":             ipc.CodeSchema,
		"dictionary":                       ipc.CodeHeader,
		"batch 3 x:bool":                   ipc.CodeLayout,
	} {
		if got := read(t, words); got != code {
			t.Errorf("%s: %q, want %q", words, got, code)
		}
	}
}

func TestMistakesInCommentsAreNamed(t *testing.T) {
	for _, words := range []string{"", "list", "batch", "batch x", "batch 1 n", "batch 1 n:float", "schema | rows 1", "batch 1 | rows",
		"batch 1 | rows 1 2", "batch 1 | byte 100000 0", "batch 1 | node x 1", "batch 1 | colour 1", "batch 1 | cut -1", "batch 1 | pad -1",
		"schema h:half", "batch 1 h:half", "schema | children 1"} {
		if m, err := Message(words); err == nil {
			t.Errorf("%s: %d bytes", words, len(m))
		}
	}
}

func TestFillReplacesTheStringsBehindAComment(t *testing.T) {
	const before = "(data (i32.const 8)\n  ;;= schema | cut 40\n  \"\")\n(data\n  ;;= schema | cut 4 (9 bytes)\n  \"old\"\n  \"er\") (func)\n;;end"
	const after = "(data (i32.const 8)\n  ;;= schema | cut 40 (40 bytes)\n" +
		`  "\ff\ff\ff\ffH\00\00\00\14\00\00\00\00\00\00\00\0c\00\13\00\10\00\12\00\0c\00\04\00\0c\00\00\00"` + "\n" + `  "\00\00\00\00\00\00\00\00"` +
		")\n(data\n  ;;= schema | cut 4 (4 bytes)\n" + `  "\ff\ff\ff\ff") (func)` + "\n;;end"
	for _, text := range []string{before, after} {
		got, err := Fill(text)
		if err != nil {
			t.Fatal(err)
		}
		if got != after {
			t.Errorf("got\n%s\nwant\n%s", got, after)
		}
	}
	if _, err := Fill("\n;;= batch\n"); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("%v", err)
	}
}
