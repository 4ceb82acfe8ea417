package protoformat

import (
	"context"
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// maxPlans is how many headers' plans a decoder keeps; past it all are made anew.
const maxPlans = 256

// maxIndexes is how many message indexes a header may have: types nest no deeper than their braces.
const maxIndexes = maxBraces

// plans gives each record the plan for it. Without headers there is one; with them one for each schema id and message type
// seen, the header being
//
//	byte   0      1  2  3  4                  5 …
//	       0x00   schema id, big endian      message indexes
//
// where the indexes are a zigzag varint with their number and so many zigzag varints, the place of the type among those of the
// file, then among those within that, and so on; a single 0 stands for the first type, [0].
type plans struct {
	format   *protoFormat
	fields   []format.Field
	fixed    *plan
	byHeader map[string]*plan // as writers spell it; others may
	last     *plan            // of header, the last good record's
	header   []byte
	key      []byte // scratch: of byHeader
	indexes  []int  // scratch
}

func (f *protoFormat) newPlans(fields []format.Field) (*plans, error) {
	if f.config.Unstructured {
		if err := unstructured(fields); err != nil {
			return nil, err
		}
	}
	s := &plans{format: f, fields: fields, byHeader: map[string]*plan{}}
	if f.config.Confluent && f.document == nil {
		if f.client == nil {
			return nil, errNoSchema
		}
		_, err := f.client()
		return s, err
	}
	if f.config.Confluent && f.config.Message == "" {
		_, err := f.document() // each record says its type
		return s, err
	}
	doc, m, err := f.latest(context.Background())
	if err != nil {
		return nil, err
	}
	if s.fixed, err = s.make(doc, m, false); err != nil {
		return nil, fault.Inputf("protobuf: %w", err)
	}
	return s, nil
}

// make makes the plan for a message type.
func (s *plans) make(doc *document, m protoreflect.MessageDescriptor, loose bool) (*plan, error) {
	p := planner{config: s.format.config, document: doc, json: map[protoreflect.FullName]*jsonType{}}
	if !s.format.config.Unstructured {
		return p.plan(m, s.fields, loose)
	}
	f := s.fields[0]
	return &plan{columns: []column{{name: f.Name, target: f.Column}}, whole: p.jsonType(m)}, nil
}

// planFor is the plan for a frame, and the message in it. An error is a *format.DataError, or one of class
// fault.Environment where the registry could not be asked.
func (s *plans) planFor(frame []byte) (*plan, []byte, error) {
	if !s.format.config.Confluent {
		return s.fixed, frame, nil
	}
	if n := len(s.header); n > 0 && len(frame) >= n && string(frame[:n]) == string(s.header) {
		return s.last, frame[n:], nil
	}
	id, rest, err := schemaregistry.CutHeader(frame)
	if err != nil {
		return nil, nil, &format.DataError{Code: "protobuf.registry_header", Message: err.Error()}
	}
	indexes, message, ok := cutIndexes(s.indexes[:0], rest)
	s.indexes = indexes
	if !ok {
		return nil, nil, &format.DataError{Code: "protobuf.registry_header", Message: "the message indexes behind the schema id are cut short or wrong"}
	}
	s.key = appendIndexes(schemaregistry.AppendHeader(s.key[:0], id), indexes)
	p := s.byHeader[string(s.key)]
	if p == nil {
		if p, err = s.resolve(id, indexes); err != nil {
			return nil, nil, err
		}
		if len(s.byHeader) >= maxPlans {
			clear(s.byHeader)
		}
		s.byHeader[string(s.key)] = p
	}
	if p.problem != nil {
		e := *p.problem
		return nil, nil, &e
	}
	s.last, s.header = p, append(s.header[:0], frame[:len(frame)-len(message)]...)
	return p, message, nil
}

// resolve makes the plan for a schema id and a message type: one with a problem where there can be none.
func (s *plans) resolve(id int, indexes []int) (*plan, error) {
	r, err := s.format.written(id)
	if err != nil {
		return nil, err
	}
	m := r.at(indexes)
	if m == nil {
		return nil, &format.DataError{Code: "protobuf.message_index", Message: fmt.Sprintf("the schema has no message type at indexes %v", indexes)}
	}
	if want := s.format.config.Message; want != "" && r.wanted != m.FullName() {
		return &plan{problem: &format.DataError{
			Code: "protobuf.message_index", Message: fmt.Sprintf("expected message %s, got %s", want, m.FullName()),
			Expected: want, Found: string(m.FullName()),
		}}, nil
	}
	p, err := s.make(r.document, m, true)
	if err != nil {
		return &plan{problem: &format.DataError{Code: "protobuf.schema", Message: "the record's schema does not fit the table: " + err.Error()}}, nil
	}
	return p, nil
}

// cutIndexes takes the message indexes off what follows a schema id, and appends them to indexes.
func cutIndexes(indexes []int, b []byte) (_ []int, message []byte, ok bool) {
	count, p := varint(b, 0)
	if p < 0 {
		return indexes, nil, false
	}
	if count == 0 {
		return append(indexes, 0), b[p:], true
	}
	n := zigzag(count)
	if n < 1 || n > maxIndexes {
		return indexes, nil, false
	}
	for range n {
		v, q := varint(b, p)
		if i := zigzag(v); q < 0 || i < 0 || i > maxSource {
			return indexes, nil, false
		} else {
			indexes = append(indexes, int(i))
		}
		p = q
	}
	return indexes, b[p:], true
}

// appendIndexes appends message indexes.
func appendIndexes(dst []byte, indexes []int) []byte {
	if len(indexes) == 1 && indexes[0] == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, int64(len(indexes)))
	for _, i := range indexes {
		dst = binary.AppendVarint(dst, int64(i))
	}
	return dst
}
