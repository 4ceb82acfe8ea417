package admin

import (
	"fmt"
	"slices"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// Compression says which batches a topic takes.
type Compression uint8

// The compressions of topics.
const (
	AnyCompression Compression = iota // every producer chooses
	NoCompression
	Gzip
	Snappy
	LZ4
	Zstd
)

// onWire are the numbers of the protocol, by Compression.
var onWire = []protocol.CompressionAlgorithm{
	AnyCompression: protocol.CompressionAlgorithmAny,
	NoCompression:  protocol.CompressionAlgorithmNone,
	Gzip:           protocol.CompressionAlgorithmGzip,
	Snappy:         protocol.CompressionAlgorithmSnappy,
	LZ4:            protocol.CompressionAlgorithmLz4,
	Zstd:           protocol.CompressionAlgorithmZstd,
}

var compressionNames = []string{"any", "none", "gzip", "snappy", "lz4", "zstd"}

// String is any, none, gzip, snappy, lz4 or zstd.
func (c Compression) String() string {
	if int(c) >= len(compressionNames) {
		return fmt.Sprintf("compression(%d)", uint8(c))
	}
	return compressionNames[c]
}

// ParseCompression reads what String writes.
func ParseCompression(name string) (Compression, error) {
	if i := slices.Index(compressionNames, name); i >= 0 {
		return Compression(i), nil
	}
	return 0, fmt.Errorf("%w: compression '%s': want any, none, gzip, snappy, lz4 or zstd", ErrInvalidConfig, name)
}
