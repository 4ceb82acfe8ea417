package framing

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/s2"
)

// How framed snappy begins. No block begins so: behind the length and at most one byte there would be a copy of what lies
// before the block.
var (
	streamMagic = []byte("\xff\x06\x00\x00sNaPpY")              // google/snappy framing_format.txt, 4.1
	xerialMagic = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0} // snappy-java SnappyCodec.java
)

const (
	snappyChunk  = 64 << 10 // decompressed bytes of a chunk of snappy's framing format, at most
	xerialHeader = 16       // bytes: magic, version, oldest version that can read it
	// A copy of 64 bytes takes three, so a block does not unpack to more than this times its length
	// (google/snappy format_description.txt, 2.2.2).
	blockFactor = 22
)

var (
	errBlock  = errors.New("corrupt snappy block")
	errXerial = errors.New("corrupt snappy-java stream")
)

// decodeSnappy appends a snappy value of any kind to dst, decompressed.
func (d *decompressor) decodeSnappy(dst, packed []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(packed, xerialMagic):
		return appendXerial(dst, packed, d.limit)
	case !bytes.HasPrefix(packed, streamMagic):
		return appendBlock(dst, packed, d.limit)
	}
	if d.snappy == nil {
		d.snappy = s2.NewReader(nil, s2.ReaderMaxBlockSize(snappyChunk))
	}
	d.snappy.Reset(&d.source)
	return readAll(dst, d.snappy, d.limit)
}

// appendBlock appends a block to dst, decompressed, of limit bytes at most.
func appendBlock(dst, block []byte, limit int) ([]byte, error) {
	n, err := s2.DecodedLen(block)
	switch {
	case err != nil || n > blockFactor*len(block):
		return dst, errBlock
	case n > limit:
		return dst, errTooLarge
	}
	end := len(dst) + n
	dst = slices.Grow(dst, n)
	if _, err := s2.Decode(dst[len(dst):end], block); err != nil {
		return dst, errBlock
	}
	return dst[:end], nil
}

// appendXerial appends snappy-java's blocks to dst, decompressed: each has its length before it, 4 bytes, big endian.
func appendXerial(dst, packed []byte, limit int) ([]byte, error) {
	if len(packed) < xerialHeader {
		return dst, io.ErrUnexpectedEOF
	}
	end := len(dst) + limit
	for rest := packed[xerialHeader:]; len(rest) > 0; {
		if len(rest) < 4 {
			return dst, io.ErrUnexpectedEOF
		}
		n := binary.BigEndian.Uint32(rest)
		rest = rest[4:]
		switch {
		case n == 0 || n > 1<<31-1:
			return dst, errXerial
		case int(n) > len(rest):
			return dst, io.ErrUnexpectedEOF
		}
		var err error
		if dst, err = appendBlock(dst, rest[:n], end-len(dst)); err != nil {
			return dst, err
		}
		rest = rest[n:]
	}
	return dst, nil
}

// packBlock appends value to dst as a block.
func packBlock(dst, value []byte) []byte {
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(value)))
	block := s2.EncodeSnappy(dst[len(dst):cap(dst)], value)
	return dst[:len(dst)+len(block)]
}

// Chunks of the framing format (framing_format.txt, 4.2 and 4.3).
const (
	chunkCompressed   = 0
	chunkUncompressed = 1
	chunkHeader       = 4 // bytes: type and length
	chunkSum          = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// packStream appends value to dst in the framing format.
func packStream(dst, value []byte) []byte {
	dst = append(dst, streamMagic...)
	for len(value) > 0 {
		n := min(len(value), snappyChunk)
		dst, value = packChunk(dst, value[:n]), value[n:]
	}
	return dst
}

// packChunk appends a chunk to dst: type, length of what follows in three bytes, masked checksum (framing_format.txt, 3), data.
func packChunk(dst, data []byte) []byte {
	start := len(dst)
	sum := crc32.Checksum(data, castagnoli)
	dst = append(dst, chunkCompressed, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, (sum>>15|sum<<17)+0xa282ead8)
	dst = packBlock(dst, data)
	if len(dst)-start-chunkHeader-chunkSum >= len(data) {
		dst = append(dst[:start+chunkHeader+chunkSum], data...)
		dst[start] = chunkUncompressed
	}
	n := len(dst) - start - chunkHeader
	dst[start+1], dst[start+2], dst[start+3] = byte(n), byte(n>>8), byte(n>>16)
	return dst
}
