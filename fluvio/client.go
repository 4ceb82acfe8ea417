package fluvio

import (
	"context"
	"fmt"
	"sync"

	"github.com/weir-stream/weir/fluvio/internal/mux"
)

// Client is a connection to a cluster: everything else is made of it. It is safe for concurrent use.
type Client struct {
	settings
	meta       *metadata
	pool       *pool
	controller *slot // the connection for admin requests
	takings    *takings
	platform   string

	// life ends when the client is closed, with ErrClosed as its cause. It is what the client's goroutines run in.
	life context.Context
	end  context.CancelCauseFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // goroutines of the client, its producers and its consumers
}

// Connect reaches the SC of a cluster and starts watching its metadata. Without options the cluster is that of the current profile
// (package config). It tries within the retry budget.
//
// The error wraps ErrNoEndpoint, ErrVersion or ErrUnavailable, says which option is wrong, or is ctx's.
func Connect(ctx context.Context, opts ...Option) (*Client, error) {
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	c := &Client{settings: s, meta: newMetadata(s.spuLocal)}
	c.life, c.end = context.WithCancelCause(context.Background())
	c.pool = newPool(c)
	c.controller, c.takings = newSlot(), newTakings()
	var conn *mux.Conn
	err = c.retry(ctx, "connect to "+s.endpoint, func(ctx context.Context) error {
		conn, err = c.dialSC(ctx)
		return err
	})
	if err != nil {
		c.end(ErrClosed)
		return nil, err
	}
	c.platform = conn.Platform()
	c.spawn(func() { c.watch(c.life, conn) })
	return c, nil
}

// Endpoint is the address of the SC.
func (c *Client) Endpoint() string { return c.endpoint }

// PlatformVersion is the version of the cluster, as it said when the client connected.
func (c *Client) PlatformVersion() string { return c.platform }

// Close ends all connections, and with them the client's producers and consumers: flush producers before. It always returns nil.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end(ErrClosed)
	c.running.Wait()
	c.pool.close()
	c.controller.close()
	return nil
}

// spawn runs f in a goroutine that Close waits for. After Close it returns ErrClosed.
func (c *Client) spawn(f func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.running.Go(f)
	return nil
}

// bind returns a context that ends with ctx and with the client, and its release.
func (c *Client) bind(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.life, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Partitions is the number of partitions of a topic. It waits for the metadata; after that, a topic that is not there is
// ErrTopicNotFound at once. More than 65,536 are an error, as for a Producer and a TopicConsumer.
func (c *Client) Partitions(ctx context.Context, topic string) (int, error) {
	t, err := c.topic(ctx, topic)
	return int(t.partitions), err
}

// TopicIncarnation tells a topic from one that was deleted and made again under its name: it is another number then, if both happened while
// this client was in touch with the SC. 0: the topic is not known (any more). It does not wait, and numbers of two clients mean nothing to each other.
func (c *Client) TopicIncarnation(topic string) uint64 { return c.meta.incarnation(topic) }

func (c *Client) topic(ctx context.Context, name string) (t topic, err error) {
	err = c.lookup(ctx, func(ctx context.Context) error {
		t, err = c.meta.topic(ctx, name)
		return err
	})
	if err == nil {
		err = believable(name, t.partitions)
	}
	return t, err
}

// AwaitTopic waits until this client's metadata has the topic with leaders for all partitions, or, if present is false, has it no
// more. Changes reach different connections at different times: an admin request that was answered is no guarantee.
func (c *Client) AwaitTopic(ctx context.Context, name string, present bool) error {
	return c.lookup(ctx, func(ctx context.Context) error {
		return c.meta.await(ctx, func() (pending, err error) { return c.meta.missing(name, present), nil })
	})
}

// AwaitPartitions waits until this client's metadata has at least n partitions of a topic, with leaders for all of them.
func (c *Client) AwaitPartitions(ctx context.Context, name string, n int) error {
	return c.lookup(ctx, func(ctx context.Context) error {
		return c.meta.await(ctx, func() (pending, err error) {
			if t, known := c.meta.topics[name]; known && int64(t.partitions) < int64(n) {
				return fmt.Errorf("topic '%s' has %d partitions, %d are to come", name, t.partitions, n), nil
			}
			return c.meta.missing(name, true), nil
		})
	})
}
