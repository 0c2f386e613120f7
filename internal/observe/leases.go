package observe

import (
	"context"
	"slices"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// Bounds of the requests of one look.
const (
	leaseReads     = 64 // while somebody watches
	leaseReadsIdle = 16 // else
	storedReads    = 8  // listings of the blocks of jobs that are open
	leaseAge       = 5 * time.Second
	storedAge      = 2 * time.Second
)

// readLeases reads the leases of jobs that have not ended and that other processes hold, those first that were read
// longest ago, and how many numbers open jobs have.
func (s *session) readLeases(ctx context.Context, watched bool) (err error) {
	if s.leases == nil {
		if s.leases, err = s.fl.Leases(ctx); err != nil {
			return err
		}
	}
	now := time.Now()
	active := s.jobs.active()
	var due, open []jobAt
	for _, j := range active {
		x, own := s.leases.Own(j.job.ID)
		if own {
			x.Holder = j.lease.Holder
			j.lease = x
		}
		if (!own || j.lease.Holder == "") && now.Sub(j.leaseAt) >= leaseAge-lookEvery/2 {
			due = append(due, j)
		}
		if j.job.State == task.Open && now.Sub(j.storedAt) >= storedAge-lookEvery/2 {
			open = append(open, j)
		}
	}
	slices.SortStableFunc(due, func(a, b jobAt) int { return a.leaseAt.Compare(b.leaseAt) })
	limit := leaseReads
	if !watched {
		limit = leaseReadsIdle
	}
	for _, j := range due[:min(len(due), limit)] {
		if j.lease, err = s.readLease(ctx, j.job.ID); err != nil {
			return err
		}
		j.leaseAt = now
	}
	if !watched {
		return nil
	}
	slices.SortStableFunc(open, func(a, b jobAt) int { return a.storedAt.Compare(b.storedAt) })
	for _, j := range open[:min(len(open), storedReads)] {
		if j.stored, err = s.fl.StoredCount(ctx, j.job.ID); err != nil {
			return err
		}
		j.storedAt = now
	}
	return nil
}

// readLease reads a lease. If this process holds it, what this process knows is newer than what is stored.
func (s *session) readLease(ctx context.Context, key string) (x fleet.Lease, err error) {
	if x, err = s.leases.Read(ctx, key); err != nil {
		return x, err
	}
	if own, ok := s.leases.Own(key); ok {
		own.Holder = x.Holder
		return own, nil
	}
	return x, nil
}
