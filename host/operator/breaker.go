package operator

import (
	"fmt"

	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// Breaker bounds the rows of a stage that may be condemned: where more are, it is the module that is broken. The chain then
// ends before anything of the batch at hand comes out, so none of that batch's rows reaches a dead letter; the rows of
// earlier batches count, but are through. Rows are counted as the stage gets them, from the opening of the chain on,
// wherever batches are cut.
type Breaker struct {
	// Run is how many condemned rows in a row end the chain. 0: no limit.
	Run int
	// Percent is how many of the last BreakerRows rows may be condemned. 0 and 100: no limit.
	Percent int
}

// BreakerRows is how many rows Breaker.Percent is of.
const BreakerRows = 1000

// The defaults of a breaker. Poison that is in the data is rare and scattered; a broken module fails on all rows, or on all of
// a kind.
const (
	DefaultBreakerRun     = 16
	DefaultBreakerPercent = 10
)

// breaker counts for a Breaker. The zero breaker never trips.
type breaker struct {
	Breaker
	seen   int64   // rows
	inARow int     // the last of them that were condemned
	last   []int64 // a ring of the places of the rows condemned last, as many as may be among BreakerRows
	oldest int     // in last, once that is full
}

func newBreaker(b Breaker) breaker {
	n := breaker{Breaker: b}
	if b.Percent > 0 && b.Percent < 100 {
		n.last = make([]int64, 0, b.Percent*BreakerRows/100)
	}
	return n
}

// passed counts rows that the module did not fail on.
func (b *breaker) passed(rows int) {
	b.seen += int64(rows)
	b.inARow = 0
}

// condemned counts a condemned row and says which limit it passes: "16 rows in a row"; "" where none.
func (b *breaker) condemned() (limit, option string) {
	at := b.seen
	b.seen++
	b.inARow++
	if b.Run > 0 && b.inARow >= b.Run {
		return fmt.Sprintf("%d rows in a row", b.inARow), "weir.max_poison_run"
	}
	if most := cap(b.last); len(b.last) < most {
		b.last = append(b.last, at)
	} else if most > 0 {
		first := b.last[b.oldest]
		b.last[b.oldest] = at
		b.oldest = (b.oldest + 1) % most
		if at-first < BreakerRows {
			return fmt.Sprintf("%d of the last %d rows", most+1, BreakerRows), "weir.max_poison_percent"
		}
	}
	return "", ""
}

// tripped is the error that ends the chain at the row of a letter.
func (s *stage) tripped(limit, option string, l *deadletter.Letter) error {
	return fault.Inputf("function %s failed on %s, on each alone and from a clean image, the last one %s: %s: %s; "+
		"none of this batch's rows has gone to a dead letter. Mend the module, or raise %s if it is the data that are to blame",
		s.Function, limit, located(l), l.Code, visible.Line(l.Message), option)
}
