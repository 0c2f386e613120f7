package job

import "context"

// The ways from other goroutines into the loop.

// start runs part in a goroutine of its own. If it returns an error, the loop ends.
func (l *loop) start(part func(context.Context) error) {
	l.group.Go(func() {
		if err := part(l.ctx); err != nil {
			l.finish(endingOf(err))
		}
	})
}

// post sends an event from another goroutine to the loop, and waits for room. It drops the
// event if the loop has ended.
func (l *loop) post(e event) {
	select {
	case l.events <- e:
	case <-l.ctx.Done():
	}
}

// finish ends the loop with e, unless another ending came first. Any goroutine may call it:
// the loop itself may be waiting for the server, and ends that wait with its context.
func (l *loop) finish(e ending) {
	select {
	case l.ends <- e:
	default:
	}
	l.cancel()
}

// deliver sends what the follower of the results has, and waits until the loop has taken it.
func (l *loop) deliver(e event) {
	select {
	case l.batches <- e:
	case <-l.ctx.Done():
	}
}

// requestReview asks for a review soon. Any goroutine may call it; it does not block.
func (l *loop) requestReview() { l.requests.put(struct{}{}) }

// A latest is a channel of capacity 1 with the newest value that was not received yet. It is
// for signals of which only the last one counts.
type latest[T any] chan T

// put replaces the value. It never blocks: its callers follow streams for all jobs of the
// process, and the output of one job must not hold up the others.
func (c latest[T]) put(v T) {
	for {
		select {
		case c <- v:
			return
		default:
		}
		select {
		case <-c:
		default:
		}
	}
}
