package checkpoint

import (
	"bytes"
	"fmt"
)

// newest is a lane's newest saved checkpoint, kept as the bytes of its file: whoever saved it may go on changing what it was made of.
type newest struct {
	ok         bool
	epoch      uint64
	writers    map[string]int64 // their ids, by sink
	file, next bytes.Buffer     // next is the one that is being saved
	drawing    bool             // a SaveTwice has begun and not ended
}

// Last returns a copy of the newest saved checkpoint.
func (n *newest) Last() (Checkpoint, bool) {
	if !n.ok {
		return Checkpoint{}, false
	}
	c, err := decode(n.file.Bytes())
	return c, err == nil // nil: encode makes sure
}

// take makes c the newest.
func (n *newest) take(c Checkpoint) error {
	if err := n.encode(c); err != nil {
		return err
	}
	n.took(&c)
	return nil
}

// encode makes the bytes of the next one.
func (n *newest) encode(c Checkpoint) error {
	if err := encode(&n.next, c); err != nil {
		return fmt.Errorf("checkpoint of %s/%d: %w", c.Pipeline, c.Partition, err)
	}
	return nil
}

// took says that the next one is the newest now.
func (n *newest) took(c *Checkpoint) {
	n.file, n.next = n.next, n.file
	n.ok, n.epoch = true, c.Epoch
	if !n.same(c) {
		n.writers = c.writers()
	}
}

// same tells whether c has the writer ids of the newest.
func (n *newest) same(c *Checkpoint) bool {
	with := 0
	for name, s := range c.Sinks {
		if s.Writer == 0 {
			continue
		}
		if n.writers[name] != s.Writer {
			return false
		}
		with++
	}
	return with == len(n.writers)
}

// admit tells whether c can follow the newest. That it can't is a mistake of the caller.
func (n *newest) admit(c *Checkpoint, twice bool) error {
	err := c.valid()
	switch {
	case err != nil:
	case n.ok && c.Epoch <= n.epoch || c.Epoch >= maxEpoch: // the last one is left for the second of two
		err = fmt.Errorf("epoch %d after %d", c.Epoch, n.epoch)
	case !twice && n.drawing:
		err = fmt.Errorf("epoch %d saved once while one with new writer ids is not yet saved twice", c.Epoch)
	case !twice && !n.same(c):
		err = fmt.Errorf("epoch %d saved once has writer ids %v, the one before has %v", c.Epoch, c.writers(), n.writers)
	}
	if err != nil {
		return fmt.Errorf("checkpoint of %s/%d: %w", c.Pipeline, c.Partition, err)
	}
	return nil
}
