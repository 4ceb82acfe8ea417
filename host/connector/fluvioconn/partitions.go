package fluvioconn

import (
	"context"
	"sync/atomic"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// partitions is how many partitions a topic has, as the client's watch of the metadata tells.
type partitions struct {
	client *fluvio.Client
	topic  string
	last   atomic.Int64
	made   uint64 // the topic's incarnation when it was found
}

// find waits for the topic.
func (p *partitions) find(ctx context.Context) error {
	n, err := p.client.Partitions(ctx, p.topic)
	p.last.Store(int64(n))
	p.made = p.client.TopicIncarnation(p.topic)
	return err
}

// Same tells a topic that was made again from the one that was found.
func (p *partitions) Same() error {
	if now := p.client.TopicIncarnation(p.topic); now != p.made && now != 0 && p.made != 0 {
		return fault.Inputf("topic %s was deleted and made again", p.topic)
	}
	return nil
}

// now is the count of now. Of a topic that is gone, or of which nothing is known since a connection was lost, it is the last one:
// whoever reads or writes hears what has happened.
func (p *partitions) now() int {
	atOnce, end := context.WithCancel(context.Background())
	end() // what is not known is not waited for
	if n, err := p.client.Partitions(atOnce, p.topic); err == nil && n > 0 {
		p.last.Store(int64(n))
	}
	return int(p.last.Load())
}
