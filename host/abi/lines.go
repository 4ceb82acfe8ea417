package abi

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
)

// stderrKept is how much of what a guest writes to its standard error in a call a Failure tells.
const stderrKept = 1024

// admit cuts a line of the guest's and counts it; false where it doesn't fit into the call's share of lines and bytes.
func (i *Instance) admit(text []byte) ([]byte, bool) {
	c := &i.call
	text = cut(text, LimitMessageBytes)
	if c.logged.lines >= i.limits.LogLines || len(text) > i.limits.LogBytes-c.logged.bytes {
		c.left.lines++
		c.left.bytes += len(text)
		return nil, false
	}
	c.logged.lines++
	c.logged.bytes += len(text)
	i.stats.BytesOut += uint64(len(text))
	return text, true
}

// line writes one line of the guest's to the host's log, with module and row, unless the call has had its share.
func (i *Instance) line(ctx context.Context, level slog.Level, text []byte) {
	text, ok := i.admit(text)
	if !ok {
		return
	}
	i.config.Logger.LogAttrs(ctx, level, strings.ToValidUTF8(string(text), "\ufffd"), i.place()...)
}

// place is the module and the row that it is at.
func (i *Instance) place() []slog.Attr {
	attrs := []slog.Attr{slog.String("module", i.config.Name)}
	if row := i.hint(); row >= 0 {
		attrs = append(attrs, slog.Int("row", row))
		if i.call.from != nil {
			from := i.call.from.Row(uint32(row))
			attrs = append(attrs, slog.Uint64("partition", uint64(from.Partition)), slog.Int64("offset", from.Offset))
		}
	}
	return attrs
}

// heldLine is a line on standard error. It waits for the call's end: a runtime that dies dumps its stacks there, which is
// for debugging; what a living guest says is an error.
type heldLine struct {
	text  string
	place []slog.Attr
}

// hold keeps a line on standard error until the call's end, unless the call has had its share.
func (i *Instance) hold(text []byte) {
	text, ok := i.admit(text)
	if !ok {
		return
	}
	i.call.held = append(i.call.held, heldLine{strings.ToValidUTF8(string(text), "\ufffd"), i.place()})
}

// write takes bytes that the guest wrote to its standard output (stream 0) or error (1) and logs whole lines.
func (i *Instance) write(ctx context.Context, stream int, b []byte) {
	if stream == 1 {
		i.call.stderr = append(i.call.stderr, b[:min(len(b), stderrKept-len(i.call.stderr))]...)
	}
	partial := i.call.partial[stream]
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		room := LimitMessageBytes - len(partial)
		partial = append(partial, line[:min(len(line), room)]...)
		if whole {
			i.streamLine(ctx, stream, partial)
			partial = partial[:0]
		}
		b = rest
	}
	i.call.partial[stream] = partial
}

func (i *Instance) streamLine(ctx context.Context, stream int, text []byte) {
	switch {
	case len(bytes.TrimSpace(text)) == 0:
	case stream == 1:
		i.hold(text)
	default:
		i.line(ctx, slog.LevelInfo, text)
	}
}

// flush logs what is left when a call ends: lines without an end, those on standard error, and how many were left out.
func (i *Instance) flush(ctx context.Context, failed bool) {
	for stream, text := range i.call.partial {
		i.streamLine(ctx, stream, text)
		i.call.partial[stream] = text[:0]
	}
	level := slog.LevelError
	if failed {
		level = slog.LevelDebug
	}
	for _, l := range i.call.held {
		i.config.Logger.LogAttrs(ctx, level, l.text, l.place...)
	}
	i.call.held = i.call.held[:0]
	if left := i.call.left; left.lines > 0 && !failed {
		i.config.Logger.LogAttrs(ctx, slog.LevelWarn, "log lines left out",
			slog.String("module", i.config.Name), slog.Int("lines", left.lines), slog.Int("bytes", left.bytes))
	}
	i.call.left = share{}
}
