package fleet

import (
	"context"
	"sync"
)

// A feed is something that one follower keeps up to date for all its users in this process. The
// follower starts with the first user and ends with the last one, or when the connection is
// closed; then the next user starts another, with a new S.
//
//	        join                     last user leaves
//	idle ─────────► a life: follow ─────────────────────► idle
//	  ▲                  │ follow fails: the life ends with its error
//	  └──────────────────┘
type feed[S any] struct {
	begin func() (S, func(context.Context) error) // makes an S, and what follows for it until ctx ends

	mu  sync.Mutex
	now *life[S] // nil without users
}

// A life is the time from the start of a feed's follower to its end.
type life[S any] struct {
	state S
	ctx   context.Context // ends with the follower; its cause is why
	end   context.CancelCauseFunc
	users int // guarded by the feed's mu
}

// join makes the caller a user until ctx ends.
func (d *feed[S]) join(ctx context.Context) *life[S] {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil || d.now.ctx.Err() != nil {
		state, follow := d.begin()
		l := &life[S]{state: state}
		l.ctx, l.end = context.WithCancelCause(context.Background())
		go func() { l.end(follow(l.ctx)) }()
		d.now = l
	}
	l := d.now
	l.users++
	context.AfterFunc(ctx, func() { d.leave(l) })
	return l
}

func (d *feed[S]) leave(l *life[S]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.users--; l.users > 0 {
		return
	}
	l.end(nil)
	if d.now == l {
		d.now = nil
	}
}
