package connectortest

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// TestSeenOrdinalsAgreeWithASet compares what is remembered of a writer with all its ordinals.
func TestSeenOrdinalsAgreeWithASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSeen(nil)
		first, all := int64(-1), map[int64]bool{}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			n := rapid.Int64Range(0, 60).Draw(t, "ordinal")
			if first < 0 {
				first = n
			}
			want := n >= first && !all[n]
			if got := s.add(&stored{sequenced: true, writer: 7, ordinal: n}); got != want {
				t.Fatalf("ordinal %d: fresh is %v, want %v, after %v", n, got, want, s.writers)
			}
			all[n] = true
			last := s.writers[0].Next
			for _, span := range s.writers[0].Beyond {
				if span.From <= last || span.To <= span.From {
					t.Fatalf("not in order: %v", s.writers[0])
				}
				last = span.To
			}
		}
	})
}

func TestWhatMemoryRemembersIsBounded(t *testing.T) {
	s := newSeen(nil)
	for writer := range int64(mostWriters + 10) {
		for n := range int64(mostGaps + 10) {
			s.add(&stored{sequenced: true, writer: writer, ordinal: 2 * n})
		}
	}
	if len(s.writers) != mostWriters || len(s.writers[0].Beyond) != mostGaps || s.writers[0].Writer != 10 {
		t.Errorf("%d writers, %d gaps, the first is %d", len(s.writers), len(s.writers[0].Beyond), s.writers[0].Writer)
	}
}

// TestMemoryLosesAndRefusesAsItIsTold has what a test of a pipeline asks of a topic.
func TestMemoryLosesAndRefusesAsItIsTold(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var m Memory
	m.Create("t", 1)
	open := func(role connector.Role, pairs ...string) connector.Config {
		bag := option.New(option.Pos{})
		for i := 0; i < len(pairs); i += 2 {
			if err := bag.Set(pairs[i], option.Pos{}, option.Value{Text: pairs[i+1], Quoted: true}); err != nil {
				t.Fatal(err)
			}
		}
		c, err := m.Configure(role, bag)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	sink, err := open(connector.RoleSink, "topic", "t", "delivery", "exactly_once").OpenSink(ctx, connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sink.Open(ctx, "lane", nil); err == nil {
		t.Error("exactly once without a sequence")
	}
	w, err := sink.Open(ctx, "lane", &connector.Sequence{Writer: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := w.Write(ctx, 0, connector.Message{Time: -1}); err != nil {
			t.Fatal(err)
		}
	}
	source, err := open(connector.RoleSource, "topic", "t", "source.offset", "earliest").OpenSource(ctx, connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := source.Open(ctx, 0, 2, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Trim("t", 0, 4)
	var gone *connector.OutOfRangeError
	if _, err := r.Read(ctx); !errors.As(err, &gone) || *gone != (connector.OutOfRangeError{Topic: "t", Offset: 2, Earliest: 4, End: 10}) {
		t.Errorf("reading what is gone: %v", err)
	}
	if _, err := source.Open(ctx, 0, 3, connector.NoEnd, nil); !errors.As(err, &gone) || fault.Of(err) != fault.Input {
		t.Errorf("opening what is gone: %v", err)
	}
	if _, _, err := sink.SequenceEnd(ctx, 0, 1, 3, 3); !errors.As(err, &gone) {
		t.Errorf("looking at what is gone: %v", err)
	}
	if start, err := source.Start(ctx, 0); err != nil || start != 4 || len(m.Records("t", 0)) != 6 {
		t.Errorf("the start is %d, %v", start, err)
	}
	if r, err = source.Open(ctx, 0, 10, 10, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(ctx); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if err := sink.ExactlyOnce(ctx); err != nil {
		t.Error(err)
	}
	m.Deduplicate("t")
	if err := sink.ExactlyOnce(ctx); fault.Of(err) != fault.Input {
		t.Errorf("%v, want an input error", err)
	}
	m.Delete("t")
	if _, err := open(connector.RoleSink, "topic", "t").OpenSink(ctx, connector.Env{}); fault.Of(err) != fault.Environment {
		t.Errorf("a topic that is gone: %v", err)
	}
}
