package fluvio

import "github.com/weir-stream/weir/fluvio/record"

// arena is memory for what is decompressed, used again from Poll to Poll. A Poll may end within a batch, whose payload the next one goes
// on with, so there are two: each Poll that decompresses anything takes the one that the Poll before did not.
//
// The partitions of a TopicConsumer share an arena: none of them is read while another one is in the middle of a batch. A nil arena is of
// a consumer that does not use memory again.
type arena struct {
	last   []byte // payloads of the last Poll that decompressed any; the batch that is being read is the last of them
	before []byte // those of the Poll before
	begun  bool   // by a Poll that has not decompressed anything
}

// keptPayloads is how much memory each of the two keeps, in bytes: a Poll's, and a batch beyond.
const keptPayloads = 2 * pollBytes

// begin begins a Poll: nobody holds what was returned before.
func (a *arena) begin() {
	if a != nil {
		a.begun = true
	}
}

// inflate returns a batch's payload, which is valid until the next Poll, and for as long as the batch is being read.
func (a *arena) inflate(d *record.Decompressor, b record.Batch) ([]byte, error) {
	if a.begun {
		a.last, a.before, a.begun = a.before[:0], a.last, false
	}
	start := len(a.last)
	all, err := d.Append(a.last, b)
	if err != nil {
		return nil, err
	}
	if cap(all) <= keptPayloads {
		a.last = all
	}
	return all[start:len(all):len(all)], nil
}
