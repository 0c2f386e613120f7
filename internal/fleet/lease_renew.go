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
// The server grants it after since, so it is free there no earlier than it is lost here:
//
//	lost here  = since + TTL
//	free there = granted + TTL >= since + TTL
//
// The goroutine of renew owns all fields while it runs.
type lease struct {
	job, holder string
	revision    uint64    // of its last renewal
	since       time.Time // the last renewal was requested no earlier: the lease lasts at least leaseTTL longer
}

// holding runs held while it renews the lease, and releases the lease at the end. The lease is released
// after held has returned and the last renewal has ended, so that no renewal takes it back. A lease that
// was lost is not released: it is another's. That held was cancelled by the loss is no error.
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

// renew renews the lease until ctx ends, which returns nil, or until another process may have it:
//
//	answer to a renewal        | then
//	stored                     | next one after TTL/3
//	conflict, value is ours    | an earlier renewal was stored and its answer lost: renew at once
//	conflict, value is not     | lost
//	none, or another error     | next one after TTL/15, unless the lease has ended by then
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

// renewOnce requests a renewal, no longer than the lease lasts. It publishes by itself: Update of the
// key-value interface has no option for a time to live, so that a lease renewed with it would never
// expire. The expected sequence makes the renewal fail if another process has taken the lease.
func (f *Fleet) renewOnce(ctx context.Context, l *lease) (revision uint64, err error) {
	ctx, cancel := context.WithDeadline(ctx, l.since.Add(f.leaseTTL))
	defer cancel()
	m := &nats.Msg{Subject: f.link.KeySubject(schema.KeyPrefix(schema.BucketLeases) + l.job), Data: []byte(l.holder), Header: f.leaseHeader(l.job)}
	ack, err := f.link.JS.PublishMsg(ctx, m, jetstream.WithMsgTTL(f.leaseTTL), jetstream.WithExpectLastSequencePerSubject(l.revision))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// release gives the lease back, so that another process need not wait for its end. It waits for a second at
// most, because it runs while the process ends; if it fails, the lease expires.
//
// The marker that the lease is free lasts for leaseTTL, no shorter. With markers of one second, a lease that
// was released just before a restart of the server was seen now and then to be there again after it, and
// to stay (nats-server 2.15.2, store without stream index). Such a lease is removed by awaitFree.
func (f *Fleet) release(l lease) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := f.leases.Purge(ctx, l.job, jetstream.LastRevision(l.revision), jetstream.PurgeTTL(f.leaseTTL)); err != nil {
		f.link.Log.Debug().Err(fmt.Errorf("release the lease of %s: %w", l.job, err)).Send()
	}
}
