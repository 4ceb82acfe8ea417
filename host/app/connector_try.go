package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/pipeline"
	"github.com/weir-stream/weir/internal/fault"
)

// TryTable says which table is to be tried.
type TryTable struct {
	File, Table string
	Records     int64         // of a source, how many are decoded at most; at least 1
	Wait        time.Duration // for all of it; more than 0
	Endpoint    string
	Streams     *Streams // of the process
	Log         *slog.Logger
}

// Streams are the standard streams of a process, which tables of connector stdio read and write.
type Streams = connector.Streams

// triedTable is what came of it.
type triedTable struct {
	Table       string           `json:"table"`
	Connector   string           `json:"connector"`
	Type        string           `json:"type"`
	Description string           `json:"description"`
	OK          bool             `json:"ok"`
	Partitions  int              `json:"partitions"`
	Records     int64            `json:"records"`
	Rows        int64            `json:"rows"`
	Rejected    int64            `json:"rejected"`
	Codes       map[string]int64 `json:"codes,omitempty"` // of the rejected
}

// triedRow is a row that could not be decoded.
type triedRow struct {
	Partition uint32 `json:"partition"`
	Offset    int64  `json:"offset"`
	Frame     int32  `json:"frame"`
	Code      string `json:"code"`
	Path      string `json:"path"`
	Message   string `json:"message"`
}

// Try connects to what a table of a file is, and decodes a sample of it or finds that it can be written to. Nothing is
// written, and no offset stored. Where rows cannot be decoded they are printed, and the error is of the input class.
func (c TryTable) Try(ctx context.Context, o Output) error {
	cfg, err := config.Load(c.File)
	if err != nil {
		return err
	}
	def, err := findTable(cfg, c.Table)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	p := newPlanner(nil, nil, c.Log)
	t, err := p.configure(limited, def)
	if err != nil {
		return err
	}
	v, _ := def.Options.Peek("connector")
	tried := triedTable{Table: def.Name, Connector: v.Text, Type: t.connector.Role().String(), Description: t.connector.Describe()}
	if t.connector.Role() == connector.RoleSink {
		if err := c.trySink(limited, t, &tried); err != nil {
			return c.overdue(limited, err)
		}
		return o.print(&tried, "%s: %s\nit can be written to; nothing was written", tried.Table, tried.Description)
	}
	rows, err := c.trySource(ctx, p, t, &tried)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := o.print(row, "partition %d offset %d frame %d: %s", row.Partition, row.Offset, row.Frame,
			&format.DataError{Code: row.Code, Path: row.Path, Message: row.Message}); err != nil {
			return err
		}
	}
	if err := o.print(&tried, "%s: %s\n%d records read, %d rows decoded, %d rejected", tried.Table, tried.Description, tried.Records, tried.Rows, tried.Rejected); err != nil {
		return err
	}
	if !tried.OK {
		return fault.Inputf("table %s: %d of %d rows cannot be decoded: %s", tried.Table, tried.Rejected, tried.Rejected+tried.Rows, counted(tried.Codes))
	}
	return nil
}

// findTable finds a table of a file.
func findTable(cfg *config.Config, name string) (*config.Table, error) {
	var names []string
	for _, t := range cfg.Tables {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	hint := "; it has " + option.ShowAll(names)
	if near, ok := option.Nearest(name, names); ok {
		hint = "; did you mean " + option.Show(near) + "?"
	}
	return nil, fault.Inputf("%s has no table %s%s", cfg.File, option.Show(name), hint)
}

func counted(codes map[string]int64) string {
	var texts []string
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		texts = append(texts, fmt.Sprintf("%s %d", code, codes[code]))
	}
	return strings.Join(texts, ", ")
}

// overdue says of an error that came with the end of the time why.
func (c *TryTable) overdue(limited context.Context, err error) error {
	if limited.Err() == nil {
		return err
	}
	return fault.Environmentf("no answer within %s: %w", c.Wait, err)
}

func (c *TryTable) env() connector.Env {
	return connector.Env{Logger: c.Log, Endpoint: c.Endpoint, Streams: c.Streams}
}

