package weirtest

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

const (
	kindPatch = 1
	noRows    = math.MaxUint32
)

// host implements weir.Host: it copies what it is handed and keeps the first rule that was broken.
type host struct {
	declared []declaration
	call     call
	failure  string
	err      error
}

type declaration struct {
	name   string
	patch  bool
	schema *ipc.Schema
}

// call is what happened in one call of the operator.
type call struct {
	rows     []Row // the input
	columns  []string
	outputs  map[string]*table
	rejected []Rejected
	logs     []Log
}

func (h *host) broken(format string, args ...any) {
	if h.err == nil {
		h.err = fmt.Errorf(format, args...)
	}
}

func (h *host) Output(name string, kind uint32, schema []byte) uint32 {
	parsed, err := ipc.ParseSchema(bytes.Clone(schema))
	switch {
	case err != nil:
		h.broken("output %q: %w", name, err)
	case slices.ContainsFunc(h.declared, func(d declaration) bool { return d.name == name }):
		h.broken("output %q is declared twice", name)
	case kind != kindPatch && len(parsed.Fields) == 0:
		h.broken("output %q has no columns", name)
	}
	h.declared = append(h.declared, declaration{name, kind == kindPatch, parsed})
	return uint32(len(h.declared) - 1)
}

func (h *host) Emit(output uint32, rows []uint32, rowCount uint32, message []byte) {
	d := h.declared[output]
	t := h.call.outputs[d.name]
	if t == nil {
		t = &table{}
		h.call.outputs[d.name] = t
	}
	var err error
	if rowCount != noRows && int(rowCount) != len(rows) {
		err = fmt.Errorf("the count of rows is %d, the list has %d", rowCount, len(rows))
	} else if d.patch {
		err = h.emitPatch(t, d, rows, rowCount == noRows, message)
	} else {
		err = h.emitRows(t, d, rows, rowCount == noRows, message)
	}
	if err != nil {
		h.broken("output %q: %w", d.name, err)
	}
}

// emitPatch applies a patch to the input, as the host does.
func (h *host) emitPatch(t *table, d declaration, selection []uint32, all bool, message []byte) error {
	if all {
		selection = nil
		for r := range h.call.rows {
			selection = append(selection, uint32(r))
		}
	}
	added := make([]Row, len(selection))
	if len(d.schema.Fields) > 0 {
		var err error
		if added, err = decode(d.schema, message); err != nil {
			return err
		}
	}
	if len(added) != len(selection) {
		return fmt.Errorf("%d rows are selected, the columns have %d", len(selection), len(added))
	}
	t.columns = slices.Clone(h.call.columns)
	place := make([]int, len(d.schema.Fields))
	for i, f := range d.schema.Fields {
		if place[i] = slices.Index(t.columns, f.Name); place[i] < 0 {
			place[i] = len(t.columns)
			t.columns = append(t.columns, f.Name)
		}
	}
	for i, origin := range selection {
		if int(origin) >= len(h.call.rows) || i > 0 && selection[i-1] >= origin {
			return fmt.Errorf("the selection is not ascending or outside of the batch, at row %d", origin)
		}
		row := make(Row, len(t.columns))
		copy(row, h.call.rows[origin])
		for k, v := range added[i] {
			row[place[k]] = v
		}
		t.add(row, int(origin))
	}
	return nil
}

func (h *host) emitRows(t *table, d declaration, origins []uint32, none bool, message []byte) error {
	rows, err := decode(d.schema, message)
	if err != nil {
		return err
	}
	if !none && len(origins) != len(rows) {
		return fmt.Errorf("there are %d origins for %d rows", len(origins), len(rows))
	}
	t.columns = names(d.schema.Fields)
	for i, row := range rows {
		origin := -1
		if !none {
			origin = int(origins[i])
		}
		if origin >= len(h.call.rows) {
			return fmt.Errorf("origin %d is outside of the batch", origin)
		}
		t.add(row, origin)
	}
	return nil
}

func (h *host) Reject(row uint32, code, message string) {
	switch {
	case int(row) >= len(h.call.rows):
		h.broken("row %d is rejected, the batch has %d", row, len(h.call.rows))
	case code == "" || len(code) > 64 || strings.ContainsFunc(code, outsideCode):
		h.broken("the code %q is not 1 to 64 bytes of a-z 0-9 . _ -", code)
	}
	h.call.rejected = append(h.call.rejected, Rejected{int(row), strings.Clone(code), strings.Clone(message)})
}

func (h *host) Fail(message string) { h.failure = strings.Clone(message) }

func (h *host) Log(level uint32, message string) {
	levels := []string{"debug", "info", "warn", "error"}
	h.call.logs = append(h.call.logs, Log{levels[min(int(level), 3)], strings.Clone(message)})
}

func outsideCode(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
}
