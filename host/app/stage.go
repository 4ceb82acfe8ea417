package app

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/operator"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/pipeline"
)

// stage plans one call of a pipeline. places is where each column of the call's input lies in the batches it gets, -1 for
// those that nothing reads.
func (p *planner) stage(pl *plan, i int, places []int, letters *letterBook) (operator.Stage, pipeline.OnReject, error) {
	c := pl.calls[i]
	topic := c.fn.errorTopic
	if topic.name == "" {
		topic = pl.source.badTopic
	}
	onError, err := c.fn.onFailure.policy(topic.name)
	onReject := pipeline.OnReject{Letters: -1, Drop: onError == operator.DropBatch}
	if err != nil {
		return operator.Stage{}, onReject, err
	}
	if topic.name != "" {
		if onReject.Letters, err = letters.to(pl.source, topic); err != nil {
			return operator.Stage{}, onReject, err
		}
	}
	s := operator.Stage{
		Function: c.fn.def.Name, Hash: c.fn.hash, OnError: onError, Breaker: c.fn.onFailure.breaker, Letters: topic.name != "",
		Input: pick(c.input, c.send), Send: through(c.send, places),
		Open: func(ctx context.Context) (operator.Guest, error) { return p.modules.instance(ctx, c) },
		Row:  p.rowJSON,
		// A leak is gone before it meets the limit, where a row would have to answer for it.
		Growth:    func() int64 { return c.fn.module.Limits().Memory / 2 },
		Instances: c.fn.instances,
	}
	for n, o := range c.outputs {
		s.Outputs = append(s.Outputs, pl.stageOutput(i, n, o, places))
	}
	return s, onReject, nil
}

// through maps columns to where they lie.
func through(columns, places []int) []int {
	out := make([]int, len(columns))
	for i, col := range columns {
		out[i] = places[col]
	}
	return out
}

// stageOutput plans what becomes of an output: the columns that are read of it, and where it goes.
func (pl *plan) stageOutput(i, n int, o callOutput, places []int) operator.Output {
	out := operator.Output{Index: n, Patch: o.patch, Schema: o.needs.of(o.schema)}
	if pl.calls[i].feed == n {
		out.To = operator.Next
	}
	for _, s := range pl.sinks {
		if i == len(pl.calls)-1 && s.output == n {
			out.To = operator.Sinks
		}
	}
	for col, from := range o.from {
		if !o.needs[col] {
			continue
		}
		if !from.Emitted {
			from.Index = places[from.Index]
		}
		out.Columns = append(out.Columns, from)
	}
	return out
}

// rowJSON encodes a row as weir's own JSON sink would, for the dead letter of a row that came from no one record.
func (p *planner) rowJSON(rec arrow.RecordBatch, row int) ([]byte, error) {
	var fields []format.Field
	for _, f := range rec.Schema().Fields() {
		fields = append(fields, format.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable})
	}
	enc, err := p.formats["json"](new(option.Bag)).NewEncoder(fields)
	if err != nil {
		return nil, err
	}
	if err := enc.Bind(rec.Columns()); err != nil {
		return nil, err
	}
	return enc.Append(nil, row)
}
