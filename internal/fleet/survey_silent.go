package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/text"
)

// A lease without a time to live never expires: a broken program may have stored one, or a server that was
// restarted has kept one. Its job would count as held for ever, and a supervisor of that name as alive, which
// would leave a share of the jobs to nobody. So a survey reads each lease now and then, and removes one that was
// not renewed for longer than its time to live, as awaitFree does for the lease that it waits for.

// A silentLease is a lease as it was read last.
type silentLease struct {
	revision uint64
	removed  bool      // by this survey: what is listed is its marker
	since    time.Time // it has had that revision since then, on the clock of this process
	read     time.Time
}

// silentLeases has the leases that a survey has seen. It belongs to the goroutine of the survey.
type silentLeases map[string]silentLease

// silentReads is how many leases a look reads at most. If there are few, each is read once in four thirds of its
// time to live, so that one that is silent is removed at its second reading.
const silentReads = 8

// look reads some of the leases with these keys, and removes those that are no longer renewed. An error costs
// time only: the next look reads on.
func (l *silentLeases) look(ctx context.Context, f *Fleet, keys map[string]bool) {
	if *l == nil {
		*l = make(silentLeases)
	}
	for key := range *l {
		if !keys[key] {
			delete(*l, key)
		}
	}
	silence := f.leaseTTL + f.leaseTTL/3 // a renewal may be late by as much
	now, reads := time.Now(), 0
	for key := range keys { // in random order: all get their turn
		seen, known := (*l)[key]
		if reads == silentReads || ctx.Err() != nil {
			return
		}
		if f.Holds(key) || known && now.Sub(seen.read) <= silence {
			continue
		}
		reads++
		holder, revision, err := f.readLease(ctx, key)
		switch {
		case errors.Is(err, jetstream.ErrInvalidKey): // no lease of the fleet
			continue
		case err != nil:
			return
		case revision == 0: // it was released: what is listed is its marker, which expires
			delete(*l, key)
			continue
		case !known || revision != seen.revision:
			seen = silentLease{revision: revision, since: now}
		case now.Sub(seen.since) > silence:
			f.link.Log.Warn().Str("key", text.Sanitize(key, 60)).Str("holder", text.Sanitize(holder, 60)).
				Msg("removing a lease that the server has not let expire")
			f.release(lease{job: key, holder: holder, revision: revision})
			seen.removed = true
		}
		seen.read = now
		(*l)[key] = seen
	}
}
