package broker

import (
	"strings"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// list answers List (key 1003). A kind that clients do not know the label of closes the connection, as upstream does.
func (c *conn) list(h protocol.RequestHeader, req *protocol.ListRequest) error {
	if !req.Kind.Known() {
		return errUnknownKind(req.Kind)
	}
	resp := &protocol.ListResponse{Kind: req.Kind}
	for _, o := range c.b.cluster.objects(req.Kind) {
		if m := o.metadata(); listed(req, m) {
			resp.Objects = append(resp.Objects, m)
		}
	}
	return c.reply(h, resp)
}

// objects returns what there is of a kind, by name. Of most there is nothing.
func (c *cluster) objects(kind protocol.ObjectKind) []*object {
	if kind == protocol.KindCustomSpu {
		return customSpus(c.objects(protocol.KindSpu))
	}
	f := c.feeds[kind]
	if f == nil {
		return nil
	}
	now, _ := f.current()
	return now.objects
}

// listed applies upstream's filters: a name filter is any part of the name; topics and partitions are of the system or not, as asked; the name
// filters of partitions are ignored (fluvio-sc/src/services/public_api/list.rs).
func listed(req *protocol.ListRequest, m protocol.Metadata) bool {
	switch spec := m.Spec.(type) {
	case *protocol.PartitionSpec:
		return spec.System == req.System
	case *protocol.TopicSpec:
		if spec.System != req.System {
			return false
		}
	}
	if len(req.NameFilters) == 0 {
		return true
	}
	for _, f := range req.NameFilters {
		if strings.Contains(m.Name, f.Name) {
			return true
		}
	}
	return false
}
