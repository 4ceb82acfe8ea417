package framing

// DefaultMaxFrames is Config.MaxFrames where that is 0, and MostFrames the most it may be.
const (
	DefaultMaxFrames = 1 << 16
	MostFrames       = 1 << 26
)

// counted bounds the frames of a value: what is behind the last one that there may be is one frame with an error.
type counted struct {
	Splitter
	most int
	n    int // frames of the value at hand; most+1: with the one that had the error
}

func newCounted(s Splitter, most int) *counted {
	if most == 0 {
		most = DefaultMaxFrames
	}
	return &counted{Splitter: s, most: most}
}

func (c *counted) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	if c.n > c.most {
		c.n = 0
		return nil, nil, false, nil
	}
	frame, remaining, ok, err = c.Splitter.Next(rest)
	if !ok {
		c.n = 0
		return frame, remaining, ok, err
	}
	if c.n++; c.n <= c.most {
		return frame, remaining, ok, err
	}
	for ok { // to the end of its walk
		_, _, ok, _ = c.Splitter.Next(nil)
	}
	return rest, nil, true, newError(CodeTooMany, "record has more than framing.max_frames frames: %d", c.most)
}
