package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"

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

// Supervisors returns the names of the supervisors that are alive, sorted. One that has just begun may be
// missing, and one that has died is listed until its lease expires.
func (s *Survey) Supervisors() (names []string) {
	for key := range s.keys {
		if name, ok := strings.CutPrefix(key, supervisorPrefix); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// supervisor returns the name of a supervisor that is alive, any of several; "" if none is. It lists keys
// and reads none, because a producer of the first release may not follow leases.
func (f *Fleet) supervisor(ctx context.Context) (string, error) {
	s, err := f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketLeases))
	if err != nil {
		return "", fmt.Errorf("look for supervisors: %w", stream.Explain(err))
	}
	prefix := schema.KeyPrefix(schema.BucketLeases) + supervisorPrefix
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(prefix+"*"))
	if err != nil {
		return "", fmt.Errorf("look for supervisors: %w", stream.Explain(err))
	}
	for subject := range info.State.Subjects {
		return strings.TrimPrefix(subject, prefix), nil
	}
	return "", nil
}

// LooksAfter returns the process that looks after a job: its holder, else, of a job that has not
// ended, a supervisor; "" if there is neither.
func (f *Fleet) LooksAfter(ctx context.Context, j *task.Job) (string, error) {
	holder, err := f.Holder(ctx, j.ID)
	if err != nil || holder != "" || j.Finished() {
		return holder, err
	}
	return f.supervisor(ctx)
}
