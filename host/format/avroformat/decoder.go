package avroformat

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// Bounds of what a decoder keeps of the schemas that it has seen.
const (
	maxPrograms = 256     // programs
	keptOps     = 1 << 18 // steps of all of them
	keptJSON    = 1 << 20 // bytes of room for JSON that stay from row to row
	keptKeys    = 1 << 16 // hashes of keys

	problemKept = 10 * time.Second // a registered schema that cannot be read is not looked at again; what it refers to may come
)

// decoder decodes frames of one datum each.
type decoder struct {
	f       *avroFormat
	m       machine
	row     *target
	builder *batch.Builder // whose columns row has

	programs map[uint64]*program // by the schema's id; raw and single-object: 0
	ops      int                 // in the programs
	last     *program            // the one that was used last, which most often is the next one too
	lastID   uint64
}

// Decode implements format.Decoder.
func (d *decoder) Decode(frame []byte, b *batch.Builder) error {
	p, start, err := d.program(frame)
	if err != nil {
		return err
	}
	return d.datum(p, frame, start, b)
}

// datum decodes the datum of a frame that begins at start.
func (d *decoder) datum(p *program, frame []byte, start int, b *batch.Builder) error {
	if p.problem != nil {
		e := *p.problem
		return &e
	}
	if d.builder != b {
		if err := d.bind(b); err != nil {
			return err
		}
	}
	if p.builder != b {
		p.bind(b)
	}
	m := &d.m
	end := d.read(p, frame, start)
	if end < 0 && m.maps && m.err != batch.ErrFull {
		b.Rollback()
		m.careful = true
		end = d.read(p, frame, start)
		m.careful = false
	}
	err := m.err
	m.frame, m.err = nil, nil
	if cap(m.json) > keptJSON {
		m.json = nil
	}
	if cap(m.keys) > keptKeys {
		m.keys = nil
	}
	if end < 0 {
		b.Rollback()
		return err
	}
	return nil
}

// read runs a program over the datum of a frame that begins at start.
func (d *decoder) read(p *program, frame []byte, start int) (end int) {
	m := &d.m
	if m.begin(frame); !d.f.Unstructured {
		m.depth = 1 // the record
	}
	end = m.value(p.root, start)
	if end >= 0 && end != len(frame) && !d.line(frame[end:]) {
		end = m.fail("avro.trailing", end, "unexpected data behind the datum")
	}
	return end
}

// line says whether what stands behind a datum is the end of a line: tools that send a line at a time leave it there, and
// Arroyo's own example has one. In a container datums have their place.
func (d *decoder) line(rest []byte) bool {
	return d.f.Mode != Container && len(rest) == 1 && rest[0] == '\n'
}

// bind takes the columns of a builder that is new to the decoder.
func (d *decoder) bind(b *batch.Builder) error {
	d.builder = nil
	for _, kid := range d.row.kids {
		if kid.index < 0 {
			kid.bind(nil)
			continue
		}
		if n := b.Schema().NumFields(); kid.index >= n {
			return fmt.Errorf("avro: field %q goes to column %d of a batch with %d columns", kid.name, kid.index, n)
		}
		c := b.Column(kid.index)
		if !arrow.TypeEqual(c.Type(), kid.dtype) {
			return fmt.Errorf("avro: field %q is a %s, its column %d a %s", kid.name, kid.dtype, kid.index, c.Type())
		}
		kid.bind(c)
	}
	d.builder = b
	return nil
}

// bind gives the ops the columns of their targets.
func (p *program) bind(b *batch.Builder) {
	for _, o := range p.ops {
		if o.to != nil {
			o.column = o.to.column
		}
	}
	p.builder = b
}

// program is the one for a frame, and where the frame's datum begins.
func (d *decoder) program(frame []byte) (p *program, start int, err error) {
	switch d.f.Mode {
	case Single:
		start, err = d.single(frame)
	case Confluent:
		return d.confluent(frame)
	}
	if err != nil {
		return nil, 0, err
	}
	if p = d.known(0); p == nil {
		p = d.compile(0, d.f.schema)
	}
	return p, start, nil
}

// known is the program that was compiled for an id, nil if none was.
func (d *decoder) known(id uint64) *program {
	if d.last == nil || d.lastID != id {
		d.last, d.lastID = d.programs[id], id
	}
	return d.last
}

// compile makes the program for a writer's schema, and remembers it under its id.
func (d *decoder) compile(id uint64, w *schema) *program {
	p := compile(w, d.f.as(w), d.row, d.f.Unstructured)
	d.keep(id, p)
	return p
}

// keep remembers a program, and forgets all others if there are too many.
func (d *decoder) keep(id uint64, p *program) {
	if len(d.programs) >= maxPrograms || d.ops+len(p.ops) > keptOps {
		clear(d.programs)
		d.ops = 0
	}
	d.programs[id] = p
	d.ops += len(p.ops)
	d.last = nil
}

// singleHeader is the length of what a single-object encoding begins with: two bytes that mark it, and the fingerprint.
const singleHeader = 10

// single checks the header of a single-object encoding (spec: Single object encoding).
func (d *decoder) single(frame []byte) (start int, err error) {
	if len(frame) < singleHeader || frame[0] != 0xc3 || frame[1] != 0x01 {
		return 0, &format.DataError{Code: "avro.header", Message: "no single-object encoding: it begins with the bytes C3 01 and eight of a fingerprint"}
	}
	if binary.LittleEndian.Uint64(frame[2:]) != d.f.print {
		return 0, &format.DataError{Code: "avro.fingerprint", Message: "written with a schema whose fingerprint is not that of the option avro.schema"}
	}
	return singleHeader, nil
}

// confluent reads the header with the id of the writer's schema.
func (d *decoder) confluent(frame []byte) (p *program, start int, err error) {
	id, rest, err := schemaregistry.CutHeader(frame)
	if err != nil {
		return nil, 0, &format.DataError{Code: "avro.registry_header", Message: err.Error()}
	}
	start = len(frame) - len(rest)
	if p = d.known(uint64(id)); p != nil && (p.until.IsZero() || time.Now().Before(p.until)) {
		return p, start, nil
	}
	w, err := d.f.writer(id)
	var bad *format.DataError
	switch {
	case err == nil:
		return d.compile(uint64(id), w), start, nil
	case errors.As(err, &bad) && bad.Code == "avro.schema":
		p = &program{problem: bad, until: time.Now().Add(problemKept)}
		d.keep(uint64(id), p)
		return p, start, nil
	}
	return nil, 0, err
}

// writer is the schema with an id. An unknown id is bad data, as is a schema that is none; a registry that cannot be asked
// is the environment's problem.
func (f *avroFormat) writer(id int) (*schema, error) {
	if f.client == nil {
		if id != f.SchemaID {
			return nil, &format.DataError{Code: "avro.unknown_schema",
				Message: "the header's schema id is not that of the option avro.schema_id, and there is no registry to ask"}
		}
		return f.schema, nil
	}
	ctx := context.Background() // requests have the client's timeout
	found, err := f.client.ByID(ctx, id)
	if errors.Is(err, schemaregistry.ErrNotFound) {
		return nil, &format.DataError{Code: "avro.unknown_schema", Message: fmt.Sprintf("the registry knows no schema with the header's id %d", id)}
	}
	if err != nil {
		return nil, err
	}
	s, err := f.parseRegistered(ctx, found)
	if err != nil && fault.Of(err) == fault.Input {
		return nil, &format.DataError{Code: "avro.schema", Message: fmt.Sprintf("the schema with the header's id %d: %v", id, err)}
	}
	return s, err
}
