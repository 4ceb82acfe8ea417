package fluvio

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// A claim makes a connection the only one from which a partition takes batches of a writer. It is weir's own: the embedded broker knows it,
// and says so in its ApiVersions; to others it is not sent. Behind it a look is final: what an older connection has under way is not
// appended any more.
//
// Claims are made in the client's name, its incarnation. The first one for a writer and partition takes it over from whoever has it, later
// ones do not: so another process that has taken it over since keeps it. It does so too where a first claim, given up for lost, comes late:
// whom a writer was taken over from the broker knows. A claim that comes so late that the client has made another one
// takes the writer away from its newer connection, in its own name: the client is refused there, and claims again.

// errClaimNeeded says that a batch came over a connection that does not own its writer (any more). It was not appended.
var errClaimNeeded = errors.New("the broker wants the writer to be claimed anew")

// mostTaken is how many writers and partitions a client remembers to have taken over. With more, some are taken over again.
const mostTaken = 1 << 16

// takings is what a client has taken over.
type takings struct {
	incarnation int64

	mu    sync.Mutex
	taken map[taking]struct{}
}

type taking struct {
	replica replica
	writer  int64
}

func newTakings() *takings {
	return &takings{incarnation: NewWriterID(), taken: make(map[taking]struct{})}
}

func (t *takings) has(k taking) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.taken[k]
	return ok
}

func (t *takings) add(k taking) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.taken[k]; !ok && len(t.taken) >= mostTaken {
		for some := range t.taken {
			delete(t.taken, some)
			break
		}
	}
	t.taken[k] = struct{}{}
}

// claim claims a writer for a connection. It returns false where the cluster knows no claims, and ErrFenced if another client has taken
// the writer over since this one has.
func (c *Client) claim(ctx context.Context, conn *mux.Conn, r replica, writer int64) (claimed bool, err error) {
	if _, err := conn.Version(protocol.KeyClaimWriter); err != nil {
		return false, nil
	}
	k := taking{r, writer}
	req := &protocol.ClaimWriterRequest{
		Topic: r.topic, Partition: r.partition, Writer: writer, Incarnation: c.takings.incarnation, TakeOver: !c.takings.has(k),
	}
	var resp protocol.ClaimWriterResponse
	if err := c.call(ctx, conn, req, &resp, 0); err != nil {
		return false, err
	}
	if err := resp.ErrorCode.Err(); err != nil {
		return false, fmt.Errorf("claim of writer %x of %v: %w", writer, r, err)
	}
	if !resp.Granted {
		return false, fmt.Errorf("%w: writer %x of %v", ErrFenced, writer, r)
	}
	c.takings.add(k)
	return true, nil
}

// claimNeeded tells whether err is the embedded broker's refusal of a batch whose writer its connection does not own.
func claimNeeded(err error) bool {
	text, ok := refusal(err)
	return ok && text == "weir.sequence claim needed"
}

// refusal is the text of an answer of the embedded broker, which says in words what Fluvio has no code for.
func refusal(err error) (string, bool) {
	var code protocol.ErrorCode
	if !errors.As(err, &code) || code.Tag != protocol.ErrorCodeOther {
		return "", false
	}
	text, ok := code.Value.(*protocol.ErrorText)
	if !ok {
		return "", false
	}
	return text.Text, true
}
