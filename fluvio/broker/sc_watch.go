package broker

import (
	"fmt"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// watchedKinds is what can be watched. Official clients watch the first three, each twice, for as long as they live.
var watchedKinds = []protocol.ObjectKind{
	protocol.KindSpu, protocol.KindPartition, protocol.KindTopic,
	protocol.KindSmartModule, protocol.KindSpuGroup, protocol.KindTableFormat,
}

func errUnknownKind(kind protocol.ObjectKind) error {
	return fmt.Errorf("objects of kind %.50q are not known", kind)
}

// watch answers Watch (key 1004): everything there is, then changes for as long as the connection lives
// (fluvio-sc/src/services/public_api/watch.rs).
func (c *conn) watch(h protocol.RequestHeader, req *protocol.WatchRequest) error {
	f := c.b.cluster.feeds[req.Kind]
	if f == nil {
		return errUnknownKind(req.Kind)
	}
	w := f.watch()
	err := c.start(func() error {
		defer w.close()
		return c.follow(h, req, w)
	})
	if err != nil {
		w.close()
	}
	return err
}

// follow sends a watcher's messages until the connection ends.
func (c *conn) follow(h protocol.RequestHeader, req *protocol.WatchRequest, w *watcher) error {
	told := &snapshot{} // nothing
	for {
		now, changed := w.feed.current()
		if err := c.tell(h, req, told, now); err != nil {
			return err
		}
		told = now
		w.sent(now.epoch)
		select {
		case <-changed:
		case <-c.ctx.Done():
			return nil
		}
	}
}

// tell sends what is new, if anything is.
func (c *conn) tell(h protocol.RequestHeader, req *protocol.WatchRequest, told, now *snapshot) error {
	release, err := c.reserve(c.b.chunks, c.b.cluster.answerSize(req.Kind, req.Summary))
	if err != nil {
		return err
	}
	defer release()
	msg := message(req, told, now)
	if msg == nil {
		return nil
	}
	_, err = c.push(h, msg)
	return err
}

// message tells a client that knows told what there is now; nil if that is the same. The first time it is everything, for clients take only
// that, or a change, for an answer: they ignore a message without content, and go on waiting.
func message(req *protocol.WatchRequest, told, now *snapshot) *protocol.WatchResponse {
	resp := &protocol.WatchResponse{Kind: req.Kind, Epoch: now.epoch}
	show := func(o *object) protocol.Metadata {
		if req.Summary {
			return summarised(o.metadata())
		}
		return o.metadata()
	}
	if len(told.objects) == 0 {
		for _, o := range now.objects {
			resp.All = append(resp.All, show(o))
		}
		if len(resp.All) == 0 {
			return nil
		}
		return resp
	}
	updated, gone := now.diff(told)
	if len(updated)+len(gone) == 0 {
		return nil
	}
	for _, o := range updated {
		resp.Changes = append(resp.Changes, protocol.MetadataChange{Type: protocol.ChangeTypeUpdate, Object: show(o)})
	}
	for _, o := range gone {
		resp.Changes = append(resp.Changes, protocol.MetadataChange{Type: protocol.ChangeTypeDelete, Object: show(o)})
	}
	return resp
}
