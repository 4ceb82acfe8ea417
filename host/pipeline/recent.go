package pipeline

import (
	"sync"
	"time"

	"github.com/weir-stream/weir/host/deadletter"
)

// MostRecent is how many rejected rows a Recent remembers.
const MostRecent = 100

// Recent is the rows that were rejected last, without their bytes. The zero Recent is ready. It is safe for concurrent use.
type Recent struct {
	mu   sync.Mutex
	rows []RejectedRow
	next int // the one that is replaced next, once there are MostRecent
}

// RejectedRow is a row that was rejected, and when.
type RejectedRow struct {
	At time.Time `json:"at"`
	deadletter.Letter
}

func (r *Recent) add(l deadletter.Letter) {
	l.Value, l.Whole = nil, nil
	row := RejectedRow{time.Now().UTC(), l}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) < MostRecent {
		r.rows = append(r.rows, row)
		return
	}
	r.rows[r.next] = row
	r.next = (r.next + 1) % MostRecent
}

// All are the rows, the oldest first.
func (r *Recent) All() []RejectedRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(append([]RejectedRow{}, r.rows[r.next:]...), r.rows[:r.next]...) // never nil: it becomes JSON
}
