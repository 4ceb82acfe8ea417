package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/internal/fault"
)

// Convert is what weir decode and weir encode work on: the formats of a table without a cluster, between lines of text.
type Convert struct {
	Schema  string   // the table's columns, as CREATE TABLE has them between its brackets; "": those that the format knows
	Format  string   // default json
	Framing string   // default none
	BadData string   // fail (default), drop or dead_letter: the last two go on behind what is bad
	MaxLine string   // a size, of a line that is read; default 16MB
	Options []string // KEY=VALUE: of the format, of framing and of bad data, as a table has them
	Base64  bool     // a record is a line of base64
	Rejects string   // file for what is rejected; "": Err

	In       io.Reader
	Out, Err io.Writer
	Log      *slog.Logger
	Drain    <-chan struct{} // once it is closed no more is read, and what was read is printed; nil: never
}

// What the tables of a conversion are called.
const (
	convertInput  = "input"
	convertOutput = "output"
)

// converter is a conversion that has begun.
type converter struct {
	Convert
	given   *given
	planner *planner
	ends    *localEnds
	printed *rowPrinter
	rejects io.Closer // nil: nothing to close
}

func (c Convert) open() (*converter, error) {
	conv := &converter{Convert: c, ends: new(localEnds), planner: newPlanner(nil, nil, c.Log)}
	conv.planner.connectors = connector.Registry{localName: &lineEnds{conv.ends, c.In}}
	var err error
	if conv.given, err = c.options(); err != nil {
		return nil, err
	}
	rejects := c.Err
	if c.Rejects != "" {
		f, err := os.Create(c.Rejects)
		if err != nil {
			return nil, fault.Inputf("--rejects: %w", err)
		}
		conv.rejects, rejects = f, f
	}
	conv.printed = newRowPrinter(c.Out, rejects, nil)
	return conv, nil
}

// close ends the output. err is what went wrong before; where that was the output it is told once.
func (c *converter) close(err error) error {
	for _, out := range []*bufio.Writer{c.printed.out, c.printed.rejects} {
		if failed := out.Flush(); !errors.Is(err, failed) {
			err = errors.Join(err, fault.EnvironmentError(failed))
		}
	}
	if c.rejects != nil {
		err = errors.Join(err, fault.EnvironmentError(c.rejects.Close()))
	}
	return err
}

// configured are the columns of a table as its format has them, and the table.
func (c *converter) configured(ctx context.Context, def *config.Table) (*table, error) {
	t, err := c.planner.configure(ctx, def)
	c.planner.tables[def] = t
	return t, err
}

// failed is the error about what a letter tells of, where that ends the command; exceeded says which bound it exceeds, "" for none.
func failed(l *deadletter.Letter, exceeded string) error {
	where := fmt.Sprintf("record %d (line %d)", l.Offset, l.Offset+1)
	if l.Frame > 0 {
		where += fmt.Sprintf(" frame %d", l.Frame)
	}
	bad := format.DataError{Code: l.Code, Path: l.Path, Message: l.Message}
	if exceeded != "" {
		return fault.Inputf("%s: %v; %s", where, &bad, exceeded)
	}
	return fault.Inputf("%s: %v; with --bad-data drop such records are left out", where, &bad)
}

// bare are columns that a table of another format can declare: those of metadata are ordinary ones there.
func bare(columns []config.Column) []config.Column {
	out := make([]config.Column, len(columns))
	for i, col := range columns {
		col.Metadata = ""
		out[i] = col
	}
	return out
}

// FormatNames are the formats that there are, sorted.
func FormatNames() []string { return builtin.Formats().Names() }
