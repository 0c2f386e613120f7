package stream

import (
	"context"
	"time"
)

// The pauses between repetitions grow exponentially: before repetition n = 1, 2, ... the pause is
//
//	min(20 ms * 2^(n-1), 2 s)
//
// So a request is repeated eight times in the first five seconds and then every two seconds.
const (
	firstPause   = 20 * time.Millisecond
	longestPause = 2 * time.Second
)

// A Pause is the state of one series of repetitions: the pause before the next one. It is not safe
// for concurrent use.
type Pause struct{ next time.Duration }

// NewPause returns the pause before the first repetition.
func NewPause() *Pause { return &Pause{next: firstPause} }

// Wait sleeps for the pause and doubles the next one. It returns nil afterwards, or the cause of
// ctx's end as soon as ctx ends.
func (p *Pause) Wait(ctx context.Context) error {
	d := p.next
	p.next = min(2*p.next, longestPause)
	return Sleep(ctx, d)
}

// WaitAtMost is Wait with a pause of at most the given time.
func (p *Pause) WaitAtMost(ctx context.Context, most time.Duration) error {
	p.next = min(p.next, most)
	return p.Wait(ctx)
}

// Sleep returns nil after d, or the cause of ctx's end as soon as ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
