package commitlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/weir-stream/weir/fluvio/record"
)

// maxWindow bounds what one zstd frame may make the log keep of its past, in bytes: RFC 8878 wants 8 MiB of every decoder. Frames that
// ask for more are legal, so their records are not counted rather than refused.
const maxWindow = 8 << 20

// peeked is how much of a compressed payload is looked at, in bytes: more than the largest block of any codec, 8 MiB in old LZ4 frames, so that the count is in
// it whatever an honest producer does. Without it, megabytes of empty blocks would have to be gone through.
const peeked = 9 << 20

const countSize = 4 // bytes, u32, what a payload begins with

// checkRecords compares the number of records at the start of the payload with the offsets that the batch takes. Consumers number records by
// position (fluvio-protocol/src/record/data.rs), so a difference would make holes or overlaps.
func checkRecords(b record.Batch) error {
	count, known, err := recordCount(b)
	if err == nil && known && count != b.RecordCount() {
		err = fmt.Errorf("batch holds %d records but takes %d offsets", count, b.RecordCount())
	}
	return err
}

func recordCount(b record.Batch) (count int64, known bool, err error) {
	if b.Codec() != record.None {
		return peek(b)
	}
	payload := b.Payload()
	if len(payload) < countSize {
		return 0, false, errors.New("no room for the record count")
	}
	return int64(binary.BigEndian.Uint32(payload)), true, nil
}

// peekers decompress the start of payloads. There are as many at work as there are processors, which bounds their memory:
// some 9 MiB each at the very most.
var (
	peekers = sync.Pool{New: func() any { return new(peeker) }}
	atWork  = make(chan struct{}, runtime.GOMAXPROCS(0))
)

// peek decompresses the record count. It costs no more than one block of the codec, usually some 64 KiB; of a larger batch the rest is not
// looked at. Known is false for a codec that the log knows nothing of, and where it would take too much memory.
func peek(b record.Batch) (count int64, known bool, err error) {
	atWork <- struct{}{}
	defer func() { <-atWork }()
	p := peekers.Get().(*peeker)
	defer peekers.Put(p)
	p.source.Reset(b.Payload()[:min(len(b.Payload()), peeked)])
	defer p.source.Reset(nil) // keep nothing alive
	r, err := p.open(b.Codec())
	if r == nil && err == nil {
		return 0, false, nil
	}
	if err == nil {
		_, err = io.ReadFull(r, p.count[:])
	}
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("%v payload has no record count: %w", b.Codec(), err)
	}
	return int64(binary.BigEndian.Uint32(p.count[:])), true, nil
}

// peeker keeps one decoder of each codec.
type peeker struct {
	source bytes.Reader
	count  [countSize]byte
	gzip   *gzip.Reader
	snappy *s2.Reader
	lz4    *lz4.Reader
	zstd   *zstd.Decoder
}

// open returns a decoder of the source, none for an unknown codec.
func (p *peeker) open(codec record.Codec) (io.Reader, error) {
	var err error
	switch codec {
	case record.Gzip:
		if p.gzip == nil {
			p.gzip = new(gzip.Reader)
		}
		return p.gzip, p.gzip.Reset(&p.source)
	case record.Snappy:
		if p.snappy == nil {
			p.snappy = s2.NewReader(nil, s2.ReaderMaxBlockSize(64<<10))
		}
		p.snappy.Reset(&p.source)
		return p.snappy, nil
	case record.LZ4:
		if p.lz4 == nil {
			p.lz4 = lz4.NewReader(nil)
		}
		p.lz4.Reset(&p.source)
		return p.lz4, nil
	case record.Zstd:
		if p.zstd == nil {
			p.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, err
			}
		}
		return p.zstd, p.zstd.Reset(&p.source)
	}
	return nil, nil
}