// trySink opens a sink, and asks each partition where it ends.
func (c *TryTable) trySink(ctx context.Context, t *table, tried *triedTable) (err error) {
	var fields []format.Field
	for _, col := range t.def.Columns {
		fields = append(fields, format.Field{Name: col.Name, Type: col.Type, Nullable: !col.NotNull})
	}
	if _, err := t.newEncoder(fields); err != nil {
		return fmt.Errorf("%s: table %s: %w", t.def.Pos, t.def.Name, ofFormat(err))
	}
	s, err := t.connector.OpenSink(ctx, c.env())
	if err != nil {
		return fmt.Errorf("table %s: %w", t.def.Name, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if t.connector.Delivery() == connector.ExactlyOnce {
		if err := s.ExactlyOnce(ctx); err != nil {
			return fmt.Errorf("table %s: %w", t.def.Name, err)
		}
	}
	tried.Partitions = s.Partitions()
	for p := range uint32(tried.Partitions) {
		if _, err := s.End(ctx, p); err != nil {
			return fmt.Errorf("table %s partition %d: %w", t.def.Name, p, err)
		}
	}
	tried.OK = true
	return nil
}

// mostTried is how many rejected rows are told of one by one; the others are counted.
const mostTried = 1000

// trySource runs a pipeline without a module over a sample: what becomes of a record is what becomes of it there.
func (c *TryTable) trySource(ctx context.Context, p *planner, t *table, tried *triedTable) (rows []triedRow, err error) {
	ends := new(localEnds)
	sampled := &sample{Config: t.connector, ends: ends, records: c.Records}
	t.connector = sampled
	t.badData, t.badTopic = format.BadData{Policy: format.DeadLetter}, deadTopic{option: "bad_data.topic", name: rigRejected}
	pl, err := p.tryPlan(ctx, t, ends)
	if err != nil {
		return nil, err
	}
	tried.Codes = map[string]int64{}
	var mu sync.Mutex // lanes reject side by side
	run := &rigRun{row: func(string, []byte) error { return nil }, reject: func(l *deadletter.Letter) error {
		mu.Lock()
		defer mu.Unlock()
		tried.Rejected++
		tried.Codes[l.Code]++
		if len(rows) < mostTried {
			rows = append(rows, triedRow{l.Partition, l.Offset, l.Frame, l.Code, l.Path, l.Message})
		}
		return nil
	}}
	ends.run = run
	cfg := pl.Config
	cfg.Stats, cfg.Store, cfg.Env, cfg.Log = &run.stats, checkpoint.Memory{}, c.env(), slog.New(slog.DiscardHandler)
	cfg.UntilEnd, cfg.DrainTimeout = true, c.Wait
	enough := make(chan struct{})
	defer time.AfterFunc(c.Wait, func() { close(enough) }).Stop()
	if err := pipeline.Run(ctx, cfg, enough); err != nil {
		return nil, err
	}
	if sampled.opened.Load() < max(sampled.partitions.Load(), 1) {
		return nil, fault.Environmentf("table %s: no answer within %s", t.def.Name, c.Wait)
	}
	slices.SortFunc(rows, func(a, b triedRow) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Frame, b.Frame))
	})
	tried.Partitions, tried.Records, tried.Rows = int(sampled.partitions.Load()), run.stats.RecordsIn.Load(), run.stats.RowsIn.Load()
	tried.OK = tried.Rejected == 0
	return rows, nil
}

// tryPlan plans the table into a sink that takes all its columns.
func (p *planner) tryPlan(ctx context.Context, t *table, ends *localEnds) (*plan, error) {
	at := t.def.Pos
	p.connectors = connector.Registry{localName: ends}
	sink := &config.Table{Name: t.def.Name, Pos: at, Columns: bare(t.def.Columns), Options: option.New(at)}
	if err := setAll(sink.Options, at, map[string]string{"connector": localName, "type": connector.RoleSink.String(), "format": "json"}); err != nil {
		return nil, err
	}
	p.tables[t.def] = t
	var err error
	if p.tables[sink], err = p.configure(ctx, sink); err != nil {
		return nil, err
	}
	return p.pipeline(ctx, &config.Pipeline{Name: t.def.Name, Pos: at, Source: t.def, Sinks: []config.Insert{{Sink: sink, Pos: at}}})
}
