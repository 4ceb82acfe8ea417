package fluvio

import "context"

// ConnectionCost is what a partition takes of a TopicConsumer's memory at least.
const ConnectionCost = connectionCost

// Memory is what a TopicConsumer holds by its own account, and the most it has held.
func (t *TopicConsumer) Memory() (held, highest int) {
	t.budget.mu.Lock()
	defer t.budget.mu.Unlock()
	return t.budget.used, t.budget.highest
}

// Arena is the memory that is kept for decompressed batches, in bytes.
func (t *TopicConsumer) Arena() int {
	sum := 0
	seen := map[*arena]bool{}
	for _, c := range t.consumers() {
		if !seen[c.arena] {
			sum += c.arena.size()
		}
		seen[c.arena] = true
	}
	return sum
}

// ProduceSlowly appends a record to partition 0, with a pause after it has room.
func (p *Producer) ProduceSlowly(r Record, pause func()) error {
	w, err := p.writer(0)
	if err != nil {
		return err
	}
	cost := int64(len(r.Value)) + recordCost
	if err := p.budget.take(context.Background(), cost, p.life.Done(), p.hurry); err != nil {
		return err
	}
	pause()
	return w.append(&r, cost, nil)
}

func (a *arena) size() int { return cap(a.last) + cap(a.before) }
