//go:build differential

package differential

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/types"
)

// How many tables there are, and documents of each.
const (
	jsonTables    = 50
	jsonDocuments = 200
)

// TestJSONAgainstPyarrow decodes documents that pyarrow reads too, and compares every column. Then weir writes the rows, and pyarrow reads them again.
func TestJSONAgainstPyarrow(t *testing.T) {
	compareJSON(t, "pyarrow", true)
}

// TestJSONAgainstPython does so with every type, in every spelling, bad values among them. The peer reads documents with Python's json module
// and converts values as package jsonformat documents it.
func TestJSONAgainstPython(t *testing.T) {
	compareJSON(t, "python", false)
}

func compareJSON(t *testing.T, oracle string, plain bool) {
	d, p := documents{newRandom(t), plain}, startPeer(t)
	for range jsonTables {
		columns := d.columns()
		f := newFormat(t, "json", nil)
		c := newTable(t, f, columns)
		var frames, verdicts, read [][]byte
		for range jsonDocuments {
			frame := []byte(d.object(columns))
			verdict := ""
			if bad := c.decode(t, frame); bad != nil {
				verdict = bad.Code + " at " + bad.Path + ": " + bad.Message
			} else {
				read = append(read, frame)
			}
			frames, verdicts = append(frames, frame), append(verdicts, []byte(verdict))
		}
		record := c.record(t)
		rows := stream(t, record)
		complain(t, "read", columns, p.ask(t, "json."+oracle, rows, bytes.Join(frames, []byte("\n")), bytes.Join(verdicts, []byte("\n"))))

		written := encode(t, f, record)
		for i, message := range written {
			if message == nil && !plain {
				written[i] = read[i] // a number for a time past the year 9999, which can be read and not written
			}
		}
		none := bytes.Repeat([]byte("\n"), max(len(written)-1, 0))
		complain(t, "written", columns, p.ask(t, "json."+oracle, rows, bytes.Join(written, []byte("\n")), none))
	}
}

// complain reports what a peer found in rows with columns.
func complain(t *testing.T, what string, columns []arrow.Field, report [][]byte) {
	t.Helper()
	for _, found := range report {
		t.Errorf("%s, %s: %s", what, types.Name(types.Struct(columns...)), found)
	}
}
