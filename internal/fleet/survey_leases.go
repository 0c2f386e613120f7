package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// A listing of FACTOR_LEASES has the markers of released leases, too: for leaseTTL more. So a Survey reads
// the leases that are listed, but not those that this process holds:
//
//	listed ──► read ──┬── a holder: read again when the bucket has changed, or after leaseReread
//	                  ├── a marker, or nothing: free
//	                  └── the same revision for 4/3 leaseTTL: removed (see awaitFree)
//
// A read costs a small request. At most maxLeaseReads are made in a look, those first that were read
// longest ago: a released lease of n is seen to be free n/maxLeaseReads looks later.
const (
	maxLeaseReads = 64
	leaseReread   = 5 * time.Second
)

// A seenLease is a key of FACTOR_LEASES that is listed.
type seenLease struct {
	free     bool      // it is a marker
	revision uint64    // 0 = not read yet
	since    time.Time // the revision was seen first
	read     time.Time // zero = not read yet
}

// listed takes the subjects of FACTOR_LEASES.
func (s *Survey) listed(subjects map[string]uint64) {
	keys := make(map[string]*seenLease, len(subjects))
	for subject := range subjects {
		key := strings.TrimPrefix(subject, schema.KeyPrefix(schema.BucketLeases))
		if keys[key] = s.keys[key]; keys[key] == nil {
			keys[key] = new(seenLease)
		}
	}
	s.keys, s.changed = keys, time.Now()
}

// readLeases reads leases that may have changed since they were read.
func (s *Survey) readLeases(ctx context.Context) error {
	now := time.Now()
	var due []string
	for key, l := range s.keys {
		if !s.f.Holds(key) && (!l.read.After(s.changed) || now.Sub(l.read) >= leaseReread) {
			due = append(due, key)
		}
	}
	slices.SortFunc(due, func(a, b string) int { return s.keys[a].read.Compare(s.keys[b].read) })
	for _, key := range due[:min(len(due), maxLeaseReads)] {
		if err := s.readLease(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// readLease reads one lease, and removes it if the server has not let it expire.
func (s *Survey) readLease(ctx context.Context, key string) error {
	began, l := time.Now(), s.keys[key]
	holder, revision, err := s.f.readLease(ctx, key)
	if errors.Is(err, jetstream.ErrInvalidKey) { // written by a client that is not of these programs
		holder, revision, err = "", 0, nil
	}
	if err != nil {
		return err
	}
	if l.read.IsZero() || revision != l.revision {
		l.since = began
	}
	l.free, l.revision, l.read = holder == "", revision, began
	if !l.free && began.Sub(l.since) > s.f.leaseTTL+s.f.leaseTTL/3 {
		s.f.removeLease(lease{job: key, holder: holder, revision: revision})
		l.since = began
	}
	return nil
}

// Held reports whether a process holds the lease of that key: a job's, or its feeder's. asOf is a time on
// the clock of this process: the lease was read no earlier.
func (s *Survey) Held(key string) (held bool, asOf time.Time) {
	l := s.keys[key]
	switch {
	case l == nil:
		return false, s.leases.seen
	case l.read.IsZero():
		return true, s.leases.seen
	}
	return !l.free, l.read
}
