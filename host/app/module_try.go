package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/internal/fault"
)

// ModuleTest is a module tried on records of a file.
type ModuleTest struct {
	ModuleRun
	Rejects string // file for the rejected rows; "": Err
	Cuts    int    // how many more runs, with batches cut at random, must give the same
	Seed    uint64 // of the first of them; the next ones count on

	Out, Err io.Writer
}

// Tested is what a module did in ModuleTest's first run, as scripts may rely on it.
type Tested struct {
	RowsIn       int64   `json:"rows_in"`
	RowsOut      int64   `json:"rows_out"`
	Rejected     int64   `json:"rejected"`
	Traps        int64   `json:"traps"` // calls that failed
	Fuel         int64   `json:"fuel"`  // of all calls; opening the module is not in it
	GuestSeconds float64 `json:"guest_seconds"`
	MemoryPages  int64   `json:"memory_pages"` // of 64 KiB, the most that there were
	Seconds      float64 `json:"seconds"`
}

// TestModule runs the records through the module, prints what comes out and compares it with what other batch cuts give.
// Tested is nil where nothing ran.
func TestModule(ctx context.Context, c ModuleTest) (_ *Tested, err error) {
	if c.Cuts > 0 && c.Input == standardInput {
		return nil, fault.Inputf("--cuts: the input is read several times, so it must be a file")
	}
	r, err := newRig(ctx, c.ModuleRun)
	if err != nil {
		return nil, err
	}
	defer r.close(ctx)
	rejects := c.Err
	if c.Rejects != "" {
		f, err := os.Create(c.Rejects)
		if err != nil {
			return nil, fault.Inputf("--rejects: %w", err)
		}
		defer func() {
			if closed := fault.EnvironmentError(f.Close()); err == nil {
				err = closed
			}
		}()
		rejects = f
	}
	printed := newRowPrinter(c.Out, rejects, r.outputs())
	run := &rigRun{row: printed.row, reject: printed.reject}
	var first answers
	if c.Cuts > 0 {
		run.row, run.reject = first.row(printed.row), first.reject(printed.reject)
	}
	err = errors.Join(r.run(ctx, run, nil), printed.flush())
	for i := 0; i < c.Cuts && err == nil; i++ {
		err = r.compare(ctx, &first, c.Seed+uint64(i))
	}
	return run.tested(), err
}

func (run *rigRun) tested() *Tested {
	s := &run.stats
	return &Tested{
		RowsIn: s.RowsIn.Load(), RowsOut: s.RowsOut.Load(), Rejected: s.Rejected.Load(), Traps: s.Traps.Load(),
		Fuel: s.Fuel.Load(), GuestSeconds: time.Duration(s.Guest.Load()).Seconds(), MemoryPages: int64(run.memory / engine.PageSize), Seconds: s.Seconds(),
	}
}

// Print tells people.
func (t *Tested) Print(w io.Writer, name string) error {
	_, err := fmt.Fprintf(w, "%s: %d rows in, %d rows out, %d rejected; %d calls failed; %d fuel (%.0f a row), %.4f s in the module (%.0f ns a row), %d pages of memory (%.1f MiB); %.3f s\n",
		name, t.RowsIn, t.RowsOut, t.Rejected, t.Traps, t.Fuel, share(float64(t.Fuel), float64(t.RowsIn)), t.GuestSeconds,
		share(1e9*t.GuestSeconds, float64(t.RowsIn)), t.MemoryPages, float64(t.MemoryPages)/16, t.Seconds)
	return fault.EnvironmentError(err)
}

// rowPrinter prints rows, one a line: as they are where the module has one output, else with the output's name.
type rowPrinter struct {
	out, rejects *bufio.Writer
	names        map[string][]byte // of outputs, as JSON; nil: there is one
}

func newRowPrinter(out, rejects io.Writer, outputs []string) *rowPrinter {
	p := &rowPrinter{out: bufio.NewWriter(out), rejects: bufio.NewWriter(rejects)}
	if len(outputs) < 2 {
		return p
	}
	p.names = map[string][]byte{}
	for _, name := range outputs {
		p.names[name], _ = json.Marshal(name) // text can always be marshalled
	}
	return p
}

func (p *rowPrinter) row(output string, row []byte) error {
	if name := p.names[output]; name != nil {
		_, _ = fmt.Fprintf(p.out, `{"output":%s,"row":%s}`, name, row) // the error stays with p.out
	} else {
		_, _ = p.out.Write(row)
	}
	return fault.EnvironmentError(p.out.WriteByte('\n'))
}

// reject prints a rejected row as JSON.
func (p *rowPrinter) reject(l *deadletter.Letter) error {
	_, _ = p.rejects.Write(rejectedLine(l)) // the error stays with p.rejects
	return fault.EnvironmentError(p.rejects.WriteByte('\n'))
}

func (p *rowPrinter) flush() error {
	return fault.EnvironmentError(errors.Join(p.out.Flush(), p.rejects.Flush()))
}

// rejectedRow is a rejected row: which record it was, counted from 0, and why.
type rejectedRow struct {
	Record  int64  `json:"record"`
	Frame   int32  `json:"frame"`
	Code    string `json:"code"`
	Path    string `json:"path"`
	Message string `json:"message"`
}

// rejectedLine is the row of a dead letter, as JSON.
func rejectedLine(l *deadletter.Letter) []byte {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)                                                  // a message may name a type, STRUCT<…>
	_ = e.Encode(rejectedRow{l.Offset, l.Frame, l.Code, l.Path, l.Message}) // numbers and text can always be encoded
	return bytes.TrimSuffix(line.Bytes(), []byte{'\n'})
}
