package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// If nothing has arrived for so long, the watch starts again: a watch whose bucket was deleted and created again
// receives nothing. The first time holds while workers are alive, whose heartbeats must come before they expire.
const (
	quietWithWorkers = schema.BeatInterval * 3 / 2
	quietAlone       = time.Minute
)

// A watchState says for how long a Registry has seen all heartbeats. The server keeps each for schema.WorkerTTL:
// a watch that starts within that time after the last one misses none.
type watchState struct {
	current    bool      // what was stored at its start is known
	connection uint64    // reconnects before it started, as nats.go counts them
	heard      time.Time // when a current watch last brought something
	since      time.Time // no heartbeat since then can have been missed; zero before the first watch is current
}

// observed returns for how long no heartbeat can have been missed. connected: the connection is the one on which the
// watch has started.
func (w *watchState) observed(now time.Time, connected bool) time.Duration {
	if w.since.IsZero() || !(w.current && connected) && now.Sub(w.heard) > schema.WorkerTTL {
		return 0
	}
	return now.Sub(w.since)
}

// begin records that a watch has become current. suspect: the watch before was cut off, or it has missed a
// heartbeat.
func (w *watchState) begin(now time.Time, suspect bool) {
	if w.since.IsZero() || suspect && now.Sub(w.heard) > schema.WorkerTTL {
		w.since = now
	}
	w.current, w.heard = true, now
}

// follow watches the heartbeats until ctx ends or the connection is closed. The first watch ends it with an error
// that is not transient. Later every error is followed by another watch, because users rely on it; such an error is
// that the bucket is being created again.
func (r *Registry) follow(ctx context.Context) error {
	link := r.f.link
	err := link.Retry(ctx, func() (err error) { r.ackWait, err = r.f.AckWait(ctx); return err })
	if err == nil {
		err = link.Retry(ctx, func() error { return r.watchOnce(ctx) })
	}
	if err != nil {
		return stream.Explain(err)
	}
	for pause := stream.NewPause(); ; {
		err := r.watchOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case link.NC.IsClosed():
			return nats.ErrConnectionClosed
		case err == nil:
			pause = stream.NewPause()
		default:
			link.Log.Debug().Err(err).Msg("cannot watch the heartbeats of workers, retrying")
			if err := pause.Wait(ctx); err != nil {
				return err
			}
		}
	}
}

// watchOnce watches the heartbeats until the watch ends. It returns no error if it has brought all that was
// stored. A watch that ends because nothing arrives leaves the state as it is: the next one starts at once.
func (r *Registry) watchOnce(ctx context.Context) error {
	r.mu.Lock()
	suspect, current := !r.watch.current, false
	r.watch.connection = r.f.link.NC.Stats().Reconnects
	r.mu.Unlock()
	err := r.f.watchHeartbeats(ctx, func(b *beat) time.Duration {
		r.mu.Lock()
		defer r.mu.Unlock()
		now := time.Now()
		if b == nil {
			current = true
			r.watch.begin(now, suspect)
			r.becomeKnown()
		} else {
			fresh, crowded := r.roster.put(*b, now)
			suspect = suspect || fresh
			if crowded {
				r.complain(b.key)
			}
		}
		if current {
			r.watch.heard = now
		}
		return r.roster.patience()
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if !current || !errors.Is(err, nats.ErrTimeout) {
		r.watch.current = false
	}
	if current {
		err = nil
	}
	return err
}

// complain counts a heartbeat that was not read because its worker has too many.
func (r *Registry) complain(key string) {
	name, _, _ := cutKey(key)
	r.f.complain(name, ComplaintHeartbeats)
}

// patience returns how long a watch may bring nothing.
func (r *roster) patience() time.Duration {
	if r.present > 0 {
		return quietWithWorkers
	}
	return quietAlone
}

// becomeKnown closes known unless it is closed. Only the follower calls it.
func (r *Registry) becomeKnown() {
	select {
	case <-r.known:
	default:
		close(r.known)
	}
}
