package framing

import (
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// compressor compresses one value after the other. It keeps the encoder, which is costly to make.
type compressor struct {
	how    Compression
	out    sliceWriter
	stream stream        // gzip, lz4
	zstd   *zstd.Encoder // zstd
}

// stream is what the encoders of streams have in common.
type stream interface {
	io.WriteCloser
	Reset(io.Writer)
}

// pack gives the compressed value, which is valid until the next call.
func (c *compressor) pack(value []byte) ([]byte, error) {
	if cap(c.out) > kept {
		c.out = nil
	}
	c.out = c.out[:0]
	if err := c.open(); err != nil {
		return nil, err
	}
	switch {
	case c.how == SnappyBlock:
		c.out = packBlock(c.out, value)
		return c.out, nil
	case c.how == Snappy:
		c.out = packStream(c.out, value)
		return c.out, nil
	case c.zstd != nil:
		c.out = c.zstd.EncodeAll(value, c.out)
		return c.out, nil
	}
	c.stream.Reset(&c.out)
	if _, err := c.stream.Write(value); err != nil {
		return nil, err
	}
	if err := c.stream.Close(); err != nil {
		return nil, err
	}
	return c.out, nil
}

// open makes the encoder, unless there is one.
func (c *compressor) open() (err error) {
	if c.stream != nil || c.zstd != nil {
		return nil
	}
	switch c.how {
	case Gzip:
		c.stream = gzip.NewWriter(nil)
	case LZ4:
		w := lz4.NewWriter(nil)
		err = w.Apply(lz4.BlockSizeOption(lz4.Block64Kb))
		c.stream = w
	case Zstd:
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	}
	return err
}

// sliceWriter appends what is written to a slice.
type sliceWriter []byte

func (w *sliceWriter) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
