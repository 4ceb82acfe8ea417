package fluvio

import (
	"encoding/binary"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// produceRequest is a ProduceRequest of one record set, which is not copied.
type produceRequest struct {
	protocol.ProduceRequest
	records []byte
}

var _ mux.Scattered = (*produceRequest)(nil)

func newProduceRequest(p *Producer, r replica, records []byte) *produceRequest {
	isolation := protocol.ProduceReadCommitted
	if p.settings.isolation == ReadUncommitted {
		isolation = protocol.ProduceReadUncommitted
	}
	return &produceRequest{
		ProduceRequest: protocol.ProduceRequest{
			Isolation: isolation,
			TimeoutMs: int32(p.settings.commitTimeout.Milliseconds()),
			Topics: []protocol.ProduceTopic{{
				Name: r.topic, Partitions: []protocol.ProducePartition{{PartitionIndex: r.partition}},
			}},
			SmartModules: p.invocations,
		},
		records: records,
	}
}

// Scatter encodes the request without its SmartModules, so that the empty record set is its end but for their number, puts the length of
// the real record set in, and the SmartModules behind it.
func (r *produceRequest) Scatter(head []byte, version int16) (begin []byte, blocks [][]byte, end []byte) {
	bare := r.ProduceRequest
	bare.SmartModules = nil
	begin = bare.AppendTo(head, version)
	const countSize, lengthSize = 4, 4
	begin = begin[:len(begin)-countSize]
	binary.BigEndian.PutUint32(begin[len(begin)-lengthSize:], uint32(len(r.records)))
	return begin, [][]byte{r.records}, r.SmartModules.AppendTo(nil, version)
}
