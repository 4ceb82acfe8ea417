package pipeline

import "github.com/weir-stream/weir/host/connector"

// reserve saves a checkpoint behind an item before it is written, where the pipeline writes at most once: what a crash takes is lost
// then, and nothing is written twice.
func (l *lane) reserve(it *item) error {
	if !l.sinks.mostOnce || it.next <= l.sinks.last.Next || len(it.outputs) == 0 && len(it.rejected) == 0 {
		return nil
	}
	return l.save(it.next, nil, nil)
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
