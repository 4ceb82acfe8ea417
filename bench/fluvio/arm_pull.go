package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

const (
	fetchVersion  = 25
	updateVersion = 0
)

// pullArm is what no client can do without: the same stream fetch and credits, every frame read into one buffer and dropped. Of
// the batches it looks at the headers, for the offset to ask for next.
func pullArm(ctx context.Context, client *fluvio.Client, t Task) (Result, error) {
	address, err := leader(ctx, admin.New(client), t.Topic)
	if err != nil {
		return Result{}, err
	}
	m := newMeter()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return Result{}, err
	}
	defer conn.Close()
	p := &puller{conn: conn}
	err = p.send(fetchVersion, &protocol.StreamFetchRequest{Topic: t.Topic, MaxBytes: int32(t.MaxBytes), Isolation: protocol.IsolationReadUncommitted})
	for next := int64(0); err == nil && next < int64(t.Records); {
		next, err = p.chunk(next)
	}
	return m.result(t.Records), err
}

// leader is the address of the SPU that holds partition 0.
func leader(ctx context.Context, a *admin.Admin, topic string) (string, error) {
	partitions, err := a.Partitions(ctx, topic)
	if err != nil {
		return "", err
	}
	spus, err := a.SPUs(ctx)
	if err != nil {
		return "", err
	}
	for _, spu := range spus {
		if len(partitions) > 0 && spu.ID == partitions[0].Leader {
			return spu.PublicEndpoint, nil
		}
	}
	return "", fmt.Errorf("topic %s has no leader among %d SPUs", topic, len(spus))
}

type puller struct {
	conn   net.Conn
	buffer []byte
	last   int32 // correlation id
}

func (p *puller) send(version int16, req protocol.Request) error {
	p.last++
	_, err := p.conn.Write(protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: version, CorrelationID: p.last}, req))
	return err
}

// chunk reads one frame, and if it is a chunk asks for the next one.
func (p *puller) chunk(next int64) (int64, error) {
	var size [4]byte
	if _, err := io.ReadFull(p.conn, size[:]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if n > len(p.buffer) {
		p.buffer = make([]byte, n)
	}
	frame := p.buffer[:n]
	if _, err := io.ReadFull(p.conn, frame); err != nil {
		return 0, err
	}
	if binary.BigEndian.Uint32(frame) != 1 {
		return next, nil // a credit is confirmed
	}
	var resp protocol.StreamFetchResponse
	if err := protocol.DecodeResponse(frame[4:], fetchVersion, &resp); err != nil {
		return 0, err
	}
	began := next
	for set := resp.Partition.Records; len(set) > 0; {
		batch, rest, err := record.Next(set)
		if errors.Is(err, record.ErrTruncated) && next > began {
			break // a cluster's SPUs cut chunks anywhere; what is left comes again
		}
		if err != nil {
			return 0, err
		}
		next, set = batch.NextOffset(), rest
	}
	return next, p.send(updateVersion, &protocol.UpdateOffsetsRequest{Offsets: []protocol.OffsetUpdate{{Offset: next, SessionID: resp.StreamID}}})
}
