package job

import (
	"context"
	"sync/atomic"
	"time"

	"factorfleet/internal/task"
)

// A jobState says what a supervisor does with a job.
//
//	         may need something        a place is free
//	parked ─────────────────► waiting ────────────────► watched ──► left alone
//	  ▲  ▲                       │                         │        (beyond repair, or its input
//	  │  └───────────────────────┘                         │         is lost; parked again when
//	  │    another process holds it                        │         its manifest changes)
//	  └────────────────────────────── leaving ◄────────────┘
//	     (or to waiting, if others waited                nothing happens, or another process
//	      too long, or something happened)               holds it, or others wait too long
//
// A parked job has no consumer, no lease and no timer. Parking loses nothing: whatever a job may
// need shows in what is seen of all jobs at once.
//
//   - All its numbers are queued: it needs nothing but workers.
//   - A result came, a task was lost, split, requeued or given up: its task was acked or removed, or
//     another was queued, so the queue of the job has changed. A result whose worker died before the
//     ack is seen when the task is redelivered and acked.
//   - Its holder died or left, or the feeder of an open job did: the lease is listed no more.
//   - It was sealed, cut off or reopened: its manifest has changed.
//   - A stored result was lost or does not verify: this does not show. The job is watched before its
//     end in any case, and that begins with the first of its results.
//   - The watch ended before it had looked at everything, or a sign was missed: a job with numbers
//     that are neither queued nor verified nor given up is watched again, at the latest after
//     pace.longest; every other job that is not queued as a whole about every pace.recheck.
type jobState int

const (
	parked jobState = iota
	waiting
	watched
	leaving // its watch was told to end
	leftAlone
)

// A supervised is a job as its supervisor sees it. Its fields are owned by supervisor.run.
type supervised struct {
	manifest *task.Job // the last one seen
	state    jobState
	unknown  bool      // the next look decides whether it needs to be watched
	retryAt  time.Time // it is not watched before
	checked  time.Time // it needed nothing then
	verdict  []byte    // the manifest with which it was left alone

	// As of the last look.
	seen   bool // there was one
	chunks int
	hash   uint64 // of its queue
	held   bool   // by another process
	fed    bool   // its feeder is alive

	// Of its watch, and of the time after.
	stop   context.CancelCauseFunc
	began  time.Time
	moved  *atomic.Int64 // when something last happened, in Unix nanoseconds
	turns  uint          // how often it has left its place to another job
	misses uint          // watches in a row that ended with numbers unaccounted for
	back   bool          // it is to wait again once it has left
	ignore time.Time     // until then its lease may be listed, although this process has released it
}

// quietFor returns for how long nothing has happened in a watched job.
func (e *supervised) quietFor(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, e.moved.Load()))
}

// changed takes a change of a manifest.
func (s *supervisor) changed(ctx context.Context, j *task.Job) {
	e := s.jobs[j.ID]
	if j.Finished() {
		if e != nil {
			s.over(ctx, e, j)
		}
		return
	}
	if e == nil {
		e = new(supervised)
		s.jobs[j.ID] = e
		e.unknown = true
	}
	e.manifest = j
	switch e.state {
	case parked:
		e.unknown = true
	case watched:
		e.moved.Store(time.Now().UnixNano())
	case leaving:
		e.back = true
	case leftAlone:
		if string(j.Encode()) != string(e.verdict) {
			s.setAbandoned(j.ID, false)
			e.state, e.unknown, e.verdict = parked, true, nil
		}
	}
}

// over takes the end of a job. A watch ends by itself.
func (s *supervisor) over(ctx context.Context, e *supervised, j *task.Job) {
	e.manifest = j
	if e.state == watched || e.state == leaving {
		return
	}
	s.forget(e)
	if j.State == task.Cancelled && !e.held {
		// What was requeued while the job was cancelled, which its holder would remove else.
		s.watches.Go(func() {
			if err := s.f.StopWork(ctx, j.ID); err != nil && ctx.Err() == nil {
				s.log.Debug().Err(err).Str("job", j.ID).Msg("remove the tasks of a cancelled job")
			}
		})
	}
}

func (s *supervisor) forget(e *supervised) {
	id := e.manifest.ID
	delete(s.jobs, id)
	delete(s.watching, id)
	s.setAbandoned(id, false)
	e.state = parked // for supervisor.waiting, which may still have it
}
