package app

import (
	"fmt"

	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/option"
)

// onFailure is what a function's options say about batches that its module fails on.
type onFailure struct {
	word    string // of weir.on_error; "": not set
	at      option.Pos
	breaker operator.Breaker
}

// failureOptions takes weir.on_error and what goes with it.
func failureOptions(bag *option.Bag) (f onFailure) {
	if v, ok := bag.Peek("weir.on_error"); ok {
		f.at = v.Pos
	}
	f.word = bag.Enum("weir.on_error", "", "isolate", "fail", "drop_batch")
	f.breaker.Run = int(bag.Int("weir.max_poison_run", operator.DefaultBreakerRun))
	if f.breaker.Run < 2 || f.breaker.Run > 1_000_000 {
		bag.Reject("weir.max_poison_run", "a number of rows from 2 to 1000000")
	}
	f.breaker.Percent = int(bag.Int("weir.max_poison_percent", operator.DefaultBreakerPercent))
	if f.breaker.Percent < 1 || f.breaker.Percent > 100 {
		bag.Reject("weir.max_poison_percent", "a number from 1 to 100, where 100 is no limit")
	}
	return f
}

// policy is what the function does where its dead letters go to a topic, "" being none. Poison rows must go somewhere.
func (f *onFailure) policy(topic string) (operator.OnError, error) {
	switch {
	case f.word == "drop_batch":
		return operator.DropBatch, nil
	case f.word == "fail", f.word == "" && topic == "":
		return operator.Fail, nil
	case topic == "":
		return operator.Fail, f.at.Errorf("option 'weir.on_error': 'isolate' needs a topic for the rows that the module fails on: " +
			"set weir.error_topic on the function, or bad_data.topic on the table")
	}
	return operator.Isolate, nil
}

// explainFailure is what happens to a batch that a stage's module fails on, for people.
func explainFailure(s *operator.Stage) string {
	switch s.OnError {
	case operator.DropBatch:
		return "drop_batch: each of its rows is rejected"
	case operator.Isolate:
		text := fmt.Sprintf("isolate: rows that it fails on alone are rejected; %d of them in a row", s.Breaker.Run)
		if s.Breaker.Percent < 100 {
			text += fmt.Sprintf(", or more than %d%% of the last %d rows,", s.Breaker.Percent, operator.BreakerRows)
		}
		return text + " stop the lane"
	}
	return "fail: the lane stops in front of the batch"
}
