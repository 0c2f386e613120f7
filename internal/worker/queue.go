package worker

// A deliveryQueue is a first-in first-out list of deliveries, linked by their next field: a
// delivery is in at most one queue. The link in the delivery saves an allocation for each task. The zero value is
// empty. Guarded by Worker.mu.
type deliveryQueue struct {
	head, tail *Delivery
	len        int
}

// push appends d, which must be in no queue.
func (q *deliveryQueue) push(d *Delivery) {
	if q.tail == nil {
		q.head = d
	} else {
		q.tail.next = d
	}
	q.tail = d
	q.len++
}

// promote puts the first ordinary delivery before those of parts.
func (q *deliveryQueue) promote() {
	var before *Delivery
	for d := q.head; d != nil; before, d = d, d.next {
		if d.expendable {
			continue
		}
		if before != nil {
			if before.next = d.next; d == q.tail {
				q.tail = before
			}
			d.next, q.head = q.head, d
		}
		return
	}
}

// pop returns nil if q is empty.
func (q *deliveryQueue) pop() *Delivery {
	d := q.head
	if d == nil {
		return nil
	}
	q.head, d.next = d.next, nil
	if q.head == nil {
		q.tail = nil
	}
	q.len--
	return d
}

// A heldList has deliveries in the order of their arrival, linked by their older and younger fields, so that
// remove needs no search. The heartbeat goes through all of it every sixth of AckWait. Guarded by Worker.mu.
type heldList struct {
	oldest, youngest *Delivery
	len              int
}

// add appends d, which must not be in l.
func (l *heldList) add(d *Delivery) {
	d.older = l.youngest
	if l.youngest == nil {
		l.oldest = d
	} else {
		l.youngest.younger = d
	}
	l.youngest = d
	l.len++
}

// remove takes out d, which must be in l.
func (l *heldList) remove(d *Delivery) {
	if d.older == nil {
		l.oldest = d.younger
	} else {
		d.older.younger = d.younger
	}
	if d.younger == nil {
		l.youngest = d.older
	} else {
		d.younger.older = d.older
	}
	d.older, d.younger = nil, nil
	l.len--
}
