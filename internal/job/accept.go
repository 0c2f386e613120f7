package job

import (
	"errors"
	"fmt"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/plan"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// accept takes a verified result, and emits the answers whose turn it is. An error ends the loop: the
// output failed, the server has lost input, or the loop's context has ended.
func (l *loop) accept(k *collect.Checked) error {
	disagreed := l.collector.Disagreed()
	answers := l.tallyOf(k) // Accept may reuse the memory of the answers
	worth := l.worthKeeping(k)
	fresh, err := l.collector.Accept(l.ctx, *k)
	l.accepted.Add(fresh)
	l.showAnswered()
	if fresh > 0 {
		l.lastAccepted = time.Now()
		l.countProgress(k, answers, fresh)
		l.keepLines(worth)
	}
	var lost *collect.LostResult
	if errors.As(err, &lost) {
		l.watch.Log.Warn().Err(err).Msg("a verified result cannot be read again: its range is requeued")
		l.review.request()
		return nil
	}
	if err == nil && l.replicated {
		return l.noteVotes(k, disagreed)
	}
	return err
}

// showAnswered makes the count of answers known to the renewal of the lease.
func (l *loop) showAnswered() {
	if l.upToDate {
		l.answered.Store(l.collector.Verified() + 1)
	}
}

// tallyOf counts the answers of k by the size of their numbers, with the times that the worker claims.
func (l *loop) tallyOf(k *collect.Checked) *plan.Tally {
	t := plan.NewTally(plan.ExpectationOf(l.job))
	for i, n := range k.Numbers() {
		took := k.Answer(i).CPU
		if task.IsExec(l.job.Kind) { // a command may wait
			took = max(took, k.Answer(i).Wall)
		}
		t.AddAnswer(n.BitLen(), took)
	}
	return t
}

// countProgress counts the fresh numbers of k, 1 or more. Their work is estimated as their share of
// the work of k. Numbers that were answered before the process began say nothing about the speed, and those of
// the cache nothing about the times of numbers either.
func (l *loop) countProgress(k *collect.Checked, answers *plan.Tally, fresh uint64) {
	answers.Scale(fresh)
	switch {
	case k.Worker == schema.CacheWriter:
		l.watch.Progress.Known(answers)
	case l.upToDate:
		l.watch.Progress.Done(l.lastAccepted, k.Worker, k.Range, answers)
	default:
		l.watch.Progress.Found(k.Worker, answers)
	}
}

// emit hands the answer of one number to the caller.
func (l *loop) emit(item *collect.Item) error {
	if l.unanswered.Len() > 0 && l.unanswered.Contains(task.Range{First: item.Position, Count: 1}) {
		return nil
	}
	if err := l.watch.Emit(item); err != nil {
		return fmt.Errorf("%w: %w", ErrOutput, err)
	}
	return nil
}

// flush has the caller write out what it has buffered.
func (l *loop) flush() error {
	if err := l.watch.Flush(); err != nil {
		return fmt.Errorf("%w: %w", ErrOutput, err)
	}
	return nil
}

// show emits what is left to emit for Results, and ends the loop. In ordered output the collector
// emits the answers behind a number without answer only if that number is given up. So all numbers
// without answer are given up here, and emit passes them over.
func (l *loop) show() {
	all := task.Span(0, l.access.stored())
	for gap := range l.collector.Covered().Gaps(all) {
		l.unanswered.Add(gap)
	}
	err := l.collector.GiveUp(l.ctx, all, "no answer yet")
	if err == nil {
		err = l.flush()
	}
	if err != nil {
		l.finish(endingOf(err))
		return
	}
	l.finish(ending{kind: shown})
}

// summary returns how the job stands. Requires that run has returned.
func (l *loop) summary() *Summary {
	s := &Summary{Sizes: l.watch.Progress.Heard(l.job.Sizes), Job: *l.job, Counts: l.collector.Counts(), Requeued: l.requeued + l.overdue.issues.Load(), Missing: l.unanswered.Len()}
	s.Counts.Dead -= min(s.Counts.Dead, s.Missing) // passed over, not given up
	return s
}
