package pipeline

import (
	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/host/connector"
)

// seen is which ordinals of producer sequences the source has shown before an offset. A checkpoint further on than that, as where a lane
// stops within what it has read, is as good: its reader begins there, and what is through already is left out (decoding.decode).
type seen struct {
	at      int64
	writers []checkpoint.SeenWriter
}

// seen is what the reader has seen before next.
func (d *decoding) seen() *seen {
	s := &seen{at: d.next}
	for _, w := range d.reader.Seen(d.next) {
		one := checkpoint.SeenWriter{Writer: w.Writer, Next: w.Next}
		for _, b := range w.Beyond {
			one.Beyond = append(one.Beyond, checkpoint.Span(b))
		}
		s.writers = append(s.writers, one)
	}
	return s
}

// seenAt is what a checkpoint says of that, and where to read from.
func seenAt(c checkpoint.Checkpoint) (from int64, writers []connector.SeenWriter) {
	for _, w := range c.Seen {
		one := connector.SeenWriter{Writer: w.Writer, Next: w.Next}
		for _, b := range w.Beyond {
			one.Beyond = append(one.Beyond, connector.Span(b))
		}
		writers = append(writers, one)
	}
	if c.SeenAt != nil {
		return min(*c.SeenAt, c.Next), writers
	}
	return c.Next, writers
}
