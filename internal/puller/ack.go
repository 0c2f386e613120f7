package puller

import (
	"context"
	"sync"

	"factorfleet/internal/stream"
)

// An acker confirms the acks of one durable in groups: while one group waits for the server's answer,
// the next one gathers. So under load the server answers one ack of hundreds, instead of each.
//
//	calls of ack      a     b c d       e f
//	group sent        [a]   .     [b c d]         [e f]
//	answered              a             d               f
//
// One answer is enough because a durable processes the acks of a connection in the order in which they
// were sent. When it answers the last of a group, all others of the group are done. After a reconnect
// this does not hold: the first acks may be lost with the old connection. The whole group then fails
// with stream.ErrReconnected, and its callers send their acks again.
type acker struct {
	link *stream.Link

	mu      sync.Mutex
	group   []pendingAck // gathers; guarded by mu
	sending bool         // a goroutine runs sendGroups; guarded by mu
}

// A pendingAck is one call of ack that waits.
type pendingAck struct {
	replies []string     // subjects, at least one
	done    chan<- error // capacity 1, so that its sender never waits
}

// ack acks deliveries, at least one, and returns nil once the server has confirmed all. After an error each of them
// may or may not be acked.
func (a *acker) ack(ctx context.Context, replies ...string) error {
	done := make(chan error, 1)
	a.mu.Lock()
	a.group = append(a.group, pendingAck{replies, done})
	if !a.sending {
		a.sending = true
		go a.sendGroups()
	}
	a.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sendGroups sends one group after the other, until none has gathered. At most one goroutine runs it.
// Two slices take turns: one is sent while the other gathers.
func (a *acker) sendGroups() {
	var group []pendingAck
	for {
		a.mu.Lock()
		group, a.group = a.group, group[:0]
		a.sending = len(group) > 0
		a.mu.Unlock()
		if len(group) == 0 {
			return
		}
		err := a.sendGroup(group)
		for _, p := range group {
			p.done <- err
		}
	}
}

// sendGroup sends the acks of a group, requests an answer to the last one, and waits for that answer.
func (a *acker) sendGroup(group []pendingAck) error {
	reconnects, last, several := a.link.NC.Stats().Reconnects, "", false
	for _, p := range group {
		for _, reply := range p.replies {
			if several = last != ""; several {
				if err := a.link.NC.Publish(last, ackBody); err != nil {
					return err
				}
			}
			last = reply
		}
	}
	err := confirm(context.Background(), a.link, last, ackBody)
	if err == nil && several && a.link.NC.Stats().Reconnects != reconnects {
		return stream.ErrReconnected
	}
	return err
}
