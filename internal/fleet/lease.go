package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A lease makes one process the holder of a job: the only one that re-queues its
// ranges. Losing it unawares for a while is harmless, all that a holder does may be
// done twice.
const (
	leaseTTL   = 15 * time.Second
	leaseRenew = 5 * time.Second
)

// Hold tries to become the holder of the job until ctx ends, and while this process
// is the holder runs held, whose ctx ends when the lease is lost. It returns when
// ctx has ended, or with the error of held.
func (f *Fleet) Hold(ctx context.Context, job, holder string, held func(context.Context) error) error {
	for ctx.Err() == nil {
		revision, err := f.acquire(ctx, job, holder)
		switch {
		case err == nil:
			if err := f.holding(ctx, job, holder, revision, held); err != nil {
				return err
			}
		case !errors.Is(err, jetstream.ErrKeyExists):
			f.log.Debug().Err(err).Str("job", job).Msg("ask for the lease again")
		}
		sleep(ctx, time.Second)
	}
	return nil
}

// acquire asks for the lease once. The end of ctx does not interrupt it: else the
// server might give a lease that nobody knows of.
func (f *Fleet) acquire(ctx context.Context, job, holder string) (revision uint64, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.timeout)
	defer cancel()
	return f.leases.Create(ctx, job, []byte(holder), jetstream.KeyTTL(leaseTTL))
}

// Holder returns who holds the job, or "".
func (f *Fleet) Holder(ctx context.Context, job string) string {
	e, err := f.leases.Get(ctx, job)
	if err != nil {
		return ""
	}
	return string(e.Value())
}

var errLeaseLost = errors.New("the lease was lost")

// holding runs held while it renews the lease, and gives the lease up at the end.
func (f *Fleet) holding(ctx context.Context, job, holder string, revision uint64, held func(context.Context) error) error {
	holdCtx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	renewed := make(chan uint64, 1) // the last revision, once renewing has ended
	go func() {
		revision, err := f.renew(holdCtx, job, holder, revision)
		lose(err)
		renewed <- revision
	}()
	err := held(holdCtx)
	lose(nil)
	last := <-renewed
	if context.Cause(holdCtx) != errLeaseLost {
		f.release(job, last)
	}
	if errors.Is(err, errLeaseLost) {
		return nil
	}
	return err
}

// renew renews the lease until ctx ends or somebody else has it. It publishes by
// itself: the key-value interface's Update would drop the time to live.
func (f *Fleet) renew(ctx context.Context, job, holder string, revision uint64) (uint64, error) {
	renewedAt := time.Now()
	for sleep(ctx, leaseRenew) == nil {
		m := &nats.Msg{Subject: "$KV." + BucketLeases + "." + job, Data: []byte(holder)}
		ack, err := f.js.PublishMsg(ctx, m, jetstream.WithMsgTTL(leaseTTL), jetstream.WithExpectLastSequencePerSubject(revision))
		switch {
		case err == nil:
			revision, renewedAt = ack.Sequence, time.Now()
		case isConflict(err), time.Since(renewedAt) > leaseTTL:
			return revision, errLeaseLost
		}
	}
	return revision, nil
}

// release gives the lease up, so that another need not wait for its end.
func (f *Fleet) release(job string, revision uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := f.leases.Purge(ctx, job, jetstream.LastRevision(revision)); err != nil {
		f.log.Debug().Err(fmt.Errorf("release the lease of %s: %w", job, err)).Send()
	}
}
