package main

import (
	"context"

	"github.com/weir-stream/weir/internal/benchkit"
)

// bench is one run of the benchmarks: its broker and files.
type bench struct {
	benchkit.Weir
	ctx     context.Context
	file    string // the records, one a line
	records int
	runs    int
}

// freshTopic makes a topic of one partition anew.
func (b *bench) freshTopic(name string) error { return b.FreshTopic(b.ctx, name, 1) }
