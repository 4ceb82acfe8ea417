package fluvio

// confirm tells everyone that batches are written, the first one at offset, the others right behind.
func (w *writer) confirm(batches []batchInfo, offset int64) {
	for i := range batches {
		b := &batches[i]
		w.producer.settings.onDelivery(Delivery{Partition: w.replica.partition, First: b.first, Records: b.count, Offset: offset})
		for _, r := range b.waiting {
			r.settler.settle(RecordMetadata{Partition: w.replica.partition, Offset: offset + int64(r.index)}, nil)
		}
		offset += int64(b.count)
		w.mu.Lock()
		w.acked += int64(b.count)
		w.next = offset
		w.mu.Unlock()
	}
}

// recycle keeps the memory of a set that is done with for another one, and wakes who waits for room or for the end.
func (w *writer) recycle(set *batchSet) {
	p := w.producer
	cost := set.cost
	set.reset()
	p.spare.Put(set)
	p.budget.release(cost)
	p.progress.broadcast()
}

// refuse tells everyone that a batch is not acknowledged. sent: it may have been written all the same.
func (w *writer) refuse(b *batchInfo, reason error, sent bool) {
	failure := w.failure(b.first, b.number, int64(b.count), reason)
	failure.mark(sent, failure.Records)
	w.producer.settings.onDelivery(Delivery{Partition: w.replica.partition, First: b.first, Records: b.count, Offset: -1, Err: failure})
	for _, r := range b.waiting {
		one := w.failure(b.first+int64(r.index), r.number, 1, reason)
		one.mark(sent, 1)
		r.settler.settle(RecordMetadata{Partition: w.replica.partition, Offset: -1}, one)
	}
}

func (w *writer) failure(first, number, records int64, reason error) *ProduceError {
	return &ProduceError{Topic: w.replica.topic, Partition: w.replica.partition, First: first, Record: number, Records: records, Err: reason}
}

// mark says that the first so many records may have been written, if they were sent.
func (e *ProduceError) mark(sent bool, records int64) {
	if sent {
		e.Ambiguous, e.Unknown = true, records
	}
}

// lose gives up a set of an AtMostOnce producer, which goes on.
func (w *writer) lose(set *batchSet, reason error, sent bool) {
	for i := range set.batches {
		w.refuse(&set.batches[i], reason, sent)
	}
	n := set.count()
	w.producer.lost.Add(n)
	w.mu.Lock()
	w.lost += n
	w.mu.Unlock()
	w.recycle(set)
}

// giveUp ends the writer: nothing that it holds will be written, set being what was tried last; sent: it may have been. With nothing in
// hand that is no failure. When the mutex is released the producer accepts nothing more, so that nothing is left behind.
func (w *writer) giveUp(set *batchSet, reason error, sent bool) {
	p := w.producer
	for i, s := range w.takeAll(set, reason, sent) {
		for j := range s.batches {
			w.refuse(&s.batches[j], reason, sent && i == 0)
		}
		p.budget.release(s.cost)
	}
	w.mu.Lock()
	w.failed = true
	w.mu.Unlock()
	p.progress.broadcast()
}

// takeAll empties the writer and, if there was anything, makes the producer fail. Only set was ever sent.
func (w *writer) takeAll(set *batchSet, reason error, sent bool) (left []*batchSet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if set != nil {
		left = append(left, set)
	}
	left = append(left, w.queue...)
	w.queue = nil
	if w.open.Len() > 0 {
		w.info.count = w.open.Len()
		left = append(left, &batchSet{batches: []batchInfo{w.info}, cost: w.openCost})
		w.open.Reset()
		w.info, w.openCost = batchInfo{}, 0
	}
	if len(left) == 0 {
		return nil
	}
	b := &left[0].batches[0]
	failure := w.failure(b.first, b.number, w.accepted-b.first, reason)
	if set != nil {
		failure.mark(sent, set.count())
	}
	w.producer.failure.CompareAndSwap(nil, failure)
	return left
}
