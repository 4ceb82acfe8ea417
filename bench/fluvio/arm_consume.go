package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/weir-stream/weir/fluvio"
)

// consumeArm reads partition 0 from the beginning and touches key, value and timestamp of every record.
func consumeArm(ctx context.Context, client *fluvio.Client, t Task) (Result, error) {
	opts := []fluvio.ConsumerOption{fluvio.WithMaxBytes(t.MaxBytes), fluvio.WithIsolation(fluvio.ReadUncommitted)}
	if t.Reuse {
		opts = append(opts, fluvio.WithReusedMemory())
	}
	m := newMeter()
	consumer, err := client.Consumer(ctx, t.Topic, 0, fluvio.Beginning(), opts...)
	if err != nil {
		return Result{}, err
	}
	defer consumer.Close()
	var sum checksum
	n := 0
	for n < t.Records {
		records, err := consumer.Poll(ctx)
		if err != nil {
			return Result{}, err
		}
		for i := range records {
			sum.add(&records[i])
		}
		n += len(records)
	}
	r := m.result(n)
	r.Checksum = sum.String()
	return r, nil
}

// checksum is of records in order: their timestamps and every word of key and value. Cheap, so that it hides no difference.
type checksum uint64

func (c *checksum) add(r *fluvio.Record) {
	content := words(r.Key)*31 + words(r.Value) + uint64(r.Timestamp)
	*c = checksum(bits.RotateLeft64((uint64(*c)^content)*0x9E37_79B9_7F4A_7C15, 29))
}

func (c checksum) String() string { return fmt.Sprintf("%016x", uint64(c)) }

// words adds up the little-endian words of bytes, the last one filled up with zeros.
func words(b []byte) uint64 {
	var s0, s1, s2, s3 uint64 // a compiler that uses vectors does the same
	for ; len(b) >= 32; b = b[32:] {
		s0 += binary.LittleEndian.Uint64(b)
		s1 += binary.LittleEndian.Uint64(b[8:])
		s2 += binary.LittleEndian.Uint64(b[16:])
		s3 += binary.LittleEndian.Uint64(b[24:])
	}
	for ; len(b) >= 8; b = b[8:] {
		s0 += binary.LittleEndian.Uint64(b)
	}
	var last [8]byte
	copy(last[:], b)
	return s0 + s1 + s2 + s3 + binary.LittleEndian.Uint64(last[:])
}
