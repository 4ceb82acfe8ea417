package weir_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weir-stream/weir/guest-abi/go/weir"
	"github.com/weir-stream/weir/guest-abi/go/weir/weirtest"
)

// try runs an operator over rows and prints what comes out. In a module the operator is registered instead.
func try(op weir.Operator, columns string, params weirtest.Params, rows ...weirtest.Row) {
	g, err := weirtest.Open(op, columns, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := g.Process(rows...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range result.Rows("") {
		fmt.Println(row...)
	}
	for _, r := range result.Rejected {
		fmt.Printf("row %d rejected: %s: %s\n", r.Row, r.Code, r.Message)
	}
}

func ExampleFilter() {
	late := weir.Filter(func(o *weir.Open) (weir.RowFunc, error) {
		delay, least := o.Int64("dep_delay"), o.Param("min_delay").Int64(60)
		return func(r weir.Row) (keep bool, err error) {
			minutes, ok := delay.Get(r)
			return ok && minutes >= least, nil
		}, nil
	})
	try(late, "carrier TEXT, dep_delay BIGINT", weirtest.Params{"min_delay": "15"},
		weirtest.Row{"UA", 20}, weirtest.Row{"AA", nil}, weirtest.Row{"DL", 14})
	// Output: UA 20
}

func ExampleMap() {
	speed := weir.Map(func(o *weir.Open, out *weir.Patch) (weir.RowFunc, error) {
		miles, minutes := o.Float64("distance"), o.Float64("air_time")
		mph := out.Float64("mph")
		return func(r weir.Row) (keep bool, err error) {
			m, ok1 := miles.Get(r)
			t, ok2 := minutes.Get(r)
			if ok2 && t <= 0 {
				return false, weir.Reject("air_time.range", "a flight takes time")
			}
			if ok1 && ok2 {
				mph.Append(m * 60 / t) // else it is null
			}
			return true, nil
		}, nil
	})
	try(speed, "distance DOUBLE, air_time DOUBLE", nil,
		weirtest.Row{1400.0, 210.0}, weirtest.Row{1400.0, 0.0}, weirtest.Row{nil, 100.0})
	// Output:
	// 1400 210 400
	// <nil> 100 <nil>
	// row 1 rejected: air_time.range: a flight takes time
}

func ExampleFlatMap() {
	words := weir.FlatMap(func(o *weir.Open, out *weir.Rows) (func(weir.Row) error, error) {
		line := o.Text("line")
		word, length := out.Text("word").NotNull(), out.Int32("length")
		return func(r weir.Row) error {
			text, ok := line.Get(r)
			if !ok {
				return errors.New("there is no line")
			}
			for w := range strings.FieldsSeq(text) {
				word.Append(w)
				length.Append(int32(len(w)))
				out.Add(r)
			}
			return nil
		}, nil
	})
	try(words, "line TEXT", nil, weirtest.Row{"one three"}, weirtest.Row{nil}, weirtest.Row{"five"})
	// Output:
	// one 3
	// three 5
	// five 4
	// row 1 rejected: error: there is no line
}

// An operator of its own loops over a column's values and chooses among outputs.
func ExampleOperator() {
	split := func(o *weir.Open) (weir.Process, error) {
		delay := o.Int64("dep_delay")
		late, early := o.Patch(""), o.Patch("early")
		hours := late.Float64("hours").NotNull()
		return func(b *weir.Batch) error {
			for r, minutes := range delay.Values() {
				switch {
				case delay.Null(r):
					b.Reject(r, "delay.null", "the flight did not leave")
				case minutes > 0:
					late.Select(r)
					hours.Append(float64(minutes) / 60)
				default:
					early.Select(r)
				}
			}
			return nil
		}, nil
	}
	try(split, "dep_delay BIGINT", nil, weirtest.Row{90}, weirtest.Row{-3}, weirtest.Row{nil})
	// Output:
	// 90 1.5
	// row 2 rejected: delay.null: the flight did not leave
}

func ExampleOpen_Param() {
	op := weir.Filter(func(o *weir.Open) (weir.RowFunc, error) {
		region := o.Param("region").Required().Text("")
		share := o.Param("share").Float64(0.5)
		if share < 0 || share > 1 {
			return nil, weir.BadParameter("share", "must be between 0 and 1")
		}
		return func(weir.Row) (bool, error) { return region != "", nil }, nil
	})
	try(op, "a TEXT", weirtest.Params{"share": "half", "regoin": "eu"})
	// Output: the operator did not open (status 3): parameter "region" is missing; parameter "share" must be a number, is "half"; there is no parameter "regoin"; this module has region, share
}
