package fluvio

import (
	"errors"
	"slices"

	"github.com/weir-stream/weir/fluvio/record"
)

// rebuilt is a batch of some of the records of another one, compressed alike.
func rebuilt(b record.Batch, payload []byte, from, to int64) (record.Batch, error) {
	builder, err := record.NewBuilder(b.Codec(), len(payload)+record.HeaderSize)
	if err != nil {
		return nil, err
	}
	if s, ok := b.Sequence(); ok {
		builder.SetSequence(record.Sequence{Writer: s.Writer, Ordinal: s.Ordinal + from - b.BaseOffset()})
	}
	records := record.Walk(b, payload)
	for records.Next() {
		if records.Offset < from || records.Offset >= to {
			continue
		}
		if err := builder.Append(records.Timestamp, records.Key, records.Value); err != nil {
			return nil, err
		}
	}
	if err := records.Err(); err != nil {
		return nil, err
	}
	made, err := builder.Finish()
	if err != nil {
		return nil, err
	}
	made = slices.Clone(made)
	made.SetBaseOffset(from)
	return made, nil
}

// batchOf makes a batch of the first records, as many as have offsets without a gap, and returns how many they are.
func batchOf(records []Record) (b Batch, n int, err error) {
	builder, err := record.NewBuilder(NoCompression, 0)
	if err != nil {
		return nil, 0, err
	}
	for n < len(records) && records[n].Offset == records[0].Offset+int64(n) {
		r := &records[n]
		err := builder.Append(r.Timestamp, r.Key, r.Value)
		if errors.Is(err, record.ErrTooLarge) && n > 0 { // too far in time from the first
			break
		}
		if err != nil {
			return nil, 0, err
		}
		n++
	}
	made, err := builder.Finish()
	if err != nil {
		return nil, 0, err
	}
	made = slices.Clone(made)
	made.SetBaseOffset(records[0].Offset)
	return made, n, nil
}
