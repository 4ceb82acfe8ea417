package record

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codec is how a batch's payload is compressed. Its numbers are those in batches,
// not those in the configuration of topics.
type Codec uint8

// The codecs (fluvio-compression/src/lib.rs).
const (
	None   Codec = 0
	Gzip   Codec = 1 // RFC 1952
	Snappy Codec = 2 // framing format
	LZ4    Codec = 3 // frame format
	Zstd   Codec = 4
)

// String is the name of the codec, in lower case.
func (c Codec) String() string {
	switch c {
	case None:
		return "none"
	case Gzip:
		return "gzip"
	case Snappy:
		return "snappy"
	case LZ4:
		return "lz4"
	case Zstd:
		return "zstd"
	}
	return fmt.Sprintf("codec(%d)", uint8(c))
}

// compressor compresses the payloads of batches, one at a time. It keeps the
// encoder, which is costly to make.
type compressor struct {
	codec  Codec
	out    []byte
	stream resetWriter   // gzip, snappy, lz4
	zstd   *zstd.Encoder // zstd
}

// resetWriter is what the encoders of streams have in common.
type resetWriter interface {
	io.WriteCloser
	Reset(io.Writer)
}

func newCompressor(codec Codec) (*compressor, error) {
	c := &compressor{codec: codec}
	var err error
	switch codec {
	case None:
	case Gzip:
		c.stream = gzip.NewWriter(nil)
	case Snappy:
		c.stream = s2.NewWriter(nil, s2.WriterSnappyCompat(), s2.WriterBlockSize(64<<10), s2.WriterConcurrency(1))
	case LZ4:
		w := lz4.NewWriter(nil)
		err = w.Apply(lz4.BlockSizeOption(lz4.Block64Kb))
		c.stream = w
	case Zstd:
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	default:
		return nil, fmt.Errorf("%w: %v", ErrCodec, codec)
	}
	if err != nil {
		return nil, fmt.Errorf("%v encoder: %w", codec, err)
	}
	return c, nil
}

// compress returns batch with its payload compressed, in memory of its own or, if
// there is nothing to compress, batch itself. It does not touch the header.
func (c *compressor) compress(batch []byte) ([]byte, error) {
	header, payload := batch[:HeaderSize], batch[HeaderSize:]
	switch {
	case c.codec == None:
		return batch, nil
	case c.zstd != nil:
		c.out = c.zstd.EncodeAll(payload, append(c.out[:0], header...))
		return c.out, nil
	}
	c.out = append(c.out[:0], header...)
	c.stream.Reset((*sliceWriter)(&c.out))
	if _, err := c.stream.Write(payload); err != nil {
		return nil, fmt.Errorf("compressing by %v: %w", c.codec, err)
	}
	if err := c.stream.Close(); err != nil {
		return nil, fmt.Errorf("compressing by %v: %w", c.codec, err)
	}
	return c.out, nil
}

// sliceWriter appends what is written to a slice.
type sliceWriter []byte

func (w *sliceWriter) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
