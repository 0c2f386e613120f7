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
	info, err := f.durable(ctx, class)
	if err != nil {
		return false, 0, err
	}
	if seq <= endedBelow(info) {
		return true, info.Config.AckWait, nil
	}
	stranded, _, err := f.stranded(ctx, class)
	return stranded > 0, info.Config.AckWait, err
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
