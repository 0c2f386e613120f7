package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// isExhausted reports whether a task that is still in the queue, and that an advisory names, will not
// be delivered again. It may report true late, but never wrongly: a number that is given up wrongly is
// lost for its user, and one that is given up late costs a minute. It also returns the ack wait of the
// durable.
//
//	seq <= ack floor          the durable delivers nothing again up to there: exhausted
//	stranded > 0              some task of the class is exhausted; with the advisory, it is this one
//	else                      not known: the caller waits and decides anew
func (f *Fleet) isExhausted(ctx context.Context, seq uint64, class task.Class) (bool, time.Duration, error) {
	n, ackWait, err := f.exhausted(ctx, seq, class)
	return n > 0, ackWait, err
}

// exhausted returns a lower bound of the exhausted tasks of a class, at least 1 if the one with that sequence is.
func (f *Fleet) exhausted(ctx context.Context, seq uint64, class task.Class) (n int, ackWait time.Duration, err error) {
	info, err := f.durable(ctx, class)
	if err != nil {
		return 0, 0, err
	}
	if seq <= endedBelow(info) {
		return 1, info.Config.AckWait, nil
	}
	n, _, err = f.stranded(ctx, class)
	return n, info.Config.AckWait, err
}

// A strandedCount is how many tasks of a class were exhausted a moment ago. A sweeper keeps it, because to count them
// takes 0.1 s with 20,000 tasks in the queue, and so many may be exhausted at once.
type strandedCount struct {
	at      time.Time
	left    int // without those that this sweeper has found exhausted since
	ackWait time.Duration
}

// strandedAge is how long a strandedCount may be used.
const strandedAge = time.Second

// isExhausted is Fleet.isExhausted. It confirms no more tasks by one count than were exhausted then.
func (s *sweeper) isExhausted(ctx context.Context, seq uint64, class task.Class) (bool, time.Duration, error) {
	n := s.stranded[class]
	if n.left > 0 && time.Since(n.at) < strandedAge {
		n.left--
		s.stranded[class] = n
		return true, n.ackWait, nil
	}
	at := time.Now()
	stranded, ackWait, err := s.f.exhausted(ctx, seq, class)
	s.stranded[class] = strandedCount{at, stranded - 1, ackWait}
	return stranded > 0, ackWait, err
}

// durable returns the state of the durable of a class.
func (f *Fleet) durable(ctx context.Context, class task.Class) (*jetstream.ConsumerInfo, error) {
	c, err := f.tasks.Consumer(ctx, schema.Durable(class))
	if err != nil {
		return nil, fmt.Errorf("look at durable %s: %w", schema.Durable(class), stream.Explain(err))
	}
	return c.CachedInfo(), nil
}

// endedBelow returns the sequence up to which a durable delivers nothing again: its ack floor, or
// the last delivered sequence if all deliveries are settled. The server reports the stored floor, which
// moves with acks only.
func endedBelow(info *jetstream.ConsumerInfo) uint64 {
	if info.NumAckPending == 0 {
		return info.Delivered.Stream
	}
	return info.AckFloor.Stream
}

// stranded returns a lower bound of the number of exhausted tasks of a class, and the tasks of the class:
//
//	stranded = |before & after| - pending - unsettled
//
// before and after are the tasks in the queue before and after the durable is read; pending are the tasks
// that were never delivered, and unsettled those that were delivered and may be delivered again. A task
// that is in both listings was in the queue when the durable was read, and belongs to one of the three.
// A task that was acked or stored between the listings is in one of them only, and does not count. So
// the difference counts no task that is not exhausted.
func (f *Fleet) stranded(ctx context.Context, class task.Class) (int, map[task.Address]bool, error) {
	filter := schema.TasksPrefix + string(class) + ".>"
	before, err := f.list(ctx, f.tasks, filter)
	if err != nil {
		return 0, nil, err
	}
	info, err := f.durable(ctx, class)
	if err != nil {
		return 0, nil, err
	}
	after, err := f.list(ctx, f.tasks, filter)
	if err != nil {
		return 0, nil, err
	}
	queued, both := make(map[task.Address]bool, len(after)), 0
	for _, p := range after {
		queued[p.Address] = true
	}
	for _, p := range before {
		if queued[p.Address] {
			both++
		}
	}
	return both - int(info.NumPending) - info.NumAckPending, queued, nil
}
