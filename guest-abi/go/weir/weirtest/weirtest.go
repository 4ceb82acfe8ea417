// Package weirtest runs operators in plain go test: it plays the host, with rows of Go values on both sides.
//
//	g, err := weirtest.Open(operator, "carrier TEXT NOT NULL, dep_delay BIGINT", weirtest.Params{"min_delay": "60"})
//	result, err := g.Process(weirtest.Row{"UA", 75}, weirtest.Row{"AA", nil})
//	result.Rows("") // the rows of the default output
//
// Requests and answers cross in the ABI's own bytes, so what works here works in the host, sandbox limits aside.
package weirtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/weir-stream/weir/guest-abi/go/weir"
	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// Params are the parameters of a module.
type Params map[string]string

// Row is a row's values in the order of its columns; nil is null.
//
//	BOOLEAN                       bool
//	TINYINT … BIGINT [UNSIGNED]   int8 … int64, uint8 … uint64
//	FLOAT, DOUBLE                 float32, float64
//	DECIMAL                       weir.Decimal
//	TEXT, JSON                    string
//	BYTEA                         []byte
//	UUID                          weir.UUID
//	DATE, TIME(0), TIME(3)        int32
//	TIME(6), TIME(9), TIMESTAMP   int64
//	INTERVAL                      weir.Interval
//
// Where an integer is wanted, an int or an int64 that fits will do. In rows that come out are just those.
type Row []any

// Log is a line that the operator logged.
type Log struct {
	Level string // debug, info, warn or error
	Line  string
}

// OpenError is an operator's refusal to open.
type OpenError struct {
	Status  uint32 // of the ABI: 1 error, 2 bad schema, 3 bad parameter
	Message string
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("the operator did not open (status %d): %s", e.Status, e.Message)
}

// Guest is an open operator.
type Guest struct {
	guest  *weir.Guest
	host   *host
	schema *ipc.Schema
	writer *ipc.Writer
	opened []Log
}

// Open opens op on an input with the given columns, written as in SQL: name type [NOT NULL], separated by commas. Types are those
// of [Row], DECIMAL(9, 2) and TIMESTAMP(3) WITH TIME ZONE among them; TIMESTAMP is TIMESTAMP(9), TIME is TIME(9), and DECIMAL
// DECIMAL(38, 10). There are no columns that hold others. If the operator refuses, the error is an [*OpenError].
func Open(op weir.Operator, columns string, params Params) (*Guest, error) {
	fields, err := parseColumns(columns)
	if err != nil {
		return nil, err
	}
	message := ipc.SchemaMessage(fields)
	schema, err := ipc.ParseSchema(message)
	if err != nil {
		return nil, err
	}
	h := &host{}
	g := &Guest{guest: weir.NewGuest(op, h), host: h, schema: schema, writer: ipc.NewWriter(fields)}
	status := g.guest.Open(g.write(openRequest(message, params)))
	if status != 0 {
		return nil, &OpenError{status, h.failure}
	}
	g.opened, h.call = h.call.logs, call{}
	return g, h.err
}

// Opened are the lines that the operator logged while it opened.
func (g *Guest) Opened() []Log { return g.opened }

// Process hands the operator one batch. The error is the operator's, or says which rule of the ABI it broke.
func (g *Guest) Process(rows ...Row) (*Result, error) {
	message, err := encode(g.writer, g.schema.Fields, rows)
	if err != nil {
		return nil, err
	}
	sent, err := decode(g.schema, message) // rows as they come out again
	if err != nil {
		return nil, err
	}
	g.host.call = call{rows: sent, columns: names(g.schema.Fields), outputs: map[string]*table{}}
	status := g.guest.Process(g.write(message))
	switch {
	case g.host.err != nil:
		return nil, g.host.err
	case status != 0:
		return nil, errors.New(g.host.failure)
	}
	return g.host.result()
}

// write puts a request into the arena and returns its length.
func (g *Guest) write(request []byte) int { return copy(g.guest.Arena(len(request)), request) }

func openRequest(schema []byte, params Params) []byte {
	b := appendUint32(nil, 1, 0, uint32(len(schema)), uint32(len(params)))
	b = append(b, schema...)
	for _, key := range slices.Sorted(maps.Keys(params)) {
		b = appendUint32(b, uint32(len(key)), uint32(len(params[key])))
		b = append(b, key+params[key]...)
		b = append(b, make([]byte, -len(b)&7)...)
	}
	return b
}

func names(fields []ipc.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}
