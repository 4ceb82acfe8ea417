package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// An entry is one file of a Cache. Integers are little-endian.
//
//	 0  8 bytes   magic "weir.box"
//	 8  u32       format of the file, 1
//	12  u32       Version of the rewriter
//	16  32 bytes  key
//	48  u64       length of the metadata
//	56  32 bytes  SHA-256 of all the rest of the file: what stands before and what follows
//	88            metadata: the Module as JSON, without the binary
//	              the rewritten binary, to the end of the file
const (
	entryMagic  = "weir.box"
	entryFormat = 1
	entrySumAt  = 56
	entryDataAt = entrySumAt + sha256.Size
)

// errEntry says that a file does not hold the entry it should.
var errEntry = errors.New("not a usable cache entry")

func encodeEntry(key CacheKey, m *Module) ([]byte, error) {
	bare := *m
	bare.Wasm = nil
	metadata, err := json.Marshal(&bare)
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	out := make([]byte, 0, entryDataAt+len(metadata)+len(m.Wasm))
	out = append(out, entryMagic...)
	out = binary.LittleEndian.AppendUint32(out, entryFormat)
	out = binary.LittleEndian.AppendUint32(out, Version)
	out = append(out, key[:]...)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(metadata)))
	out = append(out, make([]byte, sha256.Size)...)
	out = append(out, metadata...)
	out = append(out, m.Wasm...)
	sum := entrySum(out)
	copy(out[entrySumAt:], sum[:])
	return out, nil
}

// entrySum is over everything but itself.
func entrySum(entry []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write(entry[:entrySumAt])
	h.Write(entry[entryDataAt:])
	h.Sum(sum[:0])
	return sum
}

// decodeEntry reads the entry of the key; the module's binary is a part of data. Every error is an errEntry.
func decodeEntry(key CacheKey, data []byte) (*Module, error) {
	if len(data) < entryDataAt {
		return nil, fmt.Errorf("%w: %d bytes are no header", errEntry, len(data))
	}
	if string(data[:8]) != entryMagic || binary.LittleEndian.Uint32(data[8:]) != entryFormat {
		return nil, fmt.Errorf("%w: another kind of file", errEntry)
	}
	if v := binary.LittleEndian.Uint32(data[12:]); v != Version {
		return nil, fmt.Errorf("%w: of rewriter version %d, this is %d", errEntry, v, Version)
	}
	if !bytes.Equal(data[16:48], key[:]) {
		return nil, fmt.Errorf("%w: of another module", errEntry)
	}
	if sum := entrySum(data); !bytes.Equal(data[entrySumAt:entryDataAt], sum[:]) {
		return nil, fmt.Errorf("%w: the checksum is wrong", errEntry)
	}
	body, length := data[entryDataAt:], binary.LittleEndian.Uint64(data[48:])
	if length > uint64(len(body)) {
		return nil, fmt.Errorf("%w: metadata of %d bytes in %d", errEntry, length, len(body))
	}
	m := new(Module)
	if err := json.Unmarshal(body[:length], m); err != nil {
		return nil, fmt.Errorf("%w: metadata: %w", errEntry, err)
	}
	m.Wasm = body[length:]
	return m, nil
}
