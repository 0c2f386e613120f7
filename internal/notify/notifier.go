package notify

import (
	"context"
	"sync"
)

// A Notifier tells several targets. It is safe for concurrent use.
type Notifier struct {
	targets []*Target
	failed  func(error) // reports an error of one line; called by several goroutines
}

// New returns a Notifier; nil if there are no targets. failed is called with each delivery that has failed.
func New(targets []*Target, failed func(error)) *Notifier {
	if len(targets) == 0 {
		return nil
	}
	return &Notifier{targets: targets, failed: failed}
}

// Tell tells all targets about an event, at the same time, and returns when each has it or cannot be told.
func (n *Notifier) Tell(ctx context.Context, e Event) {
	var group sync.WaitGroup
	for _, t := range n.targets {
		group.Go(func() {
			if err := t.Deliver(ctx, e); err != nil {
				n.failed(err)
			}
		})
	}
	group.Wait()
}
