package connectortest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
)

func overMemory(t *testing.T, bend func(connector.Config) connector.Config) Harness {
	t.Helper()
	memory := Memory{MostWriters: 1}
	topics := 0
	table := func(role connector.Role, options map[string]string) connector.Config {
		bag := option.New(option.Pos{})
		for k, v := range options {
			if err := bag.Set(k, option.Pos{}, option.Value{Text: v, Quoted: true}); err != nil {
				t.Fatal(err)
			}
		}
		c, err := memory.Configure(role, bag)
		if err != nil {
			t.Fatal(err)
		}
		return bend(c)
	}
	return Harness{
		Keys: true, Times: true, Sequences: true,
		Topic: func(partitions int) (*Topic, error) {
			topics++
			name := fmt.Sprintf("topic-%d", topics)
			memory.Create(name, partitions)
			return &Topic{
				Earliest: table(connector.RoleSource, map[string]string{"topic": name, "source.offset": "earliest"}),
				Latest:   table(connector.RoleSource, map[string]string{"topic": name}),
				Uncommitted: table(connector.RoleSource, map[string]string{
					"topic": name, "source.offset": "earliest", "source.isolation": "read_uncommitted",
				}),
				Sink:     table(connector.RoleSink, map[string]string{"topic": name}),
				Stall:    func() func() { return memory.Stall(name) },
				Withhold: func() func() { return memory.Withhold(name) },
				Grow:     func(n int) error { memory.Grow(name, n); return nil },
			}, nil
		},
	}
}

func TestMemory(t *testing.T) {
	Run(t, overMemory(t, func(c connector.Config) connector.Config { return c }))
}

// bent is a connector with one defect.
type bent struct {
	connector.Config
	read  func(context.Context, connector.Reader) ([]connector.Message, error)
	open  func(context.Context, connector.Source, uint32, int64, int64, []connector.SeenWriter) (connector.Reader, error)
	seen  func(connector.Reader, int64) []connector.SeenWriter
	write func(context.Context, connector.Writer, uint32, connector.Message) error
	flush func(context.Context, connector.Writer) error
	close func(connector.Writer) error
	start func(context.Context, connector.Sink, *connector.Sequence) (connector.Writer, error)
	end   func(context.Context, connector.Sink, int64, int64, int64) (int64, int64, error)
	roles bool
	fixed bool // partitions are as they were when the sink was opened
}

func (b *bent) OpenSource(ctx context.Context, env connector.Env) (connector.Source, error) {
	s, err := b.Config.OpenSource(ctx, env)
	return bentSource{s, b}, err
}

func (b *bent) OpenSink(ctx context.Context, env connector.Env) (connector.Sink, error) {
	s, err := b.Config.OpenSink(ctx, env)
	if b.roles && err != nil {
		return bentSink{&memorySink{}, b, 0}, nil
	}
	n := 0
	if b.fixed {
		n = s.Partitions()
	}
	return bentSink{s, b, n}, err
}

type bentSource struct {
	connector.Source
	b *bent
}

func (s bentSource) Open(ctx context.Context, p uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
	open := connector.Source.Open
	if s.b.open != nil {
		r, err := s.b.open(ctx, s.Source, p, offset, until, seen)
		return bentReader{r, s.b}, err
	}
	r, err := open(s.Source, ctx, p, offset, until, seen)
	return bentReader{r, s.b}, err
}

type bentReader struct {
	connector.Reader
	b *bent
}

func (r bentReader) Read(ctx context.Context) ([]connector.Message, error) {
	if r.b.read != nil {
		return r.b.read(ctx, r.Reader)
	}
	return r.Reader.Read(ctx)
}

func (r bentReader) Seen(next int64) []connector.SeenWriter {
	if r.b.seen != nil {
		return r.b.seen(r.Reader, next)
	}
	return r.Reader.Seen(next)
}

type bentSink struct {
	connector.Sink
	b *bent
	n int // partitions, where they are fixed
}

func (s bentSink) Partitions() int {
	if s.n > 0 {
		return s.n
	}
	return s.Sink.Partitions()
}

func (s bentSink) Open(ctx context.Context, lane string, q *connector.Sequence) (connector.Writer, error) {
	if s.b.start != nil {
		w, err := s.b.start(ctx, s.Sink, q)
		return bentWriter{w, s.b}, err
	}
	w, err := s.Sink.Open(ctx, lane, q)
	return bentWriter{w, s.b}, err
}

