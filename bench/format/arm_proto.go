package main

import (
	"context"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/format/protoformat"
)

// flightProto has the message Flight, seen from the repository's root.
const flightProto = "host/format/protoformat/testdata/flights.proto"

// flightMessage is the type that dynamicpb works with.
func flightMessage() (protoreflect.MessageDescriptor, error) {
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{})}
	files, err := c.Compile(context.Background(), flightProto)
	if err != nil {
		return nil, err
	}
	m := files[0].Messages().ByName("Flight")
	if m == nil {
		return nil, fmt.Errorf("%s: no message Flight", flightProto)
	}
	return m, nil
}

// flightMessages are flights as messages.
func flightMessages(flights []*nullableFlight) (frames [][]byte, err error) {
	m, err := flightMessage()
	if err != nil {
		return nil, err
	}
	for _, f := range flights {
		message := dynamicpb.NewMessage(m)
		for name, n := range map[protoreflect.Name]*int32{
			"year": f.Year, "month": f.Month, "day": f.Day, "dep_time": f.DepTime, "sched_dep_time": f.SchedDepTime, "arr_time": f.ArrTime,
			"sched_arr_time": f.SchedArrTime, "flight": f.Flight, "air_time": f.AirTime, "distance": f.Distance, "hour": f.Hour, "minute": f.Minute,
		} {
			if n != nil {
				message.Set(m.Fields().ByName(name), protoreflect.ValueOfInt64(int64(*n)))
			}
		}
		for name, n := range map[protoreflect.Name]*int64{"dep_delay": f.DepDelay, "arr_delay": f.ArrDelay} {
			if n != nil {
				message.Set(m.Fields().ByName(name), protoreflect.ValueOfInt64(*n))
			}
		}
		for name, s := range map[protoreflect.Name]*string{"carrier": f.Carrier, "tailnum": f.Tailnum, "origin": f.Origin, "dest": f.Dest} {
			if s != nil {
				message.Set(m.Fields().ByName(name), protoreflect.ValueOfString(*s))
			}
		}
		at := message.Mutable(m.Fields().ByName("time_hour")).Message()
		at.Set(at.Descriptor().Fields().ByNumber(1), protoreflect.ValueOfInt64(f.TimeHour.Unix()))
		frame, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		if err != nil {
			return nil, err
		}
		frames = append(frames, frame)
	}
	return frames, nil
}

// messages are the records of the task, what reads them, and its columns.
func (t Task) messages() (c protoformat.Config, m protoreflect.MessageDescriptor, columns []arrow.Field, frames [][]byte, err error) {
	source, err := os.ReadFile(flightProto)
	if err != nil {
		return c, nil, nil, nil, err
	}
	c.Source = string(source)
	if m, err = flightMessage(); err != nil {
		return c, nil, nil, nil, err
	}
	if columns, err = protoformat.ToColumns(m); err != nil {
		return c, nil, nil, nil, err
	}
	frames, err = readFrames(t.File)
	return c, m, columns, frames, err
}

func protoDecodeArm(t Task) (Result, error) {
	c, _, columns, frames, err := t.messages()
	if err != nil {
		return Result{}, err
	}
	return t.decodeArm(protoformat.New(c), columns, frames)
}

func protoEncodeArm(t Task) (Result, error) {
	c, _, columns, frames, err := t.messages()
	if err != nil {
		return Result{}, err
	}
	all, err := batches(protoformat.New(c), columns, frames)
	if err != nil {
		return Result{}, err
	}
	return t.encodeArm(protoformat.New(c), columns, all, "")
}

// dynamicpbArm is the way without weir: dynamicpb into Arrow's builders, one message over and over, what is the same for all rows found before.
func dynamicpbArm(t Task) (Result, error) {
	_, m, columns, frames, err := t.messages()
	if err != nil {
		return Result{}, err
	}
	builder := array.NewRecordBuilder(batch.NewPool(memory.DefaultAllocator, poolBytes), arrow.NewSchema(columns, nil))
	defer builder.Release()
	p := dynamicPass{message: dynamicpb.NewMessage(m), builder: builder}
	for i := range m.Fields().Len() {
		p.fields = append(p.fields, m.Fields().Get(i))
	}
	var found digest
	if err := p.run(frames, found.add); err != nil {
		return Result{}, err
	}
	r, err := t.times(len(frames), func() error { return p.run(frames, func(arrow.RecordBatch) error { return nil }) })
	r.Rows, r.Digest = found.rows, found.String()
	return r, err
}

type dynamicPass struct {
	message *dynamicpb.Message
	fields  []protoreflect.FieldDescriptor
	builder *array.RecordBuilder
}

func (p *dynamicPass) run(frames [][]byte, each func(arrow.RecordBatch) error) error {
	flush := func() error {
		record := p.builder.NewRecordBatch()
		defer record.Release()
		return each(record)
	}
	for i, frame := range frames {
		if err := proto.Unmarshal(frame, p.message); err != nil {
			return err
		}
		p.append()
		if (i+1)%batch.DefaultLimits.Rows == 0 || i+1 == len(frames) {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *dynamicPass) append() {
	for i, to := range p.builder.Fields() {
		fd := p.fields[i]
		if fd.HasPresence() && !p.message.Has(fd) {
			to.AppendNull()
			continue
		}
		switch to := to.(type) {
		case *array.Int64Builder:
			to.Append(p.message.Get(fd).Int())
		case *array.StringBuilder:
			to.Append(p.message.Get(fd).String())
		case *array.TimestampBuilder:
			at := p.message.Get(fd).Message()
			parts := at.Descriptor().Fields()
			to.Append(arrow.Timestamp(at.Get(parts.ByNumber(1)).Int()*1e9 + at.Get(parts.ByNumber(2)).Int()))
		}
	}
}
