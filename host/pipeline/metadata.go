package pipeline

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
)

// metadata checks a metadata column of a record, and appends its value where the column is stored.
func (d *decoding) metadata(md *Metadata, m connector.Message, frame int32) error {
	if err := md.check(m); err != nil || md.Column < 0 {
		return err
	}
	col := d.builder.Column(md.Column)
	switch md.Key {
	case "offset":
		col.AppendInt64(m.Offset)
	case "partition":
		col.AppendInt32(int32(d.partition))
	case "frame":
		col.AppendInt32(frame)
	case "topic":
		return col.AppendString(d.topic)
	case "timestamp":
		if m.Time < 0 {
			col.AppendNull()
			return nil
		}
		v, _ := md.time(m.Time) // check has seen that it fits
		col.AppendInt64(v)
	case "key":
		if m.Key == nil {
			col.AppendNull()
			return nil
		}
		return col.AppendBytes(m.Key)
	default:
		return fmt.Errorf("metadata field %q has no meaning here", md.Key)
	}
	return nil
}

// check says what is wrong with a record that the column can't take, be the column stored or not: which records are bad
// must not depend on what later stages read.
func (md *Metadata) check(m connector.Message) error {
	switch {
	case md.Key == "key" && m.Key == nil, md.Key == "timestamp" && m.Time < 0:
		if md.Required {
			return &format.DataError{Code: "metadata.null", Path: md.Name, Message: "the record has no " + md.Key + ", and the column is NOT NULL"}
		}
	case md.Key == "key" && !utf8.Valid(m.Key):
		return &format.DataError{Code: "metadata.utf8", Path: md.Name, Message: "the record's key is not UTF-8"}
	case md.Key == "timestamp":
		if _, fits := md.time(m.Time); !fits {
			return &format.DataError{Code: "metadata.range", Path: md.Name, Message: "the record's timestamp does not fit " + md.Type.String()}
		}
	}
	return nil
}

// time is a record's timestamp in milliseconds as the column has it: milliseconds in a BIGINT, the instant in a TIMESTAMP.
func (md *Metadata) time(ms int64) (v int64, fits bool) {
	ts, ok := md.Type.(*arrow.TimestampType)
	switch {
	case !ok || ts.Unit == arrow.Millisecond:
		return ms, true
	case ts.Unit == arrow.Second:
		return ms / 1000, true
	case ts.Unit == arrow.Microsecond:
		return ms * 1_000, ms <= math.MaxInt64/1_000
	}
	return ms * 1_000_000, ms <= math.MaxInt64/1_000_000
}
