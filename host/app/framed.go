package app

import (
	"errors"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/framing"
)

// newEncoder makes a sink's encoder: of its format, and its framing around that where it has one.
func (t *table) newEncoder(fields []format.Field) (format.Encoder, error) {
	e, err := t.format.NewEncoder(fields)
	if err != nil || t.framing == (framing.Config{}) {
		return e, err
	}
	return &framed{Encoder: e, appender: framing.NewAppender(t.framing)}, nil
}

// framed encodes each row as a record with one frame.
type framed struct {
	format.Encoder
	appender *framing.Appender
	frame    []byte
}

// Append implements format.Encoder.
func (f *framed) Append(dst []byte, row int) (_ []byte, err error) {
	if f.frame, err = f.Encoder.Append(f.frame[:0], row); err != nil {
		return dst, err
	}
	dst, err = f.appender.Append(dst, f.frame)
	var bad *framing.Error
	if errors.As(err, &bad) {
		err = &format.DataError{Code: bad.Code, Message: bad.Message}
	}
	return dst, err
}
