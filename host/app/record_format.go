package app

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// printer prints records, one a line.
type printer struct {
	topic  string
	w      *bufio.Writer
	format func(p *printer, partition uint32, r *fluvio.Record) error
}

// print prints a record. The caller flushes.
func (p *printer) print(partition uint32, r *fluvio.Record) error {
	if err := p.format(p, partition, r); err != nil {
		return err
	}
	return p.w.WriteByte('\n')
}

// formatValue prints the value as it is.
func formatValue(p *printer, _ uint32, r *fluvio.Record) error {
	_, err := p.w.Write(r.Value)
	return err
}

// formatKeyValue prints [KEY] VALUE, with [null] for no key, as Fluvio's own command line does. A bufio.Writer keeps its first error.
func formatKeyValue(p *printer, _ uint32, r *fluvio.Record) error {
	p.w.WriteByte('[')
	p.w.Write(keyOrNull(r))
	p.w.WriteString("] ")
	_, err := p.w.Write(r.Value)
	return err
}

func keyOrNull(r *fluvio.Record) []byte {
	if r.Key == nil {
		return []byte("null")
	}
	return r.Key
}

// printed is a record as JSON. A key or value that is not UTF-8 is in key_b64 or value_b64 in place of key or value.
type printed struct {
	Topic     string `json:"topic"`
	Partition uint32 `json:"partition"`
	Offset    int64  `json:"offset"`
	Timestamp int64  `json:"timestamp"`
	Key       any    `json:"key,omitempty"` // text, or noKey
	KeyB64    string `json:"key_b64,omitempty"`
	Value     any    `json:"value,omitempty"`
	ValueB64  string `json:"value_b64,omitempty"`
}

// noKey is the key of a record without one.
var noKey = json.RawMessage("null")

// text is b as text, or, where it is not UTF-8, as base64.
func text(b []byte) (plain any, b64 string) {
	if !utf8.Valid(b) {
		return nil, base64.StdEncoding.EncodeToString(b)
	}
	return string(b), ""
}

func formatJSON(p *printer, partition uint32, r *fluvio.Record) error {
	line := printed{Topic: p.topic, Partition: partition, Offset: r.Offset, Timestamp: r.Timestamp, Key: noKey}
	if r.Key != nil {
		line.Key, line.KeyB64 = text(r.Key)
	}
	line.Value, line.ValueB64 = text(r.Value)
	var encoded strings.Builder
	enc := json.NewEncoder(&encoded)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(line); err != nil {
		return err
	}
	_, err := p.w.WriteString(strings.TrimSuffix(encoded.String(), "\n"))
	return err
}

// template is a text with places for parts of a record: {{key}}, {{value}}, {{offset}}, {{partition}}, {{time}} and {{topic}}.
type template []piece

// piece is a text, or a place.
type piece struct {
	text  string
	place func(p *printer, partition uint32, r *fluvio.Record) error
}

// places are what a template can show of a record.
var places = map[string]func(p *printer, partition uint32, r *fluvio.Record) error{
	"value": formatValue,
	"key": func(p *printer, _ uint32, r *fluvio.Record) error {
		_, err := p.w.Write(keyOrNull(r))
		return err
	},
	"offset": func(p *printer, _ uint32, r *fluvio.Record) error {
		_, err := p.w.Write(strconv.AppendInt(p.w.AvailableBuffer(), r.Offset, 10))
		return err
	},
	"partition": func(p *printer, partition uint32, _ *fluvio.Record) error {
		_, err := p.w.Write(strconv.AppendUint(p.w.AvailableBuffer(), uint64(partition), 10))
		return err
	},
	"time": func(p *printer, _ uint32, r *fluvio.Record) error {
		if r.Timestamp < 0 {
			_, err := p.w.WriteString("NA")
			return err
		}
		_, err := p.w.Write(time.UnixMilli(r.Timestamp).UTC().AppendFormat(p.w.AvailableBuffer(), "2006-01-02T15:04:05.000Z"))
		return err
	},
	"topic": func(p *printer, _ uint32, _ *fluvio.Record) error {
		_, err := p.w.WriteString(p.topic)
		return err
	},
}

func parseTemplate(s string) (t template, err error) {
	for {
		before, rest, found := strings.Cut(s, "{{")
		t = append(t, piece{text: before})
		if !found {
			return t, nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		place, ok := places[strings.TrimSpace(name)]
		if !closed || !ok {
			return nil, fault.Inputf("--format: {{%s: want {{key}}, {{value}}, {{offset}}, {{partition}}, {{time}} or {{topic}}", name)
		}
		t = append(t, piece{place: place})
		s = after
	}
}

func (t template) format(p *printer, partition uint32, r *fluvio.Record) error {
	for _, piece := range t {
		if piece.place == nil {
			if _, err := p.w.WriteString(piece.text); err != nil {
				return err
			}
		} else if err := piece.place(p, partition, r); err != nil {
			return err
		}
	}
	return nil
}
