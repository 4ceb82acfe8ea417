package avroformat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// codec is how the blocks of a container are compressed (spec: Required Codecs, Optional Codecs).
type codec uint8

const (
	codecNull codec = iota
	codecDeflate
	codecSnappy
	codecZstandard
)

var codecNames = [...]string{codecNull: "null", codecDeflate: "deflate", codecSnappy: "snappy", codecZstandard: "zstandard"}

func codecByName(name string) (codec, bool) {
	for c, n := range codecNames {
		if n == name || name == "" && c == 0 {
			return codec(c), true
		}
	}
	return 0, false
}

var errUnpackedSize = errors.New("more than avro.max_uncompressed bytes")

// inflater takes the compression off blocks. It keeps what costs to make from block to block.
type inflater struct {
	most    int // bytes that the blocks of a container may have together
	deflate io.ReadCloser
	zstd    *zstd.Decoder
}

// unpack is the data of a block, of at most so many bytes, in memory of its own unless it was not compressed. With an error
// it is what there was until then, whose capacity says how much memory it took.
func (u *inflater) unpack(c codec, block []byte, most int) ([]byte, error) {
	switch c {
	case codecDeflate:
		return u.inflate(block, most)
	case codecSnappy:
		return unsnap(block, most)
	case codecZstandard:
		return u.unzstd(block, most)
	}
	if len(block) > most {
		return nil, errUnpackedSize
	}
	return block, nil
}

func (u *inflater) inflate(block []byte, most int) ([]byte, error) {
	in := bytes.NewReader(block)
	if u.deflate == nil {
		u.deflate = flate.NewReader(in)
	} else if err := u.deflate.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(u.deflate, int64(most)+1))
	if err == nil && len(out) > most {
		err = errUnpackedSize
	}
	return out, err
}

// maxSnappy is more than snappy makes of a byte: three bytes copy 64 at most.
const maxSnappy = 32

// unsnap reads a snappy block, behind which stands the checksum of its data.
func unsnap(block []byte, most int) ([]byte, error) {
	if len(block) < crc32.Size {
		return nil, io.ErrUnexpectedEOF
	}
	packed, sum := block[:len(block)-crc32.Size], binary.BigEndian.Uint32(block[len(block)-crc32.Size:])
	n, err := s2.DecodedLen(packed)
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, errUnpackedSize
	}
	if n/maxSnappy > len(packed) {
		return nil, errors.New("so few bytes cannot be as many as they say")
	}
	out, err := s2.Decode(nil, packed)
	if err == nil && crc32.ChecksumIEEE(out) != sum {
		err = errors.New("the checksum differs")
	}
	return out, err
}

func (u *inflater) unzstd(block []byte, most int) ([]byte, error) {
	if u.zstd == nil {
		var err error
		// The limit is the container's: what is left of it for this block is looked at below.
		if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(u.most))); err != nil {
			return nil, err
		}
	}
	var h zstd.Header
	if err := h.Decode(block); err == nil && h.HasFCS && h.FrameContentSize > uint64(most) {
		return nil, errUnpackedSize
	}
	out, err := u.zstd.DecodeAll(block, nil)
	if err == nil && len(out) > most {
		err = errUnpackedSize
	}
	return out, err
}

// deflater compresses the blocks of containers that are written.
type deflater struct {
	codec   codec
	buffer  bytes.Buffer
	deflate *flate.Writer
	zstd    *zstd.Encoder
	packed  []byte
}

func newDeflater(c codec) (*deflater, error) {
	d := &deflater{codec: c}
	var err error
	switch c {
	case codecDeflate:
		d.deflate, err = flate.NewWriter(&d.buffer, flate.DefaultCompression)
	case codecZstandard:
		d.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	}
	return d, err
}

// pack is the block for data. It holds until the next call.
func (d *deflater) pack(data []byte) ([]byte, error) {
	switch d.codec {
	case codecDeflate:
		d.buffer.Reset()
		d.deflate.Reset(&d.buffer)
		if _, err := d.deflate.Write(data); err != nil {
			return nil, fmt.Errorf("avro: %w", err)
		}
		if err := d.deflate.Close(); err != nil {
			return nil, fmt.Errorf("avro: %w", err)
		}
		return d.buffer.Bytes(), nil
	case codecSnappy:
		d.packed = s2.EncodeSnappy(d.packed[:cap(d.packed)], data)
		d.packed = binary.BigEndian.AppendUint32(d.packed, crc32.ChecksumIEEE(data))
		return d.packed, nil
	case codecZstandard:
		d.packed = d.zstd.EncodeAll(data, d.packed[:0])
		return d.packed, nil
	}
	return data, nil
}
