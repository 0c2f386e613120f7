package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A worker hands numbers back that are larger than it accepts. Where they are queued depends on the workers that are alive
// and take tasks of the job. The first row that applies decides:
//
//	one of them offers task.OfferLarge     in the class with that offer
//	one of them accepts the numbers        in the class of the job, after a pause: one of an earlier version
//	one has too little memory only         in the class of the job, with schema.HeaderAnywhere
//	else                                   in the class with the offer: they wait for such a worker
//
// A worker may hand back any numbers. In a fleet with a worker that offers task.OfferLarge that has no effect, and in
// another one the second row applies unless the numbers are really too large for all.
func (s *sweeper) requeueLarge(ctx context.Context, at schema.Place, round string, meta *jetstream.MsgMetadata) (time.Duration, error) {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil {
		return 0, err
	}
	numbers, err := j.inputs.Numbers(ctx, at.Range)
	if err != nil {
		return 0, voidWithoutInput(err)
	}
	largest := slices.MaxFunc(numbers, nat.Nat.Cmp)
	workers := slices.DeleteFunc(s.failures.registry.runningWorkers(s.failures.trust.Quarantined), func(w worker.Status) bool {
		return !w.Serves(j.manifest.Queue().Route())
	})
	class, h, pause := placeLarge(j.manifest.Queue(), workers, largest)
	if pause && meta.NumDelivered == 1 {
		return attempt.UnsupportedDelay, nil
	}
	if len(workers) > 0 && class != j.manifest.Queue() && !slices.ContainsFunc(workers, func(w worker.Status) bool { return w.Serves(class.Route()) }) {
		s.f.link.Log.Warn().Str("job", at.Job).Msgf("no worker that runs now accepts numbers of %d digits: the number waits for a worker without --max-digits", task.Digits(largest))
	}
	err = voidWithoutInput(s.f.queueRangesIn(ctx, class, j.manifest, j.inputs, []task.Range{at.Range}, round, h))
	if err == nil {
		s.hasQueued(at.Job, at.Range, 1)
	}
	return 0, err
}

// placeLarge returns the class in which a range is queued whose largest number a worker does not accept, and the headers
// of its task. pause: workers may hand it back again.
func placeLarge(of task.Class, workers []worker.Status, largest nat.Nat) (class task.Class, h header, pause bool) {
	large, fits := of.With(task.OfferLarge)
	accepts := func(memory bool) bool {
		return slices.ContainsFunc(workers, func(w worker.Status) bool { return w.Accepts(largest, memory) })
	}
	switch {
	case !fits:
		return of, h, true
	case slices.ContainsFunc(workers, func(w worker.Status) bool { return w.Serves(large.Route()) }):
		return large, h, false
	case accepts(true):
		return of, h, true
	case accepts(false):
		return of, header{anywhere: true}, false
	}
	return large, h, false
}
