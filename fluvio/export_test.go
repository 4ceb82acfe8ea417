package fluvio

// ConnectionCost is what a partition takes of a TopicConsumer's memory at least.
const ConnectionCost = connectionCost

// Memory is what a TopicConsumer holds by its own account, and the most it has held.
func (t *TopicConsumer) Memory() (held, highest int) {
	t.budget.mu.Lock()
	defer t.budget.mu.Unlock()
	return t.budget.used, t.budget.highest
}
