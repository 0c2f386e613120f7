package fleet

import (
	"context"
	"sync"
)

// A feed is something that one follower keeps up to date for all its users in this process. The
// follower starts with the first user and ends with the last one, or when the connection is
// closed; then the next user starts another, with a new S. A restart of the server, or a stream that has
// lost messages, does not end a follower: stream.Follow continues, or reads the stream from its start.
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

// What a user must do: wait for life.ctx besides its own ctx, since the follower may fail; and get what is
// known already from S, since the follower may have read it long ago. leave is called once for each
// join, by the context package when the user's ctx ends, even if that was before join.
//
// A user that joins while the last one leaves gets either the old life, whose users it raises above 0
// before leave has the lock, or a new one. It never gets a life that has ended without knowing: join
// looks at its ctx under the same lock under which leave ends it.
//
// A life is the time from the start of a feed's follower to its end.
type life[S any] struct {
	state S
	ctx   context.Context // ends with the follower; its cause is why
	end   context.CancelCauseFunc
	users int // guarded by the feed's mu
}

// join makes the caller a user until ctx ends. begin must not block: the feed is locked meanwhile.
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

// leave ends the part of one user, and the follower if no user is left.
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

// current returns what the follower keeps up to date, if there is one.
func (d *feed[S]) current() (state S, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil || d.now.ctx.Err() != nil {
		return state, false
	}
	return d.now.state, true
}
