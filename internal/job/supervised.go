package job

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"factorfleet/internal/fleet"
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
// A parked job has no consumer, no lease and no timer. Parking loses nothing, because each event that
// requires a watch changes what a look sees:
//
//	event                                         | what a look sees
//	a result came; a task was lost, split,        | the queue of the job has changed: its task was acked
//	returned, requeued, exhausted or given up     | or removed, or another was queued
//	a worker died after its result was stored     | the same, when the task is redelivered and acked
//	the holder of the job died or left            | its lease is free
//	the feeder of an open job died or left        | the lease of the feeder is free
//	the job was sealed, cut off or reopened       | its manifest has changed
//	a range waits in FACTOR_RETURNS               | the queue has changed; it changes again when the
//	                                              | sweeper requeues the range
//	all numbers are queued                        | the same: the job needs nothing but workers
//	a worker sits on a task                       | its heartbeats name the task for too long
//	a throttled job may be queued: it is resumed, | its manifest has changed, or the time has come.
//	changed, or its time to start has come        | While its numbers wait for their turn it is not parked
//	the deadline of a job that has not begun      | the time has come
//	a stored result was lost, or is refused       | nothing. The job is watched before its end anyway,
//	                                              | and each watch begins with its first result
//
// An event that a look misses costs time only. A job with numbers that are neither queued, verified nor
// given up is watched again within pace.longest. Any other job whose numbers are not all queued is
// watched again within pace.recheck.
type jobState int

const (
	parked    jobState = iota
	waiting            // in supervisor.waiting
	watched            // in supervisor.watching; its watch runs
	leaving            // in supervisor.watching; its watch is being cancelled
	leftAlone          // no watch can help until its manifest changes
)

// A supervised is a job as its supervisor sees it. Its fields are owned by supervisor.run, but for
// activity, which the watch writes.
type supervised struct {
	manifest *task.Job // the last one seen
	state    jobState
	checkAt  time.Time // a look that sees the fleet as of then or later watches the job, if it is parked and may need something

	// As the last look saw the job. A job is looked at before it is watched.
	queue *fleet.QueueOfJob // nil = not looked at yet
	mine  bool              // this supervisor is its owner
	held  bool              // another process has its lease
	fed   bool              // its feeder is alive

	// Of the range that a worker has held for the longest time, while the job is parked; see isOverdue.
	heldSince time.Time     // since when; zero = none is held
	heldLimit time.Duration // how long it may be held until the job is watched

	// Of its watch.
	stop     context.CancelCauseFunc
	began    time.Time
	activity atomic.Int64 // when an answer was verified or the queue last changed; Unix nanoseconds
	busy     atomic.Bool  // numbers of a throttled job wait for their turn to be queued
	rejoin   bool         // something happened while it was leaving: it waits for another watch at once

	// Of its watches before.
	slices     uint      // how many ended because other jobs waited
	incomplete uint      // how many in a row ended with numbers unaccounted for
	released   time.Time // this process has released its lease: what was read before is out of date
}

// quietFor returns for how long nothing has happened in a watched job.
func (e *supervised) quietFor(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, e.activity.Load()))
}

// changed takes a change of a manifest. It may be called twice with the same manifest.
func (s *supervisor) changed(ctx context.Context, j *task.Job) {
	e := s.jobs[j.ID]
	switch {
	case j.Finished():
		if e != nil {
			e.manifest = j
			s.finished(ctx, e)
		}
		return
	case e == nil:
		e = new(supervised)
		s.jobs[j.ID] = e
	case e.state == leftAlone && bytes.Equal(j.Encode(), e.manifest.Encode()):
		return
	}
	queues := e.manifest != nil && mayQueue(e.manifest, j)
	e.manifest = j
	switch e.state {
	case parked:
		if e.checkAt = time.Now(); queues && e.queue != nil && e.mine && !e.held {
			s.enqueue(e) // a user waits for it
		}
	case watched:
		e.activity.Store(time.Now().UnixNano())
	case leaving:
		e.rejoin = true
	case leftAlone:
		s.setAbandoned(j.ID, false)
		e.state, e.checkAt = parked, time.Now()
	}
}

// mayQueue reports whether a changed manifest may permit to queue what the one before did not permit.
func mayQueue(before, j *task.Job) bool {
	after := before.After != nil && (j.After == nil || j.After.Before(*before.After))
	return before.Paused && !j.Paused || before.Rate != j.Rate || before.MaxRunning != j.MaxRunning || after
}

// finished takes the end of a job. If the job is watched, its watch sees the same manifest and ends by
// itself; watchEnded then calls finished again.
func (s *supervisor) finished(ctx context.Context, e *supervised) {
	if e.state == watched || e.state == leaving {
		return
	}
	s.forget(e)
	id := e.manifest.ID
	if e.manifest.State != task.Cancelled || e.held {
		return
	}
	// A holder or sweeper may have requeued ranges between the user's purge and now. The holder would
	// remove them; there is none.
	s.watches.Go(func() {
		if err := s.f.StopWork(ctx, id); err != nil && ctx.Err() == nil {
			s.log.Debug().Err(err).Str("job", id).Msg("cannot remove the tasks of a cancelled job")
		}
	})
}

// forget drops a job that is not watched.
func (s *supervisor) forget(e *supervised) {
	if e.state == waiting {
		s.unqueue(e)
	}
	e.state = parked
	delete(s.jobs, e.manifest.ID)
	s.setAbandoned(e.manifest.ID, false)
}
