package main

import (
	"testing"

	"github.com/weir-stream/weir/host/engine"
)

// TestThreePoisonRowsAreThree runs what the figure is of.
func TestThreePoisonRowsAreThree(t *testing.T) {
	b := &bench{ctx: t.Context()}
	g, err := openGuest(b.ctx, poisonInC, poisonInput, engine.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	s, err := b.sparse(g)
	if err != nil || s.Condemned != 3 || s.Out != 9997 || s.ExtraCalls > 9 {
		t.Errorf("%+v, %v", s, err)
	}
}
