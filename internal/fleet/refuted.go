package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A failure record is refuted if a result of another worker for the same number was verified, and its own worker
// has none. A refuted dead letter is a strike: its worker claims that the number failed three times. Other
// records may be honest: a worker that was killed during a last attempt has left one, and a number may need more
// memory than one worker has. So refutedRanges of them are one strike. The same holds of dead letters of commands, which
// may fail at one machine only, and of those of jobs that give a number up after fewer failures.
const refutedRanges = 10

// Refutations finds the refuted failure records of a job. Its user calls one method at a time. It belongs to the
// holder of the job. Two holders, or one that examines records again, write the same strikes.
type Refutations struct {
	x        *Failures
	job      string
	examined map[refutable]time.Time // when to examine it again, zero = never; at most maxExamined
	records  map[string][]uint64     // by worker: sequences of refuted records, one a range, that are no strike yet
}

// A refutable is all that one worker has stored of one number: its dead letter, or else its records.
type refutable struct {
	worker string
	number task.Range
	letter bool
}

const (
	maxExamined    = 50_000 // then all are forgotten
	examinedOfOne  = 32     // of one worker in a call
	examinedAtOnce = 256    // in a call, which takes two or three requests for each

	// A last attempt that may still run is examined again after runningPause: its worker may answer, too. A liar can
	// keep up that appearance. So a record that was stored before runningMost counts all the same.
	runningPause = 5 * time.Minute
	runningMost  = time.Hour
)

// Refutations returns the Refutations of a job that has examined no record.
func (x *Failures) Refutations(job string) *Refutations {
	return &Refutations{x: x, job: job, examined: make(map[refutable]time.Time), records: make(map[string][]uint64)}
}

// Records lists the records of failed attempts and the last-attempt records of the job: their subjects.
func (r *Refutations) Records(ctx context.Context) ([]FailureRecord, error) {
	return r.x.f.list(ctx, r.x.f.dead, schema.FailedPrefix+r.job+".*.*.*.*")
}

// Select returns the records of list that are to be examined, whose number has a verified answer, and whose worker is
// not quarantined. There are at most examinedAtOnce, and examinedOfOne of a worker.
func (r *Refutations) Select(list []FailureRecord, verified func(number task.Range) bool) (selected []FailureRecord) {
	of := make(map[string]int) // selected, by worker
	seen, now := make(map[refutable]bool), time.Now()
	for _, p := range list {
		if p.Range.Count != 1 || of[p.Worker] == examinedOfOne { // first what is cheap: there may be very many
			continue
		}
		k := refutableOf(p)
		again, examined := r.examined[k]
		done := seen[k] || examined && (again.IsZero() || now.Before(again))
		if done || !verified(p.Range) || r.x.trust.Quarantined(p.Worker) {
			continue
		}
		seen[k] = true
		of[p.Worker]++
		if selected = append(selected, p); len(selected) == examinedAtOnce {
			break
		}
	}
	return selected
}

// refutableOf returns what p is a part of.
func refutableOf(p FailureRecord) refutable { return refutable{p.Worker, p.Range, p.Attempt == 0} }

// Examine writes the strikes that follow from records that Select has returned. It waits for a server that is
// unreachable.
func (r *Refutations) Examine(ctx context.Context, selected []FailureRecord) error {
	for _, p := range selected {
		if len(r.examined) >= maxExamined {
			clear(r.examined)
		}
		again, err := r.examine(ctx, p)
		if err != nil {
			return err
		}
		r.examined[refutableOf(p)] = again
	}
	return nil
}

// examine examines one record. It returns when to examine it again; the zero time = never.
func (r *Refutations) examine(ctx context.Context, p FailureRecord) (again time.Time, err error) {
	refuted, err := r.isRefuted(ctx, p)
	if err != nil || !refuted {
		return again, err
	}
	subject := schema.FailedSubject(p.Address, p.Attempt, p.Worker)
	if p.Attempt == 0 {
		subject = schema.DeadSubject(p.Job, p.Range, p.Worker)
	}
	m, err := r.x.f.dead.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(subject))
	if stream.IsNotFound(err) {
		return again, nil
	}
	if err != nil {
		return again, fmt.Errorf("read %s: %w", subject, stream.Explain(err))
	}
	if r.runs(p, m) {
		return time.Now().Add(runningPause), nil
	}
	return again, r.hold(ctx, p, m.Sequence)
}

// runs reports whether p is the record of a last attempt that may still run; m is the message of p.
func (r *Refutations) runs(p FailureRecord, m *jetstream.RawStreamMsg) bool {
	if p.Attempt != schema.MaxDeliver || r.x.f.now().Sub(m.Time) > runningMost {
		return false
	}
	record, err := task.DecodeFailure(m.Data)
	return err == nil && lives(r.x.alive(r.x.registry.Workers(), p.Worker), p.Worker, record)
}

// isRefuted reports whether another worker has a result for exactly the number of p, and the worker of p has none.
func (r *Refutations) isRefuted(ctx context.Context, p FailureRecord) (bool, error) {
	results, err := r.x.f.list(ctx, r.x.f.results, schema.ResultsPrefix+r.job+"."+p.Range.String()+".*")
	others := false
	for _, result := range results {
		if result.Worker == p.Worker {
			return false, nil
		}
		others = others || !r.x.trust.Quarantined(result.Worker)
	}
	return others, err
}

// lettersAreClaims reports whether a dead letter of the job says that a number has failed three times, by the code that all
// workers have.
func (r *Refutations) lettersAreClaims(ctx context.Context) (bool, error) {
	j, err := r.x.f.Job(ctx, r.job)
	if errors.Is(err, ErrNoJob) || errors.Is(err, ErrUnreadable) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return !task.IsExec(j.Kind) && attempt.FailuresOf(j.MaxAttempts) >= attempt.MaxDeliver, nil
}

// hold counts a refuted record, stored with that sequence, against its worker.
func (r *Refutations) hold(ctx context.Context, p FailureRecord, seq uint64) error {
	claim, err := r.lettersAreClaims(ctx)
	if err != nil {
		return err
	}
	r.x.trust.Complain(p.Worker, ComplaintFailure)
	strike := Strike{Time: r.x.f.now(), Job: r.job, Range: p.Range.String(), Seq: seq, Claim: true,
		Reason: "its dead letter was refuted: another worker has answered the number"}
	if p.Attempt > 0 || !claim {
		list := append(r.records[p.Worker], seq)
		if r.records[p.Worker] = list; len(list) < refutedRanges {
			return nil
		}
		delete(r.records, p.Worker)
		strike.First, strike.Seq = slices.Min(list), slices.Max(list)
		strike.Reason = fmt.Sprintf("the records of %d failed numbers were refuted: other workers have answered them", len(list))
	}
	standing, fresh, err := r.x.trust.Strike(ctx, p.Worker, strike)
	if err != nil || !fresh {
		return err
	}
	log := r.x.f.link.Log.With().Str("job", r.job).Str("worker", p.Worker).Logger()
	log.Warn().Stringer("range", p.Range).Int("strikes", len(standing.Strikes)).Msg(strike.Reason)
	if standing.Quarantined != nil {
		log.Warn().Msg("worker quarantined: its results are refused until it is released")
	}
	return nil
}
