//go:build differential

package differential

import (
	"bytes"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// avroCases is how many schemas there are, avroReaders how many reader's schemas are derived from each.
const (
	avroCases   = 100
	avroReaders = 3
)

// avroCase is a schema that the peer drew, and datums that fastavro wrote.
type avroCase struct {
	*peer
	schema string
	header []byte // of single objects
	datums [][]byte
}

// eachAvro runs a test with every schema, of a kind: any, or writable.
func eachAvro(t *testing.T, kind string, test func(t *testing.T, r random, c avroCase)) {
	r, p := newRandom(t), startPeer(t)
	for range avroCases {
		answer := p.ask(t, "avro.draw", []byte(strconv.FormatUint(r.Uint64(), 10)), []byte(kind))
		if test(t, r, avroCase{p, string(answer[0]), answer[1], answer[2:]}); t.Failed() {
			return // others would most often fail for the same reason
		}
	}
}

// options are avro.schema and more.
func (c avroCase) options(more ...string) map[string]string {
	options := map[string]string{"avro.schema": c.schema}
	for i := 0; i < len(more); i += 2 {
		options[more[i]] = more[i+1]
	}
	return options
}

// decode decodes frames that fastavro wrote and has the peer compare the rows.
func (c avroCase) decode(t *testing.T, frames [][]byte, options map[string]string) arrow.RecordBatch {
	t.Helper()
	f := newFormat(t, "avro", options)
	rows := newTable(t, f, shape(t, newFormat(t, "avro", map[string]string{"avro.schema": c.schema, "avro.raw_datums": "true"})))
	for i, frame := range frames {
		if bad := rows.decode(t, frame); bad != nil {
			t.Fatalf("frame %d, %v: %v\n%x", i, options, bad, frame)
		}
	}
	record := rows.record(t)
	noComplaints(t, c.ask(t, "avro.compare", stream(t, record)))
	return record
}

// texts decodes the datums to JSON.
func (c avroCase) texts(t *testing.T) arrow.RecordBatch {
	t.Helper()
	f := newFormat(t, "avro", c.options("avro.raw_datums", "true", "avro.into_unstructured_json", "true"))
	rows := newTable(t, f, shape(t, f))
	for i, datum := range c.datums {
		if bad := rows.decode(t, datum); bad != nil {
			t.Fatalf("datum %d as JSON: %v\n%x", i, bad, datum)
		}
	}
	return rows.record(t)
}

// TestAvroFromFastavro decodes what fastavro writes: raw datums, single objects, containers with each codec; and raw datums to JSON.
func TestAvroFromFastavro(t *testing.T) {
	eachAvro(t, "any", func(t *testing.T, _ random, c avroCase) {
		c.decode(t, c.datums, c.options("avro.raw_datums", "true"))
		single := make([][]byte, len(c.datums))
		for i, d := range c.datums {
			single[i] = slices.Concat(c.header, d)
		}
		c.decode(t, single, c.options("avro.single_object", "true"))
		for _, file := range c.ask(t, "avro.containers") {
			c.decode(t, [][]byte{file}, nil)
		}
		noComplaints(t, c.ask(t, "avro.texts", stream(t, c.texts(t))))
	})
}

// TestAvroToFastavro has fastavro read what weir writes, with a schema that is given, and with one that is made from columns.
func TestAvroToFastavro(t *testing.T) {
	equal, all := 0, 0
	eachAvro(t, "writable", func(t *testing.T, r random, c avroCase) {
		record := c.decode(t, c.datums, c.options("avro.raw_datums", "true"))
		written := encode(t, newFormat(t, "avro", c.options("avro.raw_datums", "true")), record)
		report := c.ask(t, "avro.written", written...)
		n, err := strconv.Atoi(string(report[0]))
		if err != nil {
			t.Fatal(err)
		}
		equal, all = equal+n, all+len(written)
		noComplaints(t, report[1:])

		single := encode(t, newFormat(t, "avro", c.options("avro.single_object", "true")), record)
		for i, message := range single {
			if !bytes.Equal(message, slices.Concat(c.header, written[i])) {
				t.Fatalf("a single object of %x is %x, want the header %x", written[i], message, c.header)
			}
		}
		codec := pick(r, "null", "deflate", "snappy", "zstandard")
		files := encode(t, newFormat(t, "avro", c.options("avro.compression", codec)), record)
		noComplaints(t, c.ask(t, "avro.written_containers", files...))

		files = encode(t, newFormat(t, "avro", map[string]string{"avro.timestamp_nanos": "true"}), record)
		noComplaints(t, c.ask(t, "avro.derived", append([][]byte{stream(t, record)}, files...)...))
	})
	t.Logf("%d of %d datums have fastavro's bytes", equal, all)
}

// TestAvroResolution reads datums with reader's schemas, as fastavro does.
func TestAvroResolution(t *testing.T) {
	read, refused := 0, 0
	eachAvro(t, "any", func(t *testing.T, r random, c avroCase) {
		for range avroReaders {
			answer := c.ask(t, "avro.resolve", []byte(strconv.FormatUint(r.Uint64(), 10)))
			reader, verdicts := string(answer[0]), answer[1:]
			f := newFormat(t, "avro", c.options("avro.raw_datums", "true", "avro.reader_schema", reader))
			rows := newTable(t, f, shape(t, f))
			for i, datum := range c.datums {
				bad := rows.decode(t, datum)
				if bad == nil {
					read++
				} else {
					refused++
				}
				if (bad == nil) != (len(verdicts[i]) == 0) {
					t.Fatalf("datum %d, %x: weir says %v, fastavro %q\nwriter %s\nreader %s", i, datum, bad, verdicts[i], c.schema, reader)
				}
			}
			noComplaints(t, c.ask(t, "avro.resolved", stream(t, rows.record(t))))
		}
	})
	t.Logf("%d datums were read, %d refused", read, refused)
}
