package weir

import (
	"errors"
	"unsafe"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// Guest is one instance of an operator: the functions that the ABI exports. Modules don't need it; package weirtest drives
// it. It is not safe for concurrent use. Calls come in this order: Arena, Open, then Process for each batch; Arena again
// whenever a longer request is to be written.
type Guest struct {
	host     Host
	operator Operator
	process  Process // nil until open
	arena    []byte
	progress uint32

	schema  *ipc.Schema
	input   ipc.Batch
	rows    int // of the input
	batch   Batch
	columns []inColumn
	outputs []emitter
}

// NewGuest returns an instance of op that is not open yet.
func NewGuest(op Operator, host Host) *Guest {
	g := &Guest{host: host, operator: op}
	g.batch = Batch{Log: Logger{host}, guest: g}
	return g
}

// Arena gives a buffer of at least length bytes, aligned to 64, for the next request; nil for a negative length. It stays the
// same until a longer one is asked for.
func (g *Guest) Arena(length int) []byte {
	if length < 0 {
		return nil
	}
	if g.arena == nil || length > len(g.arena) {
		size := max(length, len(g.arena)+len(g.arena)/2, abiArenaAlignment)
		g.arena = nil // lets the old one be collected before the new one is there
		block := make([]byte, size+abiArenaAlignment)
		skip := -uintptr(unsafe.Pointer(unsafe.SliceData(block))) & (abiArenaAlignment - 1)
		g.arena = block[skip : int(skip)+size]
	}
	return g.arena
}

// Progress is the progress cell: the row that is being worked on.
func (g *Guest) Progress() *uint32 { return &g.progress }

// Open reads the open request in the arena and opens the operator. It returns one of the ABI's statuses.
func (g *Guest) Open(length int) uint32 {
	if g.operator == nil {
		return g.fail(abiStatusError, errors.New("the module registers no operator; call weir.Register in an init function"))
	}
	if length < 0 || length > len(g.arena) {
		return g.fail(abiStatusError, errors.New("the open request is longer than the arena"))
	}
	schema, params, err := parseOpen(g.arena[:length])
	if err != nil {
		return g.fail(abiStatusError, err)
	}
	g.schema = schema
	o := &Open{Log: g.batch.Log, guest: g, params: params}
	o.inputs = inputs{open: o, fields: schema.Fields, count: &g.rows}
	process, err := g.operator(o)
	if status, err := o.verdict(process, err); err != nil {
		return g.fail(status, err)
	}
	for _, out := range g.outputs {
		out.declare()
	}
	g.process = process
	return abiStatusOK
}

// Process handles the batch request in the arena. It returns one of the ABI's statuses.
func (g *Guest) Process(length int) uint32 {
	if g.process == nil || length < 0 || length > len(g.arena) {
		return g.fail(abiStatusError, errors.New("the module is not open, or the batch is longer than the arena"))
	}
	g.progress = 0
	if err := g.read(g.arena[:length]); err != nil {
		return g.fail(abiStatusError, err)
	}
	for _, out := range g.outputs {
		out.reset()
	}
	if err := g.process(&g.batch); err != nil {
		return g.fail(abiStatusError, err)
	}
	for _, out := range g.outputs {
		if err := out.Emit(); err != nil {
			return g.fail(abiStatusError, err)
		}
	}
	return abiStatusOK
}

func (g *Guest) read(message []byte) error {
	if err := g.input.Parse(g.schema, message); err != nil {
		return err
	}
	g.rows = g.input.Rows()
	for _, c := range g.columns { // one inside of another comes behind it
		if err := c.bind(&g.input); err != nil {
			return err
		}
	}
	return nil
}

func (g *Guest) fail(status uint32, err error) uint32 {
	g.host.Fail(err.Error())
	return status
}
