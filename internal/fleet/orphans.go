package fleet

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// Orphans are messages of jobs that do not exist. A worker may store any number of results for a job that it makes
// up, and a result may come so late that the tombstone of its job is gone. One supervisor of the fleet removes
// them. A sweep:
//
//  1. the last sequence of each stream       nothing that is stored later is removed
//  2. the keys of FACTOR_JOBS
//  3. the subjects of the streams            orphans = jobs of 3 that are not in 2
//  4. a pause
//  5. each orphan: its key once more, and if there is none, a purge of its subjects up to the sequences of 1
//
// Claim: no message of a job that exists is removed. A manifest is stored before anything else of its job
// (CreateJob), and removed after all else (removeTombstone). So a message of an existing job up to the sequences of
// 1 means that the manifest was stored before 1, and 5 finds it. A job that is created later stores later
// sequences, whatever its id is. Leaders answer 1, 2, 3 and 5, and only with a quorum. The pages of 2 may leave out a
// key if another one is removed meanwhile; 5 does not.
//
// A job with input or tasks, which a worker cannot write, may have lost its manifest: it is left alone for
// TombstoneAge, so that its user can submit the same input again.
//
// Cost: while nothing is stored or removed, four small requests a sweep. A listing takes 2.7 us a subject, and a
// purge as long as the server takes to read the blocks of the stream that have the orphan's messages. So both are
// spaced, and at most maxOrphans jobs are removed in a sweep, those with the most messages first.
type orphanSweep struct {
	f      *Fleet
	name   string // of this supervisor
	pace   OrphanPace
	max    int                  // maxOrphans; less in tests
	share  time.Duration        // purgeShare; less in tests
	clean  []streamState        // of the streams at the end of the last sweep that found none
	since  map[string]time.Time // orphans with input or tasks, since when they are known
	warned map[string]time.Time // workers, when they were last named in the log
	listed time.Duration        // which the listings of the last sweep took
}

// An OrphanPace says how often a supervisor searches for orphans.
type OrphanPace struct {
	First, Every time.Duration // before the first sweep, and between two
	Again        time.Duration // after a sweep that has left orphans
	Recheck      time.Duration // between the listing of keys and the removal of the first orphan
}

// NormalOrphanPace is that of the programs.
var NormalOrphanPace = OrphanPace{First: time.Minute, Every: 10 * time.Minute, Again: time.Minute, Recheck: 10 * time.Second}

const (
	orphanShare   = 200  // a sweep that takes the time t to list is followed by a pause of 200 t
	purgeShare    = 20   // a purge that takes the time t is followed by a pause of 20 t
	manyOrphans   = 2000 // messages of one worker in a sweep that are a complaint
	orphanWarning = time.Hour
)

// SweepOrphans removes messages of jobs that do not exist, until ctx ends. Of several supervisors the one with the
// first name does so. name is that of this supervisor.
func (f *Fleet) SweepOrphans(ctx context.Context, name string, pace OrphanPace) {
	s := f.newOrphanSweep(name, pace)
	for wait := pace.First; stream.Sleep(ctx, wait) == nil; {
		s.listed = 0
		more, err := s.sweep(ctx)
		if err != nil && ctx.Err() == nil {
			f.link.Log.Debug().Err(err).Msg("cannot search for messages of jobs that do not exist, retrying")
		}
		if wait = pace.Every; more {
			wait = pace.Again
		}
		wait = max(wait, min(orphanShare*s.listed, 24*time.Hour))
	}
}

func (f *Fleet) newOrphanSweep(name string, pace OrphanPace) *orphanSweep {
	return &orphanSweep{
		f: f, name: name, pace: pace, max: maxOrphans, share: purgeShare,
		since: make(map[string]time.Time), warned: make(map[string]time.Time),
	}
}

// sweep makes one sweep. more says that it has left orphans that another sweep may remove.
func (s *orphanSweep) sweep(ctx context.Context) (more bool, _ error) {
	names, err := s.f.Supervisors(ctx)
	if err != nil || len(names) > 0 && names[0] != s.name {
		return false, err
	}
	extents, states, err := s.look(ctx)
	if err != nil || slices.Equal(states, s.clean) && len(s.since) == 0 {
		return false, err
	}
	began := time.Now()
	found, err := s.list(ctx, extents)
	if err != nil {
		return false, err
	}
	s.listed = time.Since(began)
	s.keepKnown(found)
	for worker, n := range found.stuck {
		s.blame(worker, n)
	}
	if len(found.found) == 0 {
		s.clean = states
		return false, nil
	}
	if err := stream.Sleep(ctx, s.pace.Recheck); err != nil {
		return false, err
	}
	return found.more, s.remove(ctx, found, extents)
}

