package fluvio

import (
	"fmt"
	"sync"
	"time"

	"github.com/weir-stream/weir/fluvio/record"
)

// writerState is what a writer's goroutine is doing.
type writerState uint8

const (
	sending   writerState = iota // or about to look for something to send
	idle                         // waiting for a record
	lingering                    // waiting for more records, a full batch or the time to send
)

// writer is one partition of a producer. Callers append to its open batch; its goroutine, started with the first record, sends:
//
//	append ─▶ open ─seal▶ queue of sets ─next▶ send ─▶ acked | failed
type writer struct {
	producer *Producer
	replica  replica
	slot     int
	task     string        // what the goroutine does, for the log
	wake     chan struct{} // holds a token when the goroutine has been woken

	mu       sync.Mutex
	state    writerState
	open     *record.Builder // nil before the first record
	opened   time.Time       // when the open batch got its first record
	info     batchInfo       // of the open batch
	openCost int64
	queue    []*batchSet // sealed; the last one may have room
	hurried  bool        // the open batch is to go now
	accepted int64       // records
	acked    int64       // records
	lost     int64       // records of requests that are not sent again
	next     int64       // offset after the last acknowledged record, -1 if there is none
	failed   bool

	sight sight // of its goroutine, if the producer is sequenced
}

func newWriter(p *Producer, partition uint32, slot int) *writer {
	r := replica{p.topic, partition}
	return &writer{
		producer: p,
		replica:  r,
		slot:     slot,
		task:     "produce to " + r.String(),
		wake:     make(chan struct{}, 1),
		next:     -1,
		sight:    sight{from: -1, expected: -1},
	}
}

// ordinal is that of the record of an index.
func (w *writer) ordinal(index int64) int64 {
	return w.producer.settings.sequence.base(w.replica.partition) + index
}

// append adds a record to the open batch. Its cost has been taken from the budget. Who may be nil.
func (w *writer) append(r *Record, cost int64, who settler) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.ready(1); err != nil {
		return err
	}
	if w.open.Len() > 0 && !w.hasRoom(r) {
		w.seal()
	}
	if err := w.open.Append(r.Timestamp, r.Key, r.Value); err != nil {
		return err // can't be: there is room
	}
	number := w.producer.numbers.Add(1) - 1
	if w.open.Len() == 1 {
		w.info = batchInfo{first: w.accepted, number: number}
		if w.producer.settings.linger > 0 {
			w.opened = time.Now()
		}
	}
	if who != nil {
		w.info.waiting = append(w.info.waiting, waiting{who, w.open.Len() - 1, number})
	}
	w.accepted++
	w.openCost += cost
	switch {
	case w.open.Size() >= w.producer.settings.batchSize:
		w.seal()
	case w.producer.budget.waiting.Load() > 0:
		w.hurried = true // they looked before this record was here
	}
	w.rouse()
	return nil
}

// ready tells why so many more records are not accepted, or makes sure that there is an open batch.
func (w *writer) ready(records int64) error {
	if err := w.producer.refused(); err != nil {
		return err
	}
	if w.producer.settings.sequence != nil && w.ordinal(w.accepted)+records-1 > MaxOrdinal {
		return fmt.Errorf("%w: its ordinals for %v are used up: go on with another writer id", ErrSequence, w.replica)
	}
	if w.open == nil {
		return w.start()
	}
	return nil
}

func (w *writer) start() error {
	p := w.producer
	open, err := record.NewBuilder(p.codec, p.settings.batchSize)
	if err != nil {
		return err
	}
	p.running.Add(1)
	err = p.client.spawn(func() {
		defer p.running.Done()
		w.run(p.life)
	})
	if err != nil {
		p.running.Done()
		return err
	}
	w.open = open
	return nil
}

// hasRoom tells whether the open batch may take a record.
func (w *writer) hasRoom(r *Record) bool {
	most := w.producer.settings.batchSize
	if w.open.Size()+len(r.Key)+len(r.Value)+recordCost > most && w.open.Size()+w.open.SizeOf(r.Timestamp, r.Key, r.Value) > most {
		return false
	}
	return w.open.Fits(r.Timestamp)
}

// seal closes the open batch and queues it.
func (w *writer) seal() {
	s := &w.producer.settings
	w.info.count = w.open.Len()
	if s.sequence != nil {
		w.open.SetSequence(record.Sequence{Writer: s.sequence.writer, Ordinal: w.ordinal(w.info.first)})
	}
	batch, err := w.open.Finish()
	if err != nil {
		w.queue = append(w.queue, &batchSet{err: err}) // its turn comes, and ends the writer
	}
	w.tail(len(batch)).add(batch, w.info, w.openCost)
	w.open.Reset()
	w.info, w.openCost = batchInfo{}, 0
	w.hurried = false
	if s.sealed != nil {
		s.sealed(w.replica.partition)
	}
}

// tail is the set that a batch of that size goes to.
func (w *writer) tail(size int) *batchSet {
	if n := len(w.queue); n > 0 {
		if last := w.queue[n-1]; last.err != nil || len(last.bytes)+size <= w.producer.settings.maxRequest {
			return last
		}
	}
	s := w.producer.spare.Get().(*batchSet)
	w.queue = append(w.queue, s)
	return s
}

// rouse wakes the goroutine if there is something for it to do.
func (w *writer) rouse() {
	if w.state == idle || w.state == lingering && (len(w.queue) > 0 || w.hurried) {
		w.state = sending
		w.wake <- struct{}{} // has room: only this state has none in it
	}
}

// hurryUp has everything sent now that is accepted, and returns how many records that are.
func (w *writer) hurryUp() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open != nil && w.open.Len() > 0 {
		w.hurried = true
		w.rouse()
	}
	return w.accepted
}

// settled tells whether the first so many records are acknowledged, lost, or never will be acknowledged.
func (w *writer) settled(records int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked+w.lost >= records || w.failed
}

func (w *writer) acknowledged() (records, next int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked, w.next
}
