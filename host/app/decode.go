package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/pipeline"
)

// promptly is how soon rows are seen where records come slowly.
const promptly = 50 * time.Millisecond

// Decode reads records, one a line, and prints their rows, one a line, as weir's JSON sink writes them with decimals as text. It is a
// pipeline without a module: what becomes of a record is what becomes of it there. A row that can't be printed is rejected as a record is
// that can't be decoded.
func Decode(ctx context.Context, c Convert) (err error) {
	conv, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = conv.close(err) }()
	d := &decode{converter: conv}
	pl, err := d.plan(ctx)
	if err != nil {
		return err
	}
	conv.ends.run = &rigRun{row: d.row, reject: conv.printed.reject, flush: conv.printed.flush}
	cfg := pl.Config
	cfg.Store, cfg.Log = checkpoint.Memory{}, slog.New(slog.DiscardHandler) // rejected rows are told one by one
	cfg.UntilEnd, cfg.CheckpointInterval = true, promptly
	err = pipeline.Run(ctx, cfg, c.Drain)
	var bad *pipeline.BadDataError
	if errors.As(err, &bad) {
		return errors.Join(conv.printed.reject(&bad.Letter), failed(&bad.Letter, bad.Exceeded))
	}
	return err
}

// decode is a decoding that has begun. What it holds belongs to the pipeline's last loop.
type decode struct {
	*converter
	unprinted unprinted
}

// plan plans the pipeline.
func (d *decode) plan(ctx context.Context) (*plan, error) {
	columns, err := d.columns()
	if err != nil {
		return nil, err
	}
	source, err := d.source(d.given, columns)
	if err != nil {
		return nil, err
	}
	t, err := d.configured(ctx, source)
	if err != nil {
		return nil, err
	}
	shown := bare(t.def.Columns)
	t.def = placed(t.def)
	rows := map[string]string{"type": connector.RoleSink.String(), "format": "json", "json.decimal_encoding": "string", "json.invalid_documents": "string"}
	encoded(rows)
	sink, err := own(convertOutput, bare(t.def.Columns), rows)
	if err != nil {
		return nil, err
	}
	printer, err := d.configured(ctx, sink)
	if err != nil {
		return nil, err
	}
	def := &config.Pipeline{Name: convertOutput, Pos: sink.Pos, Source: source, Sinks: []config.Insert{{Sink: sink, Pos: sink.Pos}}}
	pl, err := d.planner.pipeline(ctx, def)
	if err != nil {
		return nil, err
	}
	var fields []format.Field
	for _, c := range shown {
		fields = append(fields, format.Field{Name: c.Name, Type: c.Type, Nullable: !c.NotNull})
	}
	pl.Config.Sinks[0].Encoder = func() (format.Encoder, error) {
		e, err := printer.newEncoder(fields)
		return &placedEncoder{Encoder: e, unprinted: &d.unprinted}, err
	}
	return pl, nil
}

// row prints a row, or rejects what has come in place of one.
func (d *decode) row(output string, row []byte) error {
	if len(row) > 0 {
		return d.printed.row(output, row)
	}
	l := d.unprinted.take()
	if d.given.policy == format.Fail {
		return &pipeline.BadDataError{Table: convertInput, Letter: l}
	}
	return d.printed.reject(&l)
}
