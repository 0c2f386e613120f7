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

// A lease makes one process the holder of a job: the only one that requeues its ranges. It is a key of
// FACTOR_LEASES with a time to live; its value is the name of the holder. There are five sorts:
//
//	key                         holder                         shows
//	<job>                       a watcher of the job           that a process reviews the job
//	<child>                     a conductor of the part        that a process conducts the campaign
//	<job>.feed                  the feeder of the job          that an open job still gets input
//	process.supervisor.<name>   a supervisor                   that it is alive: it shares the jobs
//	process.declined.<child>.<name>   a supervisor             that it leaves a campaign to others
//
// A process that was stopped or cut off may believe for a while that it holds a lease which another
// process has by now. Two holders are harmless: all that a holder does may be done twice. They cost
// repeated work, such as a range that both requeue, under two rounds.
//
// After a holder has died another process has the lease 10 to 17 s later, plus one round trip: the holder
// has renewed it 0 to 5 s ago, it lives for 15 s, and others look every 2 s. After a holder has left they
// have it within 2 s. A server that is down stops no time: a lease expires by the server's clock from the
// time when it was stored, and is gone when the server is back.
//
// No clock needs to be right. The server measures the time to live with its own clock, and a holder
// measures with the monotonic clock of its process. Only their speeds must agree. A machine that is
// suspended is the exception: its monotonic clock stands, so that it wakes as one of two holders.
//
//	         free: Create            renewal refused, or none for leaseTTL
//	waiting ───────────────► holding ─────────────────────────────────────► waiting
//	   │  ▲                     │ held returns, or ctx ends: release
//	   └──┘ another holds it    ▼
//	   look every leaseLook    end
const (
	// leaseTTL is three renewals: a holder may lose two of them, or the server for 10 s, and remains the
	// holder. An election in a cluster takes about as long.
	leaseTTL = 15 * time.Second

	// leaseLook is the time between two looks at a lease that another process holds. A look is a read, of
	// which any replica may answer; a request for the lease is a write, for which all replicas must agree.
	leaseLook = 2 * time.Second

	leaseRetry = time.Second // after the server did not answer
)

// Hold waits until the lease of the job is free, takes it for holder, and runs held, whose ctx
// ends when the lease is lost; then it waits again. It returns nil when ctx has ended, the error of held,
// or natsconn.ErrClosed. It requests the lease at once, and after a refusal only when it has seen it
// free. job is any key of the table above, and holder must differ from that of every other process. held
// must run until its ctx ends, or return an error; it must return soon after its ctx has ended, because
// the lease is released only then.
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
			f.link.Log.Debug().Err(err).Str("job", job).Msg("cannot request the lease, retrying")
			stream.Sleep(ctx, min(leaseRetry, f.leaseTTL/3))
		}
	}
	return nil
}

// awaitFree waits until no process holds the job, or the connection is closed, or ctx ends. It waits for
// leaseLook first: a key with an empty value, which is no lease of a process, does not make Hold spin.
//
// A holder renews its lease every leaseTTL/3, so a revision that stays for longer than leaseTTL is that of
// a lease which the server should have removed. awaitFree then removes it.
func (f *Fleet) awaitFree(ctx context.Context, job string) {
	var seen uint64 // the revision at the last look
	var since time.Time
	for stream.Sleep(ctx, min(leaseLook, f.leaseTTL/3)) == nil && !f.link.NC.IsClosed() {
		holder, revision, err := f.readLease(ctx, job)
		switch now := time.Now(); {
		case err != nil:
			f.link.Log.Debug().Err(err).Msg("cannot read the lease, retrying")
		case holder == "":
			return
		case revision != seen:
			seen, since = revision, now
		case now.Sub(since) > f.leaseTTL+f.leaseTTL/3: // a renewal may be late by as much
			f.removeLease(lease{job: job, holder: holder, revision: revision})
			since = now
		}
	}
}

// removeLease removes a lease of another process that the server should have removed.
func (f *Fleet) removeLease(l lease) {
	f.link.Log.Warn().Str("key", oneShortLine(l.job)).Str("holder", oneShortLine(l.holder)).
		Msg("removing a lease that the server has not let expire")
	f.release(l)
}

// acquire requests the lease once and returns its revision. The error is jetstream.ErrKeyExists if
// another process has it. The end of ctx does not interrupt the request: else the server might grant a
// lease that no process knows of. If the answer is lost all the same, such a lease expires.
func (f *Fleet) acquire(ctx context.Context, job, holder string) (revision uint64, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.link.Timeout)
	defer cancel()
	return f.leases.Create(ctx, job, []byte(holder), jetstream.KeyTTL(f.leaseTTL))
}

// Holder returns the process that holds the job; "" if none does. A replica that is behind may answer,
// so the result may be some time old.
func (f *Fleet) Holder(ctx context.Context, job string) (string, error) {
	holder, _, err := f.readLease(ctx, job)
	return holder, err
}

// readLease is Holder, and returns the revision of the lease, too.
func (f *Fleet) readLease(ctx context.Context, job string) (holder string, revision uint64, err error) {
	e, err := f.leases.Get(ctx, job)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return "", 0, nil
	case err != nil:
		return "", 0, fmt.Errorf("look at the lease of job %s: %w", job, stream.Explain(err))
	}
	return string(e.Value()), e.Revision(), nil
}

// Holds reports whether this process holds the job, as far as it knows: until held has returned.
func (f *Fleet) Holds(job string) bool {
	_, ok := f.held.Load(job)
	return ok
}
