package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// supervisorPrefix is before a supervisor's name in FACTOR_LEASES. Such a key has three tokens; the
// lease of a job has one, and that of its feeder two.
const supervisorPrefix = "process.supervisor."

// SupervisorLease is the lease that shows that the supervisor of that name is alive. It is held for as
// long as the supervisor runs, whether it watches jobs or not. Others see within leaseTTL that a
// supervisor has died, and divide its jobs among them; see job's owner.
func SupervisorLease(name string) string { return supervisorPrefix + name }

// declinedPrefix is before a part and a supervisor's name in FACTOR_LEASES.
const declinedPrefix = "process.declined."

// DeclinedLease is the lease that shows that a supervisor cannot conduct the campaign of a part now: it has too little
// memory. Another supervisor is to conduct it.
func DeclinedLease(child, name string) string { return declinedPrefix + child + "." + name }

// Declined returns the names of the supervisors that have declined a campaign, by part. One that has died is listed until
// its lease expires.
func (s *Survey) Declined() map[string][]string {
	declined := make(map[string][]string)
	for key := range s.keys {
		rest, ok := strings.CutPrefix(key, declinedPrefix)
		child, name, _ := strings.Cut(rest, ".")
		if held, _ := s.Held(key); ok && held && task.CheckJob(child) == nil && task.CheckJob(name) == nil {
			declined[child] = append(declined[child], name)
		}
	}
	return declined
}

// Supervisors returns the names of the supervisors that are alive, sorted. One that has just begun may be
// missing, and one that has died is listed until its lease expires.
func (s *Survey) Supervisors() (names []string) {
	for key := range s.keys {
		held, _ := s.Held(key)
		if name, ok := strings.CutPrefix(key, supervisorPrefix); ok && held && task.CheckJob(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Supervisors returns the names of the supervisors that are alive, sorted; none means that the fleet is
// unsupervised. One that has died counts until its lease expires, 15 s at most. The error wraps
// stream.ErrNotProvisioned if the fleet has no leases.
func Supervisors(ctx context.Context, js jetstream.JetStream) ([]string, error) {
	leases, err := js.KeyValue(ctx, schema.BucketLeases)
	if err != nil {
		return nil, fmt.Errorf("look for supervisors: %w", stream.NotProvisioned("bucket", schema.BucketLeases, err))
	}
	return supervisors(ctx, js, leases)
}

// Supervisors is Supervisors for the server of this fleet.
func (f *Fleet) Supervisors(ctx context.Context) ([]string, error) {
	return supervisors(ctx, f.link.JS, f.leases)
}

// Supervising reports whether this process is a supervisor whose lease has not been lost.
func (f *Fleet) Supervising() (found bool) {
	f.held.Range(func(key, _ any) bool {
		found = strings.HasPrefix(key.(string), supervisorPrefix)
		return !found
	})
	return found
}

// supervisors lists the subjects of the leases and reads each: the marker of a released lease is listed
// too. It follows nothing, because a producer of the first release may not follow leases.
func supervisors(ctx context.Context, js jetstream.JetStream, leases jetstream.KeyValue) (names []string, err error) {
	s, err := js.Stream(ctx, schema.BucketStream(schema.BucketLeases))
	if err != nil {
		return nil, fmt.Errorf("look for supervisors: %w", stream.Explain(err))
	}
	prefix := schema.KeyPrefix(schema.BucketLeases) + supervisorPrefix
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(prefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("look for supervisors: %w", stream.Explain(err))
	}
	for subject := range info.State.Subjects {
		name := strings.TrimPrefix(subject, prefix)
		if task.CheckJob(name) != nil {
			continue // no supervisor has such a name
		}
		switch e, err := leases.Get(ctx, SupervisorLease(name)); {
		case err == nil:
			if !isLapsed(e.Created(), info.TimeStamp) {
				names = append(names, name)
			}
		case !errors.Is(err, jetstream.ErrKeyNotFound):
			return nil, fmt.Errorf("look for supervisors: %w", stream.Explain(err))
		}
	}
	slices.Sort(names)
	return names, nil
}

// isLapsed reports whether a lease that was stored at a time is of a process that has ended, now being the server's time of
// about this moment; zero = unknown. A server that was killed may show for some minutes leases again that had expired before.
func isLapsed(stored, now time.Time) bool { return now.Sub(stored) > 4*leaseTTL }

// supervisor returns the name of a supervisor that is alive, any of several; "" if none is.
func (f *Fleet) supervisor(ctx context.Context) (string, error) {
	names, err := f.Supervisors(ctx)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[0], nil
}
