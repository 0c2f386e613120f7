package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/text"
)

// How a notification is delivered.
const (
	attempts       = 5
	firstPause     = 2 * time.Second  // doubled after each attempt: 2, 4, 8, 16 s
	attemptTimeout = 20 * time.Second // of one attempt
	// Longest is how long a notification takes at most, all attempts together.
	Longest = 2 * time.Minute
)

// maxDetail bounds what is quoted of an answer or of standard error, in bytes.
const maxDetail = 200

// A finalError is one that another attempt would not mend.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// Deliver tells the target about an event: up to five attempts in two minutes. The error, of one line, is that of the last
// attempt. If ctx ends it wraps the cause.
func (t *Target) Deliver(ctx context.Context, e Event) error {
	e.Complete()
	body := e.body()
	return deliver(ctx, t.String(), func(ctx context.Context) error {
		if t.url != nil {
			return t.post(ctx, &e, body)
		}
		return t.run(ctx, &e, body)
	})
}

// deliver calls try until it succeeds, as often as allowed. name is that of the target.
func deliver(ctx context.Context, name string, try func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, Longest)
	defer cancel()
	var last error
	made := 0
	for pause := firstPause; ; pause *= 2 {
		made++
		last = attempt(limited, try)
		final := errors.As(last, new(finalError))
		switch {
		case last == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("notify %s: %w", name, context.Cause(ctx))
		case final || made == attempts || limited.Err() != nil:
			return fmt.Errorf("notify %s: %s (%s)", name, text.Sanitize(last.Error(), 2*maxDetail), text.Count(uint64(made), "attempt"))
		}
		select {
		case <-limited.Done():
		case <-time.After(pause):
		}
	}
}

func attempt(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	err := try(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no success within %v", attemptTimeout)
	}
	return err
}