func (s bentSink) SequenceEnd(ctx context.Context, p uint32, writer, ordinal, from int64) (int64, int64, error) {
	if s.b.end != nil {
		return s.b.end(ctx, s.Sink, writer, ordinal, from)
	}
	return s.Sink.SequenceEnd(ctx, p, writer, ordinal, from)
}

type bentWriter struct {
	connector.Writer
	b *bent
}

func (w bentWriter) Write(ctx context.Context, p uint32, m connector.Message) error {
	if w.b.write != nil {
		return w.b.write(ctx, w.Writer, p, m)
	}
	return w.Writer.Write(ctx, p, m)
}

func (w bentWriter) Flush(ctx context.Context) error {
	if w.b.flush != nil {
		return w.b.flush(ctx, w.Writer)
	}
	return w.Writer.Flush(ctx)
}

func (w bentWriter) Close() error {
	if w.b.close != nil {
		return w.b.close(w.Writer)
	}
	return w.Writer.Close()
}

func endless(ctx context.Context, s connector.Source, p uint32, offset, _ int64, seen []connector.SeenWriter) (connector.Reader, error) {
	return s.Open(ctx, p, offset, connector.NoEnd, seen)
}

func unsequenced(ctx context.Context, s connector.Sink, _ *connector.Sequence) (connector.Writer, error) {
	return s.Open(ctx, "lane", nil)
}

// TestTheBankCatchesWhatItIsFor runs it on connectors with one defect each and names the check that must fail.
func TestTheBankCatchesWhatItIsFor(t *testing.T) {
	var n atomic.Int64
	var shared []byte
	stop := make(chan struct{})
	defer close(stop)
	for _, tc := range []struct {
		defect, check string
		bend          bent
	}{
		{"a record is lost in a long read", "everything is read once and in order", bent{
			read: func(ctx context.Context, r connector.Reader) ([]connector.Message, error) {
				got, err := r.Read(ctx)
				return got[min(len(got), len(got)/100):], err
			}}},
		{"records are swapped", "everything is read once and in order", bent{
			read: func(ctx context.Context, r connector.Reader) ([]connector.Message, error) {
				got, err := r.Read(ctx)
				slices.Reverse(got)
				return got, err
			}}},
		{"reading begins one late", "reading begins at any offset", bent{
			open: func(ctx context.Context, s connector.Source, p uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
				end, _ := s.End(ctx, p)
				return s.Open(ctx, p, min(offset+1, end), until, seen)
			}}},
		{"latest is earliest", "latest begins after what is there", bent{
			open: func(ctx context.Context, s connector.Source, p uint32, _, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
				return s.Open(ctx, p, 0, until, seen)
			}}},
		{"a read does not say why it ended", "a read that was given up is taken up again", bent{
			read: func(ctx context.Context, r connector.Reader) ([]connector.Message, error) {
				got, err := r.Read(ctx)
				if err != nil {
					return nil, fmt.Errorf("closed")
				}
				return got, nil
			}}},
		{"one buffer serves all reads", "what was read stays as it was", bent{
			read: func(ctx context.Context, r connector.Reader) ([]connector.Message, error) {
				got, err := r.Read(ctx)
				shared = shared[:0]
				for _, m := range got {
					shared = append(shared, m.Value...)
				}
				for i, at := 0, 0; i < len(got); i++ {
					end := at + len(got[i].Value)
					got[i].Value, at = shared[at:end], end
				}
				return got, err
			}}},
		{"all goes to one partition", "partitions are read and written apart", bent{
			write: func(ctx context.Context, w connector.Writer, _ uint32, m connector.Message) error {
				return w.Write(ctx, 0, m)
			}}},
		{"keys are spread", "equal keys share a partition", bent{
			write: func(ctx context.Context, w connector.Writer, _ uint32, m connector.Message) error {
				return w.Write(ctx, uint32(n.Add(1)%3), m)
			}}},
		{"an empty key is lost", "an empty key is not the absence of one", bent{
			write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
				if len(m.Key) == 0 {
					m.Key = nil
				}
				return w.Write(ctx, p, m)
			}}},
		{"no key is an empty key", "an empty key is not the absence of one", bent{
			write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
				m.Key = append([]byte{}, m.Key...)
				return w.Write(ctx, p, m)
			}}},
		{"times are lost", "times are kept", bent{
			write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
				m.Time = -1
				return w.Write(ctx, p, m)
			}}},
		{"flush does not wait", "a blocked flush ends with its context", bent{
			flush: func(context.Context, connector.Writer) error { return nil }}},
		{"records are written twice", "a flush leaves nothing unconfirmed", bent{
			write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error {
				if err := w.Write(ctx, p, m); err != nil {
					return err
				}
				return w.Write(ctx, p, m)
			}}},
		{"a writer holds whatever comes", "a blocked write ends with its context", bent{
			write: func(ctx context.Context, w connector.Writer, p uint32, m connector.Message) error { return nil }}},
		{"reading does not end", "reading ends where it is to end", bent{open: endless}},
		{"reading does not end behind what is left out", "reading ends behind what is left out", bent{open: endless}},
		{"partitions are counted once", "partitions that are added are seen", bent{fixed: true}},
		{"what is not committed is read", "what is not committed is read only where that is wanted", bent{
			open: func(ctx context.Context, s connector.Source, p uint32, offset, until int64, seen []connector.SeenWriter) (connector.Reader, error) {
				memory := s.(*memorySource)
				dirty := *memory.config
				dirty.uncommitted = true
				return (&memorySource{memory.memoryTopic, &dirty}).Open(ctx, p, offset, until, seen)
			}}},
		{"sequences are left out", "ordinals that are there are not written again", bent{start: unsequenced}},
		{"sequences are left out after a crash", "a sequence goes on where its writer crashed", bent{start: unsequenced}},
		{"a sequence is looked for one short", "the end of a sequence is found among others", bent{
			end: func(ctx context.Context, s connector.Sink, writer, ordinal, from int64) (int64, int64, error) {
				next, end, err := s.SequenceEnd(ctx, 0, writer, ordinal, from)
				return max(next-1, ordinal), end, err
			}}},
		{"a gap is passed over", "a gap in a sequence is an error", bent{
			end: func(ctx context.Context, s connector.Sink, writer, ordinal, from int64) (int64, int64, error) {
				next, end, _ := s.SequenceEnd(ctx, 0, writer, ordinal, from)
				return next, end, nil
			}}},
		{"what was seen is forgotten", "what was written twice is read once, from anywhere", bent{
			seen: func(connector.Reader, int64) []connector.SeenWriter { return nil }}},
		{"all of a read counts as seen", "what was written twice is read once, from anywhere", bent{
			seen: func(r connector.Reader, _ int64) []connector.SeenWriter { return r.Seen(1 << 62) }}},
		{"what was seen is that before the read", "what was written twice is read once, from anywhere", bent{
			seen: func(r connector.Reader, _ int64) []connector.SeenWriter { return r.Seen(0) }}},
		{"a source is a sink", "a table is opened only as what it is", bent{roles: true}},
		{"closing leaves a goroutine", "closing in the middle of things is clean", bent{
			close: func(connector.Writer) error { go func() { <-stop }(); return nil }}},
		{"closing fails", "closing in the middle of things is clean", bent{
			close: func(connector.Writer) error { return fmt.Errorf("no") }}},
	} {
		t.Run(tc.defect, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			i := slices.IndexFunc(checks, func(c check) bool { return c.name == tc.check })
			if i < 0 {
				t.Fatalf("there is no check %q", tc.check)
			}
			h := overMemory(t, func(c connector.Config) connector.Config {
				b := tc.bend
				b.Config = c
				return &b
			})
			if err := checks[i].run(ctx, h); err == nil {
				t.Errorf("the check %q finds nothing", tc.check)
			}
		})
	}
}

