package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/hamba/avro/v2"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/format/avroformat"
)

// nullableFlight is a flight of which any column may be null, in JSON and for hamba/avro.
type nullableFlight struct {
	Year         *int32     `avro:"year" json:"year"`
	Month        *int32     `avro:"month" json:"month"`
	Day          *int32     `avro:"day" json:"day"`
	DepTime      *int32     `avro:"dep_time" json:"dep_time"`
	SchedDepTime *int32     `avro:"sched_dep_time" json:"sched_dep_time"`
	DepDelay     *int64     `avro:"dep_delay" json:"dep_delay"`
	ArrTime      *int32     `avro:"arr_time" json:"arr_time"`
	SchedArrTime *int32     `avro:"sched_arr_time" json:"sched_arr_time"`
	ArrDelay     *int64     `avro:"arr_delay" json:"arr_delay"`
	Carrier      *string    `avro:"carrier" json:"carrier"`
	Flight       *int32     `avro:"flight" json:"flight"`
	Tailnum      *string    `avro:"tailnum" json:"tailnum"`
	Origin       *string    `avro:"origin" json:"origin"`
	Dest         *string    `avro:"dest" json:"dest"`
	AirTime      *int32     `avro:"air_time" json:"air_time"`
	Distance     *int32     `avro:"distance" json:"distance"`
	Hour         *int32     `avro:"hour" json:"hour"`
	Minute       *int32     `avro:"minute" json:"minute"`
	TimeHour     *time.Time `avro:"time_hour" json:"time_hour"`
}

// requiredFlight is a flight of which no column is null: the best that a struct can do.
type requiredFlight struct {
	Year         int32     `avro:"year"`
	Month        int32     `avro:"month"`
	Day          int32     `avro:"day"`
	DepTime      int32     `avro:"dep_time"`
	SchedDepTime int32     `avro:"sched_dep_time"`
	DepDelay     int64     `avro:"dep_delay"`
	ArrTime      int32     `avro:"arr_time"`
	SchedArrTime int32     `avro:"sched_arr_time"`
	ArrDelay     int64     `avro:"arr_delay"`
	Carrier      string    `avro:"carrier"`
	Flight       int32     `avro:"flight"`
	Tailnum      string    `avro:"tailnum"`
	Origin       string    `avro:"origin"`
	Dest         string    `avro:"dest"`
	AirTime      int32     `avro:"air_time"`
	Distance     int32     `avro:"distance"`
	Hour         int32     `avro:"hour"`
	Minute       int32     `avro:"minute"`
	TimeHour     time.Time `avro:"time_hour"`
}

func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// required has zeros for nulls.
func (f *nullableFlight) required() *requiredFlight {
	return &requiredFlight{valueOf(f.Year), valueOf(f.Month), valueOf(f.Day), valueOf(f.DepTime), valueOf(f.SchedDepTime), valueOf(f.DepDelay),
		valueOf(f.ArrTime), valueOf(f.SchedArrTime), valueOf(f.ArrDelay), valueOf(f.Carrier), valueOf(f.Flight), valueOf(f.Tailnum), valueOf(f.Origin),
		valueOf(f.Dest), valueOf(f.AirTime), valueOf(f.Distance), valueOf(f.Hour), valueOf(f.Minute), valueOf(f.TimeHour)}
}

// avroSchema is the schema of the flights with every column nullable, or none. The time is in µs, the finest that all peers read.
func avroSchema(nullable bool) (string, error) {
	columns, err := columnsOf("flights")
	if err != nil {
		return "", err
	}
	for i := range columns {
		columns[i].Nullable = nullable
		if columns[i].Type.ID() == arrow.TIMESTAMP {
			columns[i].Type = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
		}
	}
	return avroformat.FromColumns(avroformat.Config{}, columns)
}

// datums are the records of the task and what reads them.
func (t Task) datums() (f format.Format, columns []arrow.Field, frames [][]byte, err error) {
	schema, err := os.ReadFile(t.Schema)
	if err != nil {
		return nil, nil, nil, err
	}
	if columns, err = avroformat.ToColumns(string(schema)); err != nil {
		return nil, nil, nil, err
	}
	if f, err = avroformat.New(avroformat.Config{Mode: avroformat.Raw, Schema: string(schema)}); err != nil {
		return nil, nil, nil, err
	}
	frames, err = readFrames(t.File)
	return f, columns, frames, err
}

func avroDecodeArm(t Task) (Result, error) {
	f, columns, frames, err := t.datums()
	if err != nil {
		return Result{}, err
	}
	return t.decodeArm(f, columns, frames)
}

func avroEncodeArm(t Task) (Result, error) {
	f, columns, frames, err := t.datums()
	if err != nil {
		return Result{}, err
	}
	all, err := batches(f, columns, frames)
	if err != nil {
		return Result{}, err
	}
	return t.encodeArm(f, columns, all, "")
}

// hambaArm decodes datums into one struct, over and over: t.Table says which. Each decoded datum must encode to itself.
func hambaArm(t Task) (Result, error) {
	text, err := os.ReadFile(t.Schema)
	if err != nil {
		return Result{}, err
	}
	schema, err := avro.ParseWithCache(string(text), "", &avro.SchemaCache{})
	if err != nil {
		return Result{}, err
	}
	frames, err := readFrames(t.File)
	if err != nil {
		return Result{}, err
	}
	var into any = &nullableFlight{}
	if t.Table == "required" {
		into = &requiredFlight{}
	}
	for i, frame := range frames {
		if err := avro.Unmarshal(schema, frame, into); err != nil {
			return Result{}, err
		}
		again, err := avro.Marshal(schema, into)
		if err != nil {
			return Result{}, err
		}
		if !bytes.Equal(again, frame) {
			return Result{}, fmt.Errorf("datum %d encodes to another one", i)
		}
	}
	r, err := t.times(len(frames), func() error {
		for _, frame := range frames {
			if err := avro.Unmarshal(schema, frame, into); err != nil {
				return err
			}
		}
		return nil
	})
	r.Rows = len(frames)
	return r, err
}
