package broker

import (
	"fmt"

	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

const (
	// maxInvocations bounds the SmartModules of one request, and maxParams the parameters of all of them.
	maxInvocations = 100
	maxParams      = 10_000
)

// checkCounts looks through a Produce or StreamFetch before it is decoded. A frame may be large because it carries records or code; of small things, which
// take many times their bytes once they are decoded, no honest request carries many. What is malformed is left to the decoder.
func checkCounts(frame []byte) error {
	var h protocol.RequestHeader
	r := wire.NewReader(frame)
	h.ReadFrom(r, 0)
	switch h.APIKey {
	case protocol.KeyProduce:
		if err := checkEntries(r); err != nil {
			return err
		}
	case protocol.KeyStreamFetch:
		_, _, _, _, _ = r.String(), r.U32(), r.I64(), r.I32(), r.U8() // topic, partition, offset, max_bytes, isolation
	default:
		return nil
	}
	return checkInvocations(r, h.APIVersion)
}

// checkEntries reads a Produce up to its SmartModules.
func checkEntries(r *wire.Reader) error {
	if r.Bool() {
		_ = r.String() // transactional id
	}
	_, _ = r.I16(), r.I32() // isolation, timeout
	topics, entries := r.Count(6), 0
	for range topics {
		_ = r.String()
		partitions := r.Count(8)
		if entries += 1 + partitions; entries > maxEntries || topics > maxEntries {
			return fmt.Errorf("%w: produce with more than %d entries", protocol.ErrMalformed, maxEntries)
		}
		for range partitions {
			_, _ = r.U32(), r.Bytes() // index, records
		}
	}
	return nil
}

// checkInvocations reads SmartModule invocations, one at a time.
func checkInvocations(r *wire.Reader, version int16) error {
	if r.Len() == 0 {
		return nil
	}
	params, n := 0, r.Count(1)
	if n > maxInvocations {
		return fmt.Errorf("%w: %d SmartModules in one request, limit %d", protocol.ErrMalformed, n, maxInvocations)
	}
	for range n {
		var one protocol.SmartModuleInvocation
		one.ReadFrom(r, version)
		if params += len(one.Params.Params); params > maxParams {
			return fmt.Errorf("%w: more than %d SmartModule parameters in one request", protocol.ErrMalformed, maxParams)
		}
	}
	return nil
}
