package pipeline

import "github.com/weir-stream/weir/host/connector"

// reserve saves a checkpoint behind an item before it is written, where the pipeline writes at most once: what a crash takes is lost
// then, and nothing is written twice. A record of which the item has but the first rows is not read again either.
func (l *lane) reserve(it *item) error {
	if !l.sinks.mostOnce || len(it.outputs) == 0 && len(it.rejected) == 0 {
		return nil
	}
	at := it.point
	for _, o := range it.outputs {
		if n := o.Batch.From.Len(); n > 0 {
			at.next = max(at.next, o.Batch.From.Offset[n-1]+1)
		}
	}
	for i := range it.rejected {
		at.next = max(at.next, it.rejected[i].letter.Offset+1)
	}
	if at.next <= l.sinks.last.Next {
		return nil
	}
	return l.save(at)
}

// mostOnce tells whether any sink is written at most once: then all are.
func (c *Config) mostOnce() bool {
	for _, s := range c.Sinks {
		if s.Connector.Delivery() == connector.AtMostOnce {
			return true
		}
	}
	return false
}

// exactlyOnce tells whether any sink is written with producer sequences.
func (c *Config) exactlyOnce() bool {
	for _, s := range c.Sinks {
		if s.Connector.Delivery() == connector.ExactlyOnce {
			return true
		}
	}
	return false
}
