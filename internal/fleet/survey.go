package fleet

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A Survey sees which jobs are held and what is queued of each, for all jobs at once. It is for
// one goroutine.
//
// A look costs two small requests. It lists a stream only if its state has changed since the last
// listing, and spaces listings so that they take at most one part in surveyShare of the time. No
// consumer is needed, and no permission beyond those of the first release.
type Survey struct {
	f      *Fleet
	seed   maphash.Seed
	leases listing
	tasks  listing
	keys   map[string]bool        // of FACTOR_LEASES
	queues map[string]*QueueOfJob // by job
}

// QueueOfJob is what FACTOR_TASKS holds of a job. Two with the same Hash and Chunks are the same.
type QueueOfJob struct {
	Chunks int
	Hash   uint64   // sum of the hashes of its subjects
	Ranges task.Set // queued or running
}

const surveyShare = 50

// A listing remembers the state in which a stream was when its subjects were listed.
type listing struct {
	stream jetstream.Stream
	filter string
	last   streamState
	known  bool
	seen   time.Time // the stream was in that state no earlier
	due    time.Time // the next look is made no earlier
}

// A streamState differs whenever messages were stored or removed.
type streamState struct {
	first, last, messages uint64
	deleted               int
}

// NewSurvey returns a Survey that has seen nothing.
func (f *Fleet) NewSurvey() *Survey {
	return &Survey{
		f: f, seed: maphash.MakeSeed(),
		tasks: listing{stream: f.tasks, filter: schema.TasksPrefix + ">"},
	}
}

// Look brings the survey up to date. An error means that what it shows may be old.
func (s *Survey) Look(ctx context.Context) error {
	if s.leases.stream == nil {
		bucket, err := s.f.link.JS.Stream(ctx, schema.BucketStream(schema.BucketLeases))
		if err != nil {
			return fmt.Errorf("look at bucket %s: %w", schema.BucketLeases, stream.Explain(err))
		}
		s.leases = listing{stream: bucket, filter: schema.KeyPrefix(schema.BucketLeases) + ">"}
	}
	// Leases first: a process that has finished with a queue releases the lease after that.
	err := s.leases.look(ctx, func(subjects map[string]uint64) {
		s.keys = make(map[string]bool, len(subjects))
		for subject := range subjects {
			s.keys[strings.TrimPrefix(subject, schema.KeyPrefix(schema.BucketLeases))] = true
		}
	})
	if err != nil {
		return err
	}
	return s.tasks.look(ctx, func(subjects map[string]uint64) {
		s.queues = make(map[string]*QueueOfJob)
		for subject := range subjects {
			s.count(subject)
		}
	})
}

func (s *Survey) count(subject string) {
	p, err := schema.ParseSubject(subject)
	if err != nil {
		return
	}
	q := s.queues[p.Job]
	if q == nil {
		q = new(QueueOfJob)
		s.queues[p.Job] = q
	}
	q.Chunks++
	q.Hash += maphash.String(s.seed, subject)
	q.Ranges.Add(p.Range)
}

// look calls list with the subjects of the stream if they may have changed.
func (l *listing) look(ctx context.Context, list func(subjects map[string]uint64)) error {
	began := time.Now()
	if began.Before(l.due) {
		return nil
	}
	info, err := l.stream.Info(ctx)
	if err == nil && !stream.Leads(info) {
		err = stream.ErrAlone
	}
	if err != nil {
		return fmt.Errorf("look at %s: %w", l.filter, stream.Explain(err))
	}
	now := streamState{info.State.FirstSeq, info.State.LastSeq, info.State.Msgs, info.State.NumDeleted}
	if l.known && now == l.last {
		l.seen = began
		return nil
	}
	if info.State.Msgs > 0 {
		if info, err = l.stream.Info(ctx, jetstream.WithSubjectFilter(l.filter)); err != nil {
			return fmt.Errorf("list %s: %w", l.filter, stream.Explain(err))
		}
	}
	list(info.State.Subjects)
	l.last, l.known, l.seen = now, true, began
	end := time.Now()
	l.due = end.Add(surveyShare * end.Sub(began))
	return nil
}

// Held reports whether a process holds the lease of that key: a job's, or its feeder's.
func (s *Survey) Held(key string) bool { return s.keys[key] }

// LeasesSeen returns the time of which Held tells, or a later one that makes no difference.
func (s *Survey) LeasesSeen() time.Time { return s.leases.seen }

// Queue returns what is queued of a job; it must not be modified.
func (s *Survey) Queue(job string) *QueueOfJob {
	if q := s.queues[job]; q != nil {
		return q
	}
	return new(QueueOfJob)
}

// supervisorPrefix is before a supervisor's name in FACTOR_LEASES. The key of a job's lease has
// one token less, or two.
const supervisorPrefix = "process.supervisor."

// SupervisorLease is the lease that shows that the supervisor of that name is alive.
func SupervisorLease(name string) string { return supervisorPrefix + name }

// Supervisors returns the names of the supervisors that are alive, sorted.
func (s *Survey) Supervisors() (names []string) {
	for key := range s.keys {
		if name, ok := strings.CutPrefix(key, supervisorPrefix); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// supervisor returns the name of a supervisor that is alive; "" if none is.
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
	if err != nil || holder != "" || j.Over() {
		return holder, err
	}
	return f.supervisor(ctx)
}
