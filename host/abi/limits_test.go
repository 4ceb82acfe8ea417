package abi

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/ipc"
)

func TestLimitsAreFilledInAndCut(t *testing.T) {
	if MaxEmittedRows > ipc.MostRows {
		t.Errorf("more rows may be emitted than messages can have")
	}
	preset := Limits{LimitOutputs, LimitColumns, LimitEmits, LimitEmittedRows, LimitEmittedBytes, LimitLogLines, LimitLogBytes}
	most := Limits{LimitOutputs, LimitColumns, MaxEmits, MaxEmittedRows, MaxEmittedBytes, MaxLogLines, MaxLogBytes}
	const huge = 1 << 30
	for _, tc := range []struct{ given, want Limits }{
		{Limits{}, preset},
		{Limits{-1, -1, -1, -1, -1, -1, -1}, preset},
		{Limits{huge, huge, huge, huge, huge, huge, huge}, most},
		{Limits{1, 2, 3, 4, 5, 6, 7}, Limits{1, 2, 3, 4, 5, 6, 7}},
	} {
		if got := tc.given.WithDefaults(); got != tc.want {
			t.Errorf("%+v gives %+v, want %+v", tc.given, got, tc.want)
		}
	}
}

// Limits that are changed between calls count from the next one on.
func TestLimitsChangeBetweenCalls(t *testing.T) {
	live := NewLiveLimits(Limits{})
	g := newGuest()
	body := asm.Block(g.emits(0, nil, nil), g.emits(1, nil, rowsOf(5)), ok())
	trip := trip{rows: 10, config: Config{Live: live, Limits: Limits{Emits: 1}}} // Limits count for nothing beside Live
	if err := trip.run(t, g.build(bodies{open: g.two(), process: body})); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		limits Limits
		code   string
	}{
		{Limits{Emits: 1}, CodeEmitCount}, {Limits{}, ""}, {Limits{EmittedRows: 14}, CodeEmitRows}, {Limits{EmittedRows: 4}, CodeEmitRows},
		{Limits{EmittedBytes: 100}, CodeEmitBytes}, {Limits{EmittedRows: 15}, ""},
	} {
		live.Set(tc.limits)
		if live.Get() != tc.limits.WithDefaults() {
			t.Errorf("the limits are %+v", live.Get())
		}
		err := trip.process(t)
		if tc.code == "" {
			if err != nil {
				t.Errorf("%+v: %v", tc.limits, err)
			}
			continue
		}
		if f := failureOf(t, err); f.Code != tc.code {
			t.Errorf("%+v: %v, want %s", tc.limits, f, tc.code)
		}
		if err := trip.instance.Restore(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A line that doesn't fit into what is left of a call's bytes is left out and counted; shorter ones still fit.
func TestLogBytesAreBounded(t *testing.T) {
	lines := &recorder{}
	g := newGuest()
	trip := trip{rows: 1, config: Config{Logger: slog.New(lines), Limits: Limits{LogBytes: 25}}}
	err := trip.run(t, g.build(bodies{process: asm.Block(
		g.logs(1, strings.Repeat("a", 20)), g.logs(1, "sixsix"), g.logs(1, "five5"), g.logs(1, "x"), g.logs(1, ""), ok())}))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, l := range lines.lines {
		got = append(got, l.Message)
	}
	if want := strings.Repeat("a", 20) + "|five5||log lines left out"; strings.Join(got, "|") != want {
		t.Fatalf("%q", got)
	}
	if last := lines.lines[3]; attribute(last, "lines") != "2" || attribute(last, "bytes") != "7" {
		t.Errorf("%s lines of %s bytes left out", attribute(last, "lines"), attribute(last, "bytes"))
	}
}
