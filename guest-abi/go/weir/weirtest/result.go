package weirtest

import "fmt"

// Rejected is an input row that the operator could not handle.
type Rejected struct {
	Row           int
	Code, Message string
}

// Result is what an operator answered to a batch.
type Result struct {
	Rejected []Rejected
	Logs     []Log

	outputs map[string]*table
}

type table struct {
	columns []string
	rows    []Row
	origins []int
}

func (t *table) add(row Row, origin int) {
	t.rows = append(t.rows, row)
	t.origins = append(t.origins, origin)
}

// Rows are the rows of an output. Those of a patch have the input's columns and behind them the added ones.
func (r *Result) Rows(output string) []Row { return r.table(output).rows }

// Columns are the names of an output's columns, nil if it got no rows.
func (r *Result) Columns(output string) []string { return r.table(output).columns }

// Origins are the input rows that an output's rows came from, -1 where they have none.
func (r *Result) Origins(output string) []int { return r.table(output).origins }

func (r *Result) table(output string) *table {
	if t := r.outputs[output]; t != nil {
		return t
	}
	return &table{}
}

// result checks what can only be seen at the end of a call.
func (h *host) result() (*Result, error) {
	rejected := map[int]bool{}
	for _, r := range h.call.rejected {
		if rejected[r.Row] {
			return nil, fmt.Errorf("row %d is rejected twice", r.Row)
		}
		rejected[r.Row] = true
	}
	for name, t := range h.call.outputs {
		for _, origin := range t.origins {
			if rejected[origin] {
				return nil, fmt.Errorf("row %d is rejected and in output %q", origin, name)
			}
		}
	}
	return &Result{h.call.rejected, h.call.logs, h.call.outputs}, nil
}
