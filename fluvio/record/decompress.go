package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// DefaultMaxPayload is the limit of a Decompressor whose MaxPayload is 0: 64 MiB,
// twice the largest batch that an SPU stores.
const DefaultMaxPayload = 64 << 20

// zstdWindow is the window that a zstd frame may ask for however low the limit, in
// bytes: what RFC 8878 wants of every decoder. The official encoder uses 512 KiB.
const zstdWindow = 8 << 20

// Decompressor yields the payloads of batches. It keeps decoders and memory from
// one batch to the next. The zero value is ready; it is not safe for concurrent use.
type Decompressor struct {
	// MaxPayload is the largest payload to decompress, in bytes; 0 means
	// DefaultMaxPayload. Do not change it after the first use.
	MaxPayload int

	source bytes.Reader
	gzip   *gzip.Reader
	snappy *s2.Reader
	lz4    *lz4.Reader
	zstd   *zstd.Decoder
	buf    []byte
}

// Payload returns the batch's payload, decompressed. Of an uncompressed batch it
// is part of the batch; else it belongs to d and is valid until d's next use.
//
// The error wraps ErrCodec, ErrTooLarge or ErrDamaged.
func (d *Decompressor) Payload(b Batch) ([]byte, error) {
	if b.Codec() == None {
		return b.Payload(), nil
	}
	out, err := d.Append(d.buf[:0], b)
	d.buf = out[:0]
	return out, err
}

// Append appends the batch's payload, decompressed, to dst, also if it was not
// compressed. MaxPayload limits what decompression appends, whatever dst held
// before. After an error dst is returned as it was. The errors are those of Payload.
func (d *Decompressor) Append(dst []byte, b Batch) ([]byte, error) {
	if b.Codec() == None {
		return append(dst, b.Payload()...), nil
	}
	out, err := d.decode(dst, b)
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, ErrTooLarge) || errors.Is(err, ErrCodec):
		return dst, err
	}
	return dst, fmt.Errorf("%w %v payload of batch at offset %d: %w", ErrDamaged, b.Codec(), b.BaseOffset(), err)
}

func (d *Decompressor) decode(dst []byte, b Batch) ([]byte, error) {
	if b.Codec() == Zstd {
		return d.decodeZstd(dst, b.Payload())
	}
	d.source.Reset(b.Payload())
	defer d.source.Reset(nil) // keep nothing alive
	r, err := d.open(b.Codec())
	if err != nil {
		return dst, err
	}
	return readAll(dst, r, d.limit())
}

func (d *Decompressor) limit() int {
	if d.MaxPayload <= 0 {
		return DefaultMaxPayload
	}
	return d.MaxPayload
}

// decodeZstd decodes whole frames, which needs no window beside the output. A frame
// that announces its size has that allocated at once, up to the decoder's limit.
func (d *Decompressor) decodeZstd(dst, payload []byte) ([]byte, error) {
	if d.zstd == nil {
		var err error
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(max(zstdWindow, d.limit()))))
		if err != nil {
			return dst, err
		}
	}
	out, err := d.zstd.DecodeAll(payload, dst)
	tooLarge := errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded)
	if tooLarge || err == nil && len(out)-len(dst) > d.limit() {
		return dst, fmt.Errorf("%w payload: more than %d bytes", ErrTooLarge, d.limit())
	}
	return out, err
}

// open returns a decoder of the source.
func (d *Decompressor) open(codec Codec) (io.Reader, error) {
	var err error
	switch codec {
	case Gzip:
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err = d.gzip.Reset(&d.source); err == nil {
			d.gzip.Multistream(false) // as upstream's decoder: one member
		}
		return d.gzip, err
	case Snappy:
		if d.snappy == nil {
			d.snappy = s2.NewReader(nil, s2.ReaderMaxBlockSize(64<<10))
		}
		d.snappy.Reset(&d.source)
		return d.snappy, nil
	case LZ4:
		if d.lz4 == nil {
			d.lz4 = lz4.NewReader(nil)
		}
		d.lz4.Reset(&d.source)
		return d.lz4, nil
	}
	return nil, fmt.Errorf("%w: %v", ErrCodec, codec)
}

// readAll appends all of r to dst, but no more than limit bytes. Memory grows with
// what is read, by half at a time.
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
			return dst, fmt.Errorf("%w payload: more than %d bytes", ErrTooLarge, limit)
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}
