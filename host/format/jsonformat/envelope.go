package jsonformat

import (
	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
)

// envelopeDecoder reads rows that stand in something: behind a registry header, in a Kafka Connect envelope. The envelope
// is an object whose payload is the row; its schema is checked for syntax and otherwise ignored, since the table has one.
type envelopeDecoder struct {
	Config
	rows *decoder
	scan *decoder // of the objects around the row
}

func newEnvelopeDecoder(c Config, fields []format.Field) (format.Decoder, error) {
	d := &envelopeDecoder{Config: c, rows: newDecoder(c, fields), scan: newDecoder(c, nil)}
	if c.Debezium {
		return newEventDecoder(d, fields)
	}
	return d, nil
}

// Decode implements format.Decoder.
func (d *envelopeDecoder) Decode(frame []byte, b *batch.Builder) error {
	row, err := d.row(frame)
	if err != nil {
		return err
	}
	return d.rows.decodeFrom(frame[:row.end], row.start, b)
}

// row finds the row in a frame.
func (d *envelopeDecoder) row(frame []byte) (span, error) {
	row := span{0, len(frame)}
	if d.Header {
		_, rest, err := schemaregistry.CutHeader(frame)
		if err != nil {
			return span{}, headerError(err)
		}
		row.start = len(frame) - len(rest)
	}
	if !d.IncludeSchema {
		return row, nil
	}
	payload := [1]span{}
	if err := d.scan.find(frame, row.start, 0, []string{"payload"}, payload[:]); err != nil {
		return span{}, err
	}
	if payload[0].end == 0 {
		return span{}, &format.DataError{Code: "json.envelope", Path: "payload", Message: "no payload in the envelope of schema and payload"}
	}
	return payload[0], nil
}

// unpacked is the document in a string at p, which is text: Kafka Connect has no type for JSON, so that in an envelope the documents of a
// JSON column stand in strings. A string that holds none, or one beyond the limits, is itself the document.
func (d *decoder) unpacked(text []byte, p, depth int) []byte {
	if d.packed == nil {
		d.packed = newDecoder(Config{Strictness: Strict, Limits: d.Limits}, nil)
	}
	if content, _, end := d.text(p); end > 0 && d.packed.admit(content, depth) == nil {
		return content
	}
	return text
}

func headerError(err error) error {
	return &format.DataError{Code: "json.registry_header", Message: err.Error()}
}

// span is where a value stands in a frame; the zero span is nowhere.
type span struct{ start, end int }

// find reads the object in a frame from start on and finds the values of the members that have the names, the last where
// one comes twice. The values are so many levels deep. It checks the syntax of everything, and fails with a *format.DataError only.
func (d *decoder) find(frame []byte, start, depth int, names []string, found []span) error {
	d.begin(frame, start)
	if d.walk(start, depth, names, found) {
		d.begin(nil, 0)
		return nil
	}
	return d.report()
}

func (d *decoder) walk(p, depth int, names []string, found []span) bool {
	if p = skipSpace(d.frame, p); p == len(d.frame) || d.frame[p] != '{' {
		return d.noObject(p)
	}
	p++
	for first := true; ; first = false {
		var more bool
		if p, more = d.next(p, first, '}'); !more {
			break
		}
		key, _, end := d.text(p)
		if end < 0 {
			return false
		}
		var value *span
		for i, name := range names {
			if string(key) == name {
				value = &found[i]
			}
		}
		if p = d.colon(end); p < 0 {
			return false
		}
		p = skipSpace(d.frame, p)
		if value != nil && value.end > 0 && d.off(DuplicateKeys) {
			return d.fail("json.duplicate", p, "a member of the envelope comes again") >= 0
		}
		from := p
		if p = d.skip(p, depth); p < 0 {
			return false
		}
		if value != nil {
			*value = span{from, p}
		}
	}
	if p < 0 {
		return false
	}
	if p = skipSpace(d.frame, p); p != len(d.frame) {
		return d.fail("json.syntax", p, "unexpected data behind the object") >= 0
	}
	return true
}
