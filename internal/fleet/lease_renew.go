package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// A lease is one that this process holds. Times on the clock of this process:
//
//	since                 since + TTL/3                     since + TTL
//	  │ request  granted       │ renewal: since = now            │
//	  ├────────────┼───────────┼────────────── retry every TTL/15┤ lost, here
//	               └─────────────────────────────────────────────┼─────────► free, at the server
//
// The server grants it after since, so it is free there no earlier than it is lost here.
type lease struct {
	job, holder string
	revision    uint64    // of its last renewal
	since       time.Time // the last renewal was requested no earlier: the lease lasts at least leaseTTL longer
}

// holding runs held while it renews the lease, and releases the lease at the end.
func (f *Fleet) holding(ctx context.Context, l lease, held func(context.Context) error) error {
	f.held.Store(l.job, true)
	defer f.held.Delete(l.job)
	holdCtx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	renewed := make(chan lease, 1) // its last state, once renewing has ended
	go func() {
		err := f.renew(holdCtx, &l)
		lose(err)
		renewed <- l
	}()
	err := held(holdCtx)
	lost := context.Cause(holdCtx) == errLeaseLost
	lose(nil)
	if last := <-renewed; !lost {
		f.release(last)
	}
	if lost && (errors.Is(err, errLeaseLost) || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

// renew renews the lease until ctx ends, which returns nil, or until another process may have it.
func (f *Fleet) renew(ctx context.Context, l *lease) error {
	wait := f.leaseTTL / 3
	for stream.Sleep(ctx, wait) == nil {
		now := time.Now()
		revision, err := f.renewOnce(ctx, l)
		switch {
		case err == nil:
			l.revision, l.since, wait = revision, now, f.leaseTTL/3
			continue
		case ctx.Err() != nil:
			return nil
		case stream.IsConflict(err):
			// A renewal whose answer was lost conflicts with the next one.
			e, err := f.leases.Get(ctx, l.job)
			if err != nil || string(e.Value()) != l.holder {
				return errLeaseLost
			}
			l.revision, wait = e.Revision(), 0
		default:
			wait = f.leaseTTL / 15
		}
		if time.Since(l.since)+wait >= f.leaseTTL {
			return errLeaseLost
		}
	}
	return nil
}

// renewOnce requests a renewal, no longer than the lease lasts. It publishes by itself: Update of
// the key-value interface would drop the time to live.
func (f *Fleet) renewOnce(ctx context.Context, l *lease) (revision uint64, err error) {
	ctx, cancel := context.WithDeadline(ctx, l.since.Add(f.leaseTTL))
	defer cancel()
	m := &nats.Msg{Subject: schema.KeyPrefix(schema.BucketLeases) + l.job, Data: []byte(l.holder)}
	ack, err := f.link.JS.PublishMsg(ctx, m, jetstream.WithMsgTTL(f.leaseTTL), jetstream.WithExpectLastSequencePerSubject(l.revision))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// release gives the lease back, so that another process need not wait for its end. The marker that
// the lease is free must outlive a restart of the server, so the server removes it after leaseTTL.
func (f *Fleet) release(l lease) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := f.leases.Purge(ctx, l.job, jetstream.LastRevision(l.revision), jetstream.PurgeTTL(f.leaseTTL)); err != nil {
		f.link.Log.Debug().Err(fmt.Errorf("release the lease of %s: %w", l.job, err)).Send()
	}
}
