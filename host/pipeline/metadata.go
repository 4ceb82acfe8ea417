package pipeline

import (
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
)

// metadata appends a value to a metadata column.
func (d *decoding) metadata(md Metadata, m connector.Message, frame int32) error {
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
		return appendTime(col, d.c.Source.Schema.Field(md.Column).Type, md, m.Time)
	case "key":
		if m.Key == nil {
			return appendNull(col, md)
		}
		if !utf8.Valid(m.Key) {
			return &format.DataError{Code: "metadata.utf8", Path: md.Name, Message: "the record's key is not UTF-8"}
		}
		return col.AppendBytes(m.Key)
	default:
		return fmt.Errorf("metadata field %q has no meaning here", md.Key)
	}
	return nil
}

// appendTime appends a record's timestamp: milliseconds to a BIGINT, the instant to a TIMESTAMP.
func appendTime(col *batch.Column, t arrow.DataType, md Metadata, ms int64) error {
	if ms < 0 {
		return appendNull(col, md)
	}
	ts, ok := t.(*arrow.TimestampType)
	switch {
	case !ok:
	case ts.Unit == arrow.Second:
		ms /= 1000
	case ts.Unit == arrow.Microsecond && ms <= (1<<63-1)/1_000:
		ms *= 1_000
	case ts.Unit == arrow.Nanosecond && ms <= (1<<63-1)/1_000_000:
		ms *= 1_000_000
	case ts.Unit != arrow.Millisecond:
		return &format.DataError{Code: "metadata.range", Path: md.Name, Message: "the record's timestamp does not fit " + t.String()}
	}
	col.AppendInt64(ms)
	return nil
}

func appendNull(col *batch.Column, md Metadata) error {
	if md.Required {
		return &format.DataError{Code: "metadata.null", Path: md.Name, Message: "the record has no " + md.Key + ", and the column is NOT NULL"}
	}
	col.AppendNull()
	return nil
}
