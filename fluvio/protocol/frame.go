package protocol

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weir-stream/weir/fluvio/internal/wire"
)

// What can be wrong with a frame. Fluvio has no way to answer any of it: a server
// closes the connection, and so should a client.
var (
	// ErrUnknownRequest says that the server has no request of that key.
	ErrUnknownRequest = errors.New("unknown request")
	// ErrUnsupportedVersion says that the request is of a version too old to be
	// decoded. Newer ones than are known are decoded as the newest known, as
	// upstream's servers do.
	ErrUnsupportedVersion = errors.New("unsupported version")
	// ErrMalformed says that bytes are missing or that a value cannot be.
	ErrMalformed = errors.New("malformed message")
)

// AppendRequest appends a whole frame to dst. It takes the key from req; the
// header's version must be one that the server takes. A frame has no more than
// 2 GiB - 1 bytes; keep record sets well below.
func AppendRequest(dst []byte, header RequestHeader, req Request) []byte {
	start := len(dst)
	dst = wire.BeginFrame(dst)
	header.APIKey = req.Key()
	dst = header.AppendTo(dst, 0)
	dst = req.AppendTo(dst, header.APIVersion)
	return wire.EndFrame(dst, start)
}

// AppendResponse appends a whole frame to dst. Correlation id and version are the
// request's.
func AppendResponse(dst []byte, correlationID int32, version int16, resp Message) []byte {
	start := len(dst)
	dst = wire.BeginFrame(dst)
	dst = wire.AppendI32(dst, correlationID)
	dst = resp.AppendTo(dst, version)
	return wire.EndFrame(dst, start)
}

// AppendStreamFetchHead appends a StreamFetchResponse's frame up to its records,
// which are its end: exactly size bytes of batches must be sent right after it. So
// batches can go from a file or a cache to a connection without being copied
// (net.Buffers). The response's own Records are not looked at.
func AppendStreamFetchHead(dst []byte, correlationID int32, version int16, resp *StreamFetchResponse, size int) []byte {
	head := *resp
	head.Partition.Records = nil
	start := len(dst)
	dst = AppendResponse(dst, correlationID, version, &head)
	length := len(dst) - start - wire.FrameHeader + size
	binary.BigEndian.PutUint32(dst[start:], uint32(length))
	binary.BigEndian.PutUint32(dst[len(dst)-4:], uint32(size))
	return dst
}

// DecodeRequest decodes a frame, without its length, that came to a server. The
// header is valid also if only the body is not. The request aliases the frame.
//
// The error wraps ErrUnknownRequest, ErrUnsupportedVersion or ErrMalformed.
func DecodeRequest(server Server, frame []byte) (RequestHeader, Request, error) {
	var header RequestHeader
	r := wire.NewReader(frame)
	header.ReadFrom(r, 0)
	if r.Err() != nil {
		return header, nil, fmt.Errorf("%w: request header: %w", ErrMalformed, r.Err())
	}
	api, ok := Lookup(server, header.APIKey)
	if !ok {
		return header, nil, fmt.Errorf("%w: key %d of an %v", ErrUnknownRequest, header.APIKey, server)
	}
	if header.APIVersion < api.MinVersion {
		return header, nil, fmt.Errorf("%w: %s at version %d, oldest is %d",
			ErrUnsupportedVersion, api.Name, header.APIVersion, api.MinVersion)
	}
	req := api.NewRequest()
	req.ReadFrom(r, header.APIVersion)
	if r.Err() != nil {
		return header, nil, fmt.Errorf("%w: %s request at version %d: %w",
			ErrMalformed, api.Name, header.APIVersion, r.Err())
	}
	return header, req, nil
}

// SplitResponse splits a frame, without its length, that came to a client. The
// correlation id says which request it answers, and so how to decode the body,
// which aliases the frame. The error wraps ErrMalformed.
func SplitResponse(frame []byte) (correlationID int32, body []byte, err error) {
	if len(frame) < 4 {
		return 0, nil, fmt.Errorf("%w: response of %d bytes", ErrMalformed, len(frame))
	}
	return int32(binary.BigEndian.Uint32(frame)), frame[4:], nil
}

// DecodeResponse decodes a response's body into resp, which aliases it. Version is
// the request's, and resp of the type that its NewResponse returns. The error
// wraps ErrMalformed.
func DecodeResponse(body []byte, version int16, resp Message) error {
	r := wire.NewReader(body)
	resp.ReadFrom(r, version)
	if r.Err() != nil {
		return fmt.Errorf("%w: %T at version %d: %w", ErrMalformed, resp, version, r.Err())
	}
	return nil
}
