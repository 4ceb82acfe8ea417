package objects

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Pack compresses the code of a SmartModule as clusters keep it and clients send it.
func Pack(wasm []byte) ([]byte, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(wasm)
	err = errors.Join(err, w.Close())
	return packed.Bytes(), err
}

// Unpack decompresses code, up to a limit in bytes: a few kilobytes may unpack to as many gigabytes.
func Unpack(packed []byte, limit int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("the code in the cluster can't be unpacked: %w", err)
	}
	wasm, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("the code in the cluster can't be unpacked: %w", err)
	}
	if len(wasm) > limit {
		return nil, fmt.Errorf("the code in the cluster unpacks to more than %d bytes", limit)
	}
	return wasm, nil
}
