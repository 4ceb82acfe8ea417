package fluvioconn

import (
	"context"
	"sync/atomic"

	"github.com/weir-stream/weir/fluvio"
)

// partitions is how many partitions a topic has, as the client's watch of the metadata tells.
type partitions struct {
	client *fluvio.Client
	topic  string
	last   atomic.Int64
}

// find waits for the topic.
func (p *partitions) find(ctx context.Context) error {
	n, err := p.client.Partitions(ctx, p.topic)
	p.last.Store(int64(n))
	return err
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
