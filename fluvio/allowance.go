package fluvio

import (
	"context"
	"sync"
)

// asked is what a chunk of up to so many bytes of batches costs: there is an answer around it, with the topic's name.
func asked(maxBytes int) int { return maxBytes + 512 + chunkCost }

// trustedAnswer is how much memory is taken on the word of an answer's length alone where no budget covers it, in bytes.
const trustedAnswer = 4 << 20

// allowance is what one stream has been granted for chunks that have not come yet, and where they go.
type allowance struct {
	budget *chunkBudget // nil for a Consumer: its queue's bound is enough
	share  int          // that the stream may always hold
	spares *spares      // nil unless memory is reused

	mu       sync.Mutex
	reserved int       // bytes granted
	arriving []arrival // answers that have been announced and not yet taken; paid from reserved
	idle     int       // counted as such in the budget
	extra    int       // counted as such in the budget
}

// arrival is an answer that is being read.
type arrival struct {
	cost   int
	memory []byte
}

// ask pays for a chunk of up to that many bytes, before it is asked for. If it may be long in coming, and more than the stream's
// share, there has to be enough to spare: else the error is errShrink.
func (a *allowance) ask(ctx context.Context, bytes int, soon bool) error {
	if a.budget == nil {
		return nil
	}
	extra := 0
	if bytes > a.share && !soon {
		extra = bytes - a.share
		if !a.budget.linger(extra) {
			return errShrink
		}
	}
	idle := bytes <= a.share || extra > 0
	if err := a.budget.take(ctx, bytes, idle); err != nil {
		a.budget.settle(0, 0, extra)
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reserved += bytes
	a.extra += extra
	if idle {
		a.idle += bytes
	}
	return nil
}

// memory is called before an answer is read: one that is larger than what was asked for, because a single batch is, needs as much more.
// If that is not to be had at once the error is a *growError.
func (a *allowance) memory(size int) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	cost := a.spares.capacity(size) + chunkCost
	if a.budget != nil {
		if lacks := a.announced() + cost - a.reserved; lacks > 0 {
			if !a.budget.try(lacks) {
				return nil, &growError{size}
			}
			a.reserved += lacks
		}
	}
	into := a.spares.get(size)
	if into == nil {
		into = a.fresh(size)
	}
	a.arriving = append(a.arriving, arrival{cost, into})
	return into, nil
}

// fresh takes memory for an answer. It returns none for one that is large beyond trust.
func (a *allowance) fresh(size int) []byte {
	switch {
	case a.budget == nil && a.spares == nil && size > blockSize/2 && size <= blockSize: // else records would hold far more than they came in
		return blocks.get()[:size:size]
	case a.budget != nil || size <= trustedAnswer:
		return make([]byte, size, a.spares.capacity(size))
	}
	return nil
}

// announced is what the arriving answers cost. The mutex is held.
func (a *allowance) announced() (sum int) {
	for i := range a.arriving {
		sum += a.arriving[i].cost
	}
	return sum
}

// took says that the next answer was taken. It returns what it costs as long as it is held, and the memory that it is in; what else was
// granted is given back.
func (a *allowance) took() (cost int, memory []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	cost, memory = a.arriving[0].cost, a.arriving[0].memory
	a.arriving[0] = arrival{}
	if a.arriving = a.arriving[1:]; len(a.arriving) == 0 {
		a.arriving = nil
	}
	if a.budget != nil {
		announced := a.announced()
		a.budget.settle(a.reserved-cost-announced, a.idle, a.extra)
		a.reserved, a.idle, a.extra = announced, 0, 0
	}
	return cost, memory
}

// end gives everything back: the stream has ended, and so has the goroutine that reads its connection.
func (a *allowance) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.budget != nil {
		a.budget.settle(a.reserved, a.idle, a.extra)
	}
	a.reserved, a.arriving, a.idle, a.extra = 0, nil, 0, 0
}
