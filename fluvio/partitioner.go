package fluvio

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
)

// Partitioner chooses the partition of a record. It must be safe for concurrent use, and must not keep the record.
type Partitioner interface {
	// Partition returns a number below partitions, which is at least 1.
	Partition(r Record, partitions int) uint32
}

// KeyHash sends equal keys to the same partition, as long as the number of partitions stays, and records without a key to every
// partition in turn. It is what official clients do, and agrees with them (fluvio/src/producer/partitioning.rs).
func KeyHash() Partitioner { return new(keyHash) }

// RoundRobin sends a record to every partition in turn, whatever its key.
func RoundRobin() Partitioner { return new(roundRobin) }

// StickyRoundRobin sends records without a key to one partition until its batch is closed, and then to the next one: fewer and larger
// batches than with KeyHash, which spreads every few records over all partitions. Records with a key go where KeyHash sends them. Use
// one for each producer.
func StickyRoundRobin() Partitioner { return new(stickyRoundRobin) }

type roundRobin struct{ next atomic.Uint32 }

func (p *roundRobin) Partition(_ Record, partitions int) uint32 {
	return (p.next.Add(1) - 1) % uint32(partitions)
}

type keyHash struct{ keyless roundRobin }

func (p *keyHash) Partition(r Record, partitions int) uint32 {
	if r.Key == nil {
		return p.keyless.Partition(r, partitions)
	}
	return PartitionForKey(r.Key, partitions)
}

type stickyRoundRobin struct{ current atomic.Uint32 }

func (p *stickyRoundRobin) Partition(r Record, partitions int) uint32 {
	if r.Key != nil {
		return PartitionForKey(r.Key, partitions)
	}
	current := p.current.Load()
	if current >= uint32(partitions) {
		p.current.CompareAndSwap(current, 0)
		current = 0
	}
	return current
}

// sealed goes on to the next partition when the current one's batch is closed.
func (p *stickyRoundRobin) sealed(partition uint32) {
	p.current.CompareAndSwap(partition, partition+1)
}

// PartitionForKey is the partition that official clients send a key to, of so many, at least 1.
func PartitionForKey(key []byte, partitions int) uint32 {
	return uint32(keySum(key) % uint64(partitions))
}

// keySum is SipHash-2-4 with a key of zeros over the length of b, 8 bytes little-endian, and b: Rust's hash of a slice.
func keySum(b []byte) uint64 {
	h := sip{0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573}
	h.block(uint64(len(b)))
	rest := b
	for ; len(rest) >= 8; rest = rest[8:] {
		h.block(binary.LittleEndian.Uint64(rest))
	}
	var last [8]byte
	copy(last[:], rest)
	last[7] = byte(8 + len(b)) // the length of all that is hashed
	h.block(binary.LittleEndian.Uint64(last[:]))
	h.v2 ^= 0xff
	for range 4 {
		h.round()
	}
	return h.v0 ^ h.v1 ^ h.v2 ^ h.v3
}

// sip is the state of SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
type sip struct{ v0, v1, v2, v3 uint64 }

func (h *sip) block(m uint64) {
	h.v3 ^= m
	h.round()
	h.round()
	h.v0 ^= m
}

func (h *sip) round() {
	h.v0 += h.v1
	h.v1 = bits.RotateLeft64(h.v1, 13) ^ h.v0
	h.v0 = bits.RotateLeft64(h.v0, 32)
	h.v2 += h.v3
	h.v3 = bits.RotateLeft64(h.v3, 16) ^ h.v2
	h.v0 += h.v3
	h.v3 = bits.RotateLeft64(h.v3, 21) ^ h.v0
	h.v2 += h.v1
	h.v1 = bits.RotateLeft64(h.v1, 17) ^ h.v2
	h.v2 = bits.RotateLeft64(h.v2, 32)
}
