package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/stream"
)

// A lease makes one process the holder of a job: the only one that requeues its ranges.
// A process that has lost it does not know that for up to leaseTTL. This is harmless: all that a
// holder does may be done twice.
//
//	         free: Create            renewal refused, or none for leaseTTL
//	waiting ───────────────► holding ─────────────────────────────────────► waiting
//	   │  ▲                     │ held returns, or ctx ends: release
//	   └──┘ another holds it    ▼
//	   look every leaseLook    end
const (
	leaseTTL   = 15 * time.Second // renewed every third of it
	leaseLook  = 2 * time.Second  // between two looks whether a lease of another process is free
	leaseRetry = time.Second      // after the server did not answer
)

// Hold waits until the lease of the job is free, takes it for holder, and runs held, whose ctx
// ends when the lease is lost; then it waits again. It returns nil when ctx has ended, or the error
// of held. It requests the lease at once, and after a refusal only when it has seen it free.
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
		case errors.Is(err, jetstream.ErrKeyExists):
			f.awaitFree(ctx, job)
		default:
			f.link.Log.Debug().Err(err).Str("job", job).Msg("request the lease again")
			stream.Sleep(ctx, min(leaseRetry, f.leaseTTL/3))
		}
	}
	return nil
}

// awaitFree waits until no process holds the job, or the connection is closed, or ctx ends.
func (f *Fleet) awaitFree(ctx context.Context, job string) {
	for stream.Sleep(ctx, min(leaseLook, f.leaseTTL/3)) == nil && !f.link.NC.IsClosed() {
		switch holder, err := f.Holder(ctx, job); {
		case err != nil:
			f.link.Log.Debug().Err(err).Msg("look at the lease again")
		case holder == "":
			return
		}
	}
}

// acquire requests the lease once. The end of ctx does not interrupt the request: else the
// server might grant a lease that no process knows of.
func (f *Fleet) acquire(ctx context.Context, job, holder string) (revision uint64, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.link.Timeout)
	defer cancel()
	return f.leases.Create(ctx, job, []byte(holder), jetstream.KeyTTL(f.leaseTTL))
}

// Holder returns the process that holds the job; "" if none does.
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

// Holds reports whether this process holds the job.
func (f *Fleet) Holds(job string) bool {
	_, ok := f.held.Load(job)
	return ok
}