// look reads the last sequences of the streams, and their states. Those that workers cannot write come first.
func (s *orphanSweep) look(ctx context.Context) (extents []extent, states []streamState, _ error) {
	for _, at := range []jetstream.Stream{s.f.inputs, s.f.tasks, s.f.results, s.f.dead} {
		info, err := at.Info(ctx)
		if err == nil && !stream.HasQuorum(info) {
			err = stream.ErrNoQuorum
		}
		if err != nil {
			return nil, nil, stream.Explain(err)
		}
		states = append(states, streamState{info.State.FirstSeq, info.State.LastSeq, info.State.Msgs, info.State.NumDeleted})
		if info.State.Msgs > 0 {
			extents = append(extents, extent{at, info.State.LastSeq})
		}
	}
	return extents, states, nil
}

// list returns the jobs in the subjects of the streams that are no keys of FACTOR_JOBS.
func (s *orphanSweep) list(ctx context.Context, extents []extent) (*orphans, error) {
	keys, err := s.f.jobKeys(ctx)
	if err != nil {
		return nil, err
	}
	found := &orphans{max: s.max, known: keys, found: make(map[string]*orphan), stuck: make(map[string]int)}
	for _, e := range extents {
		name := e.stream.CachedInfo().Config.Name
		if err := s.f.eachSubject(ctx, name, ">", func(subject string) { found.add(name, subject) }); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// keepKnown keeps in s.since the jobs that are still orphans with input or tasks, and adds new ones.
func (s *orphanSweep) keepKnown(found *orphans) {
	maps.DeleteFunc(s.since, func(job string, _ time.Time) bool { return found.found[job] == nil })
	for job, o := range found.found {
		if _, ok := s.since[job]; ok || !o.worked {
			continue
		}
		s.since[job] = time.Now()
		s.f.link.Log.Warn().Str("job", oneShortLine(job)).
			Msgf("input or tasks are stored of a job that does not exist: they are removed in %v, unless the same input is submitted with that --id", TombstoneAge)
	}
}

// remove removes the orphans, those with the most messages first, and names the workers that have written many.
func (s *orphanSweep) remove(ctx context.Context, found *orphans, extents []extent) error {
	list := slices.SortedFunc(maps.Values(found.found), func(a, b *orphan) int { return cmp.Compare(b.messages, a.messages) })
	byWorker, removed, jobs := make(map[string]int), 0, 0
	for _, o := range list {
		if since, ok := s.since[o.job]; ok && time.Since(since) < TombstoneAge {
			continue
		}
		began := time.Now()
		switch exists, err := s.f.exists(ctx, o.job); {
		case err != nil:
			return err
		case exists:
			continue
		}
		for worker, n := range o.workers {
			byWorker[worker] += n
		}
		if err := s.f.purge(ctx, oneShortLine(o.job), s.purges(o, extents)); err != nil {
			s.f.link.Log.Debug().Err(err).Msg("cannot remove messages of a job that does not exist")
		} else {
			delete(s.since, o.job)
			removed, jobs = removed+o.messages, jobs+1
		}
		if err := stream.Sleep(ctx, s.share*time.Since(began)); err != nil {
			return err
		}
	}
	if jobs > 0 {
		s.f.link.Log.Info().Int("messages", removed).Int("jobs", jobs).Msg("removed messages of jobs that do not exist")
	}
	for worker, n := range byWorker {
		s.blame(worker, n)
	}
	return nil
}

// purges returns what removes an orphan.
func (s *orphanSweep) purges(o *orphan, extents []extent) (list []purge) {
	for _, e := range extents {
		if !o.at[e.stream.CachedInfo().Config.Name] {
			continue
		}
		for _, p := range purgesOf(o.job, e.stream) {
			p.last = e.last
			list = append(list, p)
		}
	}
	return list
}

// blame names a worker that has stored n messages of jobs that do not exist, if these are many.
func (s *orphanSweep) blame(worker string, n int) {
	if n < manyOrphans || worker == schema.Sweeper {
		return
	}
	s.f.complain(worker, ComplaintOrphans)
	if at, ok := s.warned[worker]; ok && time.Since(at) < orphanWarning || len(s.warned) >= maxOrphans {
		return
	}
	s.warned[worker] = time.Now()
	s.f.link.Log.Warn().Str("worker", oneShortLine(worker)).
		Msgf("a worker has stored %d results of jobs that do not exist; revoke its keys with `embedded keys revoke`", n)
}
