package broker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// maxFilters bounds the names in a List. Each is compared with each object.
const maxFilters = 1000

// list answers List (key 1003). A kind that clients do not know the label of closes the connection, as upstream does.
func (c *conn) list(h protocol.RequestHeader, req *protocol.ListRequest) error {
	if !req.Kind.Known() {
		return errUnknownKind(req.Kind)
	}
	show, err := listed(req)
	if err != nil {
		return err
	}
	release, err := c.reserve(c.b.chunks, c.b.cluster.answerSize(req.Kind, req.Summary))
	if err != nil {
		return err
	}
	defer release()
	resp := &protocol.ListResponse{Kind: req.Kind}
	for _, o := range c.b.cluster.objects(req.Kind) {
		if m := o.metadata(); show(m) {
			if req.Summary {
				m = summarised(m)
			}
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

// objectSize is about what an object takes in memory while an answer is made of it, in bytes.
const objectSize = 512

// answerSize is about what an answer with all objects of a kind takes in memory.
func (c *cluster) answerSize(kind protocol.ObjectKind, summary bool) int {
	size := len(c.objects(kind)) * objectSize
	switch kind {
	case protocol.KindTopic:
		size += len(c.objects(protocol.KindPartition)) * objectSize / 4 // they are in the topics' replica maps
	case protocol.KindSmartModule:
		size += len(c.objects(kind)) * largestMeta
		if _, code := c.modules.totals(); !summary {
			size += int(code)
		}
	}
	return size
}

// listed returns upstream's filter (fluvio-sc/src/services/public_api/list.rs): a name filter is any part of the name; topics and partitions
// are of the system or not, as asked; name filters of partitions are ignored; those of SmartModules are package keys.
func listed(req *protocol.ListRequest) (func(protocol.Metadata) bool, error) {
	if len(req.NameFilters) > maxFilters {
		return nil, fmt.Errorf("%w: list with %d name filters, limit %d", protocol.ErrMalformed, len(req.NameFilters), maxFilters)
	}
	if req.Kind == protocol.KindSmartModule {
		return listedModules(req.NameFilters)
	}
	return func(m protocol.Metadata) bool {
		switch spec := m.Spec.(type) {
		case *protocol.PartitionSpec:
			return spec.System == req.System
		case *protocol.TopicSpec:
			if spec.System != req.System {
				return false
			}
		}
		return len(req.NameFilters) == 0 || slices.ContainsFunc(req.NameFilters, func(f protocol.ListFilter) bool {
			return strings.Contains(m.Name, f.Name)
		})
	}, nil
}

func listedModules(filters []protocol.ListFilter) (func(protocol.Metadata) bool, error) {
	keys := make([]packageKey, len(filters))
	for i, f := range filters {
		key, err := parsePackageKey(f.Name)
		if err != nil {
			return nil, fmt.Errorf("%w: list of SmartModules: %w", protocol.ErrMalformed, err)
		}
		keys[i] = key
	}
	return func(m protocol.Metadata) bool {
		spec, _ := m.Spec.(*protocol.SmartModuleSpec)
		return len(keys) == 0 || slices.ContainsFunc(keys, func(k packageKey) bool { return k.names(m.Name, spec.Meta) })
	}, nil
}
