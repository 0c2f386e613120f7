package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// A lease makes one process the holder of a job: the only one that re-queues its
// ranges. Losing it unawares for a while is harmless, all that a holder does may be
// done twice.
const (
	leaseTTL = 15 * time.Second // renewed every third of it
	leaseAsk = time.Second      // between two attempts to get it
)

// Hold tries to become the holder of the job until ctx ends, and while this process
// is the holder runs held, whose ctx ends when the lease is lost. It returns when
// ctx has ended, or with the error of held.
func (f *Fleet) Hold(ctx context.Context, job, holder string, held func(context.Context) error) error {
	for ctx.Err() == nil {
		since := time.Now()
		revision, err := f.acquire(ctx, job, holder)
		switch {
		case err == nil:
			if err := f.holding(ctx, lease{job, holder, revision, since}, held); err != nil {
				return err
			}
		case f.link.NC.IsClosed():
			return natsconn.ErrClosed
		case !errors.Is(err, jetstream.ErrKeyExists):
			f.link.Log.Debug().Err(err).Str("job", job).Msg("ask for the lease again")
		}
		stream.Sleep(ctx, min(leaseAsk, f.leaseTTL/3))
	}
	return nil
}

// acquire asks for the lease once. The end of ctx does not interrupt it: else the
// server might give a lease that nobody knows of.
func (f *Fleet) acquire(ctx context.Context, job, holder string) (revision uint64, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.link.Timeout)
	defer cancel()
	return f.leases.Create(ctx, job, []byte(holder), jetstream.KeyTTL(f.leaseTTL))
}

// Holder returns who holds the job; "" if nobody does.
func (f *Fleet) Holder(ctx context.Context, job string) (string, error) {
	e, err := f.leases.Get(ctx, job)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look at the lease of job %s: %w", job, stream.Explain(err))
	}
	return string(e.Value()), nil
}

// A lease is one that this process holds.
type lease struct {
	job, holder string
	revision    uint64    // of its last renewal
	since       time.Time // it was asked for no earlier than then
}

// holding runs held while it renews the lease, and gives the lease up at the end.
func (f *Fleet) holding(ctx context.Context, l lease, held func(context.Context) error) error {
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

// renew renews the lease until ctx ends, which returns nil, or somebody else may have
// it. It publishes by itself: the key-value interface's Update would drop the time to
// live.
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
			// A renewal whose answer was lost is a conflict with ourselves.
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

// renewOnce gives up when the lease ends.
func (f *Fleet) renewOnce(ctx context.Context, l *lease) (revision uint64, err error) {
	ctx, cancel := context.WithDeadline(ctx, l.since.Add(f.leaseTTL))
	defer cancel()
	m := &nats.Msg{Subject: "$KV." + schema.BucketLeases + "." + l.job, Data: []byte(l.holder)}
	ack, err := f.link.JS.PublishMsg(ctx, m, jetstream.WithMsgTTL(f.leaseTTL), jetstream.WithExpectLastSequencePerSubject(l.revision))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// release gives the lease up, so that another need not wait for its end. What marks
// it as free goes away by itself.
func (f *Fleet) release(l lease) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := f.leases.Purge(ctx, l.job, jetstream.LastRevision(l.revision), jetstream.PurgeTTL(f.leaseTTL)); err != nil {
		f.link.Log.Debug().Err(fmt.Errorf("release the lease of %s: %w", l.job, err)).Send()
	}
}
