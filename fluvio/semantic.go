package fluvio

import "fmt"

// DeliverySemantic says what a producer does when it does not learn what became of a request.
type DeliverySemantic uint8

const (
	// AtLeastOnce sends again until there is an acknowledgement, or the retry budget is spent. A record may be written twice, unless
	// the producer is sequenced (WithSequence). It is the default.
	AtLeastOnce DeliverySemantic = iota
	// AtMostOnce sends every request once. Records whose request failed, or was not answered, are lost: that is reported for each of
	// them (WithOnDelivery, Send, ProduceFunc) and counted (Producer.Lost), and the producer goes on with the next ones. They may have
	// been written all the same: see ProduceError. Until a request has been sent, a connection for it is tried for, within the retry
	// budget.
	AtMostOnce
)

// String is at_least_once or at_most_once, as in the configuration of official clients.
func (s DeliverySemantic) String() string {
	switch s {
	case AtLeastOnce:
		return "at_least_once"
	case AtMostOnce:
		return "at_most_once"
	}
	return fmt.Sprintf("DeliverySemantic(%d)", uint8(s))
}

// WithDeliverySemantic chooses AtLeastOnce, the default, or AtMostOnce.
func WithDeliverySemantic(s DeliverySemantic) ProducerOption {
	return producerOption(func(o *producerSettings) { o.semantic = s })
}

// Lost is how many records an AtMostOnce producer has lost so far; see there. For others it is 0: they fail instead.
func (p *Producer) Lost() int64 { return p.lost.Load() }
