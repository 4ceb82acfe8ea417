package framing

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression is how a record's value is compressed as a whole, before it is cut into frames.
type Compression uint8

// The compressions. Of Gzip, Zstd, LZ4 and the snappy stream a value may hold several members or frames, one behind the
// other; together they are the value. Anything else behind them is an error, as is an empty value.
const (
	Uncompressed Compression = iota
	Gzip                     // RFC 1952
	Zstd                     // RFC 8878
	Snappy                   // snappy's framing format; read as well: snappy-java's (xerial) and a block, told apart by their first bytes
	SnappyBlock              // a block of snappy, without framing
	LZ4                      // LZ4 frame format
)

var compressions = []string{Uncompressed: "none", Gzip: "gzip", Zstd: "zstd", Snappy: "snappy", SnappyBlock: "snappy_block", LZ4: "lz4"}

// String is the compression as the option framing.compression spells it.
func (c Compression) String() string { return word(compressions, c) }

// DefaultMaxUncompressed is Config.MaxUncompressed where that is 0, in bytes.
const DefaultMaxUncompressed = 64 << 20

func (c *Config) maxUncompressed() int {
	if c.MaxUncompressed <= 0 {
		return DefaultMaxUncompressed
	}
	return min(c.MaxUncompressed, math.MaxInt32)
}

const (
	kept       = 4 << 20 // bytes of scratch memory that outlive a value
	zstdWindow = 8 << 20 // bytes of the window that a zstd frame may ask for however low the limit: RFC 8878 wants it of every decoder
)

// unpacked decompresses values for another splitter.
type unpacked struct {
	*decompressor
	frames Splitter
	kept   keeper
	walk   walk
}

type walk uint8

const (
	idle   walk = iota // the next call is a value's first
	open               // frames of a value are taken
	failed             // the value could not be decompressed
)

func (u *unpacked) Next(rest []byte) (frame, remaining []byte, ok bool, err error) {
	switch u.walk {
	case failed:
		u.walk = idle
		return nil, nil, false, nil
	case idle:
		value, err := u.unpack(rest)
		if err != nil {
			u.walk, err.packed = failed, true
			return rest, nil, true, err
		}
		u.walk, rest = open, value
	}
	if frame, remaining, ok, err = u.frames.Next(rest); !ok {
		u.walk = idle
		return nil, nil, false, err
	}
	return u.kept.keep(frame), remaining, true, err
}

// decompressor decompresses one value after the other. It keeps the decoders, which are costly to make.
type decompressor struct {
	how     Compression
	limit   int
	scratch []byte
	source  bytes.Reader
	gzip    *gzip.Reader
	snappy  *s2.Reader
	lz4     *lz4.Reader
	zstd    *zstd.Decoder
}

func newDecompressor(c Config) *decompressor {
	return &decompressor{how: c.Compression, limit: c.maxUncompressed()}
}

// unpack gives the decompressed value, which is valid until the next call.
func (d *decompressor) unpack(packed []byte) ([]byte, *Error) {
	if len(packed) == 0 {
		return nil, newError(CodeTruncated, "record is empty, which is no %v data", d.how)
	}
	out, err := d.decode(d.scratch[:0], packed)
	if d.scratch = out[:0]; cap(out) > kept {
		d.scratch = nil
	}
	switch {
	case errors.Is(err, errTooLarge), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, newError(CodeTooLarge, "record unpacks to more than framing.max_uncompressed: %d bytes", d.limit)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, newError(CodeTruncated, "record ends within its %v data", d.how)
	case err != nil:
		return nil, newError(CodeCompression, "record can't be decompressed as %v: %v", d.how, err)
	}
	return out, nil
}

var errTooLarge = errors.New("too large")

// decode appends the decompressed value to dst.
func (d *decompressor) decode(dst, packed []byte) ([]byte, error) {
	d.source.Reset(packed)
	defer d.source.Reset(nil) // keep nothing alive
	switch d.how {
	case Gzip:
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err := d.gzip.Reset(&d.source); err != nil {
			return dst, err
		}
		return readAll(dst, d.gzip, d.limit)
	case LZ4:
		if d.lz4 == nil {
			d.lz4 = lz4.NewReader(nil)
		}
		d.lz4.Reset(&d.source)
		return readAll(dst, d.lz4, d.limit)
	case Zstd:
		return d.decodeZstd(dst, packed)
	case Snappy:
		return d.decodeSnappy(dst, packed)
	}
	return appendBlock(dst, packed, d.limit)
}

// decodeZstd decodes whole frames, which needs no window beside the output. A frame that announces its size has that
// allocated at once, up to the limit.
func (d *decompressor) decodeZstd(dst, packed []byte) ([]byte, error) {
	if d.zstd == nil {
		var err error
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(max(zstdWindow, d.limit))))
		if err != nil {
			return dst, err
		}
	}
	out, err := d.zstd.DecodeAll(packed, dst)
	if err == nil && len(out)-len(dst) > d.limit {
		err = errTooLarge
	}
	return out, err
}

// readAll appends all of r to dst, but hardly more than limit bytes. Memory grows with what is read, by half at a time.
func readAll(dst []byte, r io.Reader, limit int) ([]byte, error) {
	end := len(dst) + limit
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, max(512, len(dst)/2))
		}
		n, err := r.Read(dst[len(dst):min(cap(dst), end+1)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > end:
			return dst, errTooLarge
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}
