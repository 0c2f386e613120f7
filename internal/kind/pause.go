package kind

import (
	"context"
	"time"
)

// pauseTick is the time between two ticks of a pause, as those of a computation that makes progress.
const pauseTick = 100 * time.Millisecond

// pause returns nil after d, or context.Cause(ctx) when ctx ends. At each tick it calls tick, which reports whether the
// pause is to end early.
func pause(ctx context.Context, d time.Duration, tick func() (end bool)) error {
	if d <= 0 {
		return nil
	}
	over := time.NewTimer(d)
	defer over.Stop()
	progress := time.NewTicker(pauseTick)
	defer progress.Stop()
	for {
		select {
		case <-over.C:
			return nil
		case <-progress.C:
			if tick() {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