func TestMemoryCopiesAndCommits(t *testing.T) {
	h := overMemory(t, func(c connector.Config) connector.Config { return c })
	topic, err := h.Topic(1)
	if err != nil {
		t.Fatal(err)
	}
	memory := topic.Sink.(*memoryConfig).memory
	letters, err := topic.Earliest.DeadLetters("dead", connector.AtLeastOnce)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := letters.OpenSink(t.Context(), connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := sink.Open(t.Context(), "lane", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(t.Context(), 0, connector.Message{Key: []byte("k"), Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	got := memory.Records("dead", 0)
	if len(got) != 1 || !bytes.Equal(got[0].Value, []byte("v")) {
		t.Errorf("the dead letters are %v", got)
	}
	source, err := topic.Earliest.OpenSource(t.Context(), connector.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Open(t.Context(), 0, 1, connector.NoEnd, nil); err == nil {
		t.Error("a reader opens after the end")
	}
	r, err := source.Open(t.Context(), 0, 0, connector.NoEnd, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Commit(t.Context(), 7); err != nil || memory.Committed("topic-1", 0) != 7 {
		t.Errorf("committed %d, %v", memory.Committed("topic-1", 0), err)
	}
	if err := w.Write(t.Context(), 1, connector.Message{}); err == nil {
		t.Error("a record goes to a partition that is not there")
	}
}
