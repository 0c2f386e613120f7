package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"factorfleet/internal/attempt"
)

// Short tasks that were answered at their first attempt are settled in groups: while one group is on its way to the
// server, the next one gathers. The answers of adjacent ranges are stored as one result (join.go), and all deliveries of a group
// are acked in one round trip. So the server stores one message instead of hundreds.
//
//	finish      a b c d e f g h i
//	group       [a]   .   [b c d e f]   .   [g h i]
//	stored          a           b-f             g-i
//	acked             a             b-f             g-i
//
// A delivery that gathers waits for at most one group, unless the server is away.
const (
	// groupMost is the most deliveries of a group, and how many must gather for another group to start although one is
	// on its way: so a round trip of 100 ms does not limit the fleet.
	groupMost = 256
	// maxGroups is how many groups are on their way at once. With r for the time to settle one, at most
	// maxGroups*groupMost/r tasks are settled: 10,000 a second for r = 100 ms.
	maxGroups = 4
	// groupStores is how many results of one group are stored at the same time, if its ranges are not adjacent.
	groupStores = 64
)

// gatherLocked leaves d, which may be joined, to the next group. It never waits.
//
// Each delivery in gathered is taken by a goroutine that runs gatherer: one starts with the first delivery, and each
// looks again when it has settled a group.
func (w *Worker) gatherLocked(d *Delivery) {
	d.state = settling
	w.gathered.push(d)
	if w.groups == 0 || w.gathered.len >= groupMost && w.groups < maxGroups {
		w.groups++
		w.helpers.Go(w.gatherer)
	}
}

// gatherer settles groups until none has gathered. It holds mu except while it settles.
func (w *Worker) gatherer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	var group []*Delivery
	for w.gathered.len > 0 {
		group = group[:0]
		for len(group) < groupMost && w.gathered.len > 0 {
			group = append(group, w.gathered.pop())
		}
		w.settleRoom.Broadcast()
		w.mu.Unlock()
		w.settleGroup(group)
		w.mu.Lock()
		for _, d := range group {
			w.releaseLocked(d)
		}
		clear(group)
	}
	w.groups--
}

// settleGroup stores the results of a group of deliveries that may be joined, then acks them. Deliveries whose joined
// result cannot be stored are settled each by itself, so that one of them does not keep the others from it.
//
// attempt.Settle says the same of each of them: store the result, then ack, whether the delivery has lapsed or not.
func (w *Worker) settleGroup(group []*Delivery) {
	runs := joinRuns(group)
	errs := make([]error, len(runs))
	store := func(i int) {
		errs[i] = w.outbox.Result(w.settleCtx, runs[i].deliveries[0].Job, runs[i].result.r, runs[i].result.data)
	}
	if len(runs) == 1 {
		store(0)
	} else {
		forEach(len(runs), groupStores, store)
	}
	var stored, refused []*Delivery
	for i := range runs {
		if errs[i] == nil {
			stored = append(stored, runs[i].deliveries...)
		} else {
			refused = append(refused, runs[i].deliveries...)
		}
	}
	w.ackGroup(stored)
	forEach(len(refused), groupMost, func(i int) { w.settle(refused[i]) })
}

// ackGroup acks deliveries whose results are stored: together, or, if that fails, each by itself: a server that does not
// know one of them does not answer for it.
func (w *Worker) ackGroup(group []*Delivery) {
	if ackTogether(w.settleCtx, group) == nil {
		for _, d := range group {
			w.acked(d, nil)
		}
		return
	}
	forEach(len(group), groupMost, func(i int) { w.acked(group[i], w.confirm(w.settleCtx, group[i], attempt.Ack)) })
}

// acked notes the end of a delivery whose result is stored; err says why it is not acked.
func (w *Worker) acked(d *Delivery, err error) {
	d.wasSettled = err == nil || errors.Is(err, ErrForgotten)
	w.logSettled(d, attempt.Ack, err)
}

// ackTogether acks deliveries. After an error any of them may be acked.
func ackTogether(ctx context.Context, group []*Delivery) error {
	if len(group) < 2 {
		return errNoGroup
	}
	first, ok := group[0].Handle.(GroupAcker)
	if !ok {
		return errNoGroup
	}
	others := make([]Handle, 0, len(group)-1)
	for _, d := range group[1:] {
		others = append(others, d.Handle)
	}
	return first.AckGroup(ctx, others)
}

// errNoGroup: the deliveries are acked each by itself.
var errNoGroup = errors.New("worker: no group")

// forEach calls f with 0 to n-1, by at most that many goroutines, and returns when all calls have returned.
func forEach(n, goroutines int, f func(int)) {
	var group sync.WaitGroup
	goroutines = min(goroutines, n)
	for g := range goroutines {
		group.Go(func() {
			for i := g; i < n; i += goroutines {
				f(i)
			}
		})
	}
	group.Wait()
}

// awaitSettleRoomLocked blocks the goroutine of s while too many tasks wait for a settler or a group. It releases mu
// while it waits.
func (w *Worker) awaitSettleRoomLocked(s *slot) {
	for w.unsettledLocked() >= maxUnsettled {
		w.settleRoom.Wait()
		s.clock = time.Time{}
	}
}

// unsettledLocked returns how many finished tasks wait for a settler or a group.
func (w *Worker) unsettledLocked() int { return w.unsettled.len + w.gathered.len }
