package puller

import (
	"context"
	"sync"

	"factorfleet/internal/stream"
)

// An acker has the acks of one durable confirmed in groups: while one group is on
// its way the next gathers, so under load the server confirms one of hundreds. That is
// as good as confirming each, because a durable processes the acks of a connection
// in the order in which they were sent; it answers the last when all are done.
type acker struct {
	link *stream.Link

	mu     sync.Mutex
	group  []pendingAck // gathers
	flying bool         // a goroutine runs fly
}

type pendingAck struct {
	reply string
	done  chan<- error // capacity 1
}

// ack acks one delivery and returns once the server has confirmed it. After an error
// it may or may not be acked.
func (a *acker) ack(ctx context.Context, reply string) error {
	done := make(chan error, 1)
	a.mu.Lock()
	a.group = append(a.group, pendingAck{reply, done})
	if !a.flying {
		a.flying = true
		go a.fly()
	}
	a.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fly sends groups until none has gathered.
func (a *acker) fly() {
	var group []pendingAck
	for {
		a.mu.Lock()
		group, a.group = a.group, group[:0]
		a.flying = len(group) > 0
		a.mu.Unlock()
		if len(group) == 0 {
			return
		}
		err := a.send(group)
		for _, p := range group {
			p.done <- err
		}
	}
}

func (a *acker) send(group []pendingAck) error {
	last, reconnects := len(group)-1, a.link.NC.Stats().Reconnects
	for _, p := range group[:last] {
		if err := a.link.NC.Publish(p.reply, ackBody); err != nil {
			return err
		}
	}
	err := confirm(context.Background(), a.link, group[last].reply, ackBody)
	if err == nil && last > 0 && a.link.NC.Stats().Reconnects != reconnects {
		return stream.ErrReconnected
	}
	return err
}
