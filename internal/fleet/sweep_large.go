package fleet

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A worker hands numbers back that are larger than it accepts. Where they are queued depends on the workers that are alive
// and take tasks of the job. The first row that applies decides:
//
//	there is none                          in the class of the job: the worker that comes decides
//	one of them offers task.OfferLarge     in the class with that offer
//	one of them accepts the numbers        in the class of the job, after a pause: one of an earlier version
//	one has too little memory only         in the class of the job, with schema.HeaderAnywhere
//	else                                   in the class with the offer: they wait for such a worker
//
// A worker may hand back any numbers. In a fleet with a worker that offers task.OfferLarge that has no effect, and in
// another one the third row applies unless the numbers are really too large for all.
//
// If all workers with the offer have left, a probe decides anew about the tasks that wait for one.
func (s *sweeper) requeueLarge(ctx context.Context, at schema.Place, round string, meta *jetstream.MsgMetadata) (time.Duration, error) {
	j, err := s.job(ctx, at.Job)
	if err != nil || j == nil {
		return 0, err
	}
	class, h, pause, err := s.placeOf(ctx, j, at.Range)
	if err != nil {
		return 0, voidWithoutInput(err)
	}
	if pause && meta.NumDelivered == 1 {
		return attempt.UnsupportedDelay, nil
	}
	err = voidWithoutInput(s.f.queueRangesIn(ctx, class, j.manifest, j.inputs, []task.Range{at.Range}, round, h))
	if err == nil {
		s.hasQueued(at.Job, at.Range, 1)
	}
	return 0, err
}

// placeOf is placeLarge for a range of a job and the workers that are alive. It says, once a minute, if none of them
// accepts its numbers.
func (s *sweeper) placeOf(ctx context.Context, j *sweptJob, r task.Range) (class task.Class, h header, pause bool, err error) {
	numbers, err := j.inputs.Numbers(ctx, r)
	if err != nil {
		return "", h, false, err
	}
	largest, of := slices.MaxFunc(numbers, nat.Nat.Cmp), j.manifest.Queue()
	workers := slices.DeleteFunc(s.failures.registry.runningWorkers(s.failures.trust.Quarantined), func(w worker.Status) bool {
		return !w.Serves(of.Route())
	})
	class, h, pause = placeLarge(of, workers, largest)
	if class != of && !isServed(class, workers) && time.Since(s.saidLarge) >= time.Minute {
		s.saidLarge = time.Now()
		s.f.link.Log.Warn().Str("job", j.manifest.ID).Msgf("no worker that runs now accepts numbers of %d digits: they wait for a worker without --max-digits", task.Digits(largest))
	}
	return class, h, pause, nil
}

// isServed reports whether one of the workers takes tasks of a class.
func isServed(class task.Class, workers []worker.Status) bool {
	return slices.ContainsFunc(workers, func(w worker.Status) bool { return w.Serves(class.Route()) })
}

// placeLarge returns the class in which a range is queued whose largest number a worker does not accept, and the headers
// of its task. pause: workers may hand it back again.
func placeLarge(of task.Class, workers []worker.Status, largest nat.Nat) (class task.Class, h header, pause bool) {
	large, fits := of.With(task.OfferLarge)
	accepts := func(memory bool) bool {
		return slices.ContainsFunc(workers, func(w worker.Status) bool { return w.Accepts(largest, memory) })
	}
	switch {
	case !fits || len(workers) == 0:
		return of, h, true
	case isServed(large, workers):
		return large, h, false
	case accepts(true):
		return of, h, true
	case accepts(false):
		return of, header{anywhere: true}, false
	}
	return large, h, false
}

// maxMoved is how many tasks one look of a probe moves to another class.
const maxMoved = 256

// moveLarge decides anew about the tasks of a class with task.OfferLarge, if some wait and no worker takes them.
func (p *probe) moveLarge(ctx context.Context, class task.Class, info *jetstream.ConsumerInfo) error {
	if info.NumPending == 0 || !slices.Contains(strings.Split(class.Route(), "+"), task.OfferLarge) {
		return nil
	}
	if workers := p.failures.registry.runningWorkers(nil); len(workers) == 0 || isServed(class, workers) {
		return nil
	}
	seq := uint64(1)
	for range maxMoved {
		m, err := p.f.tasks.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(schema.TasksPrefix+string(class)+".>"))
		if stream.IsNotFound(err) {
			return nil
		}
		if err == nil {
			err = p.moveTask(ctx, class, m)
		}
		if err != nil {
			return stream.Explain(err)
		}
		seq = m.Sequence + 1
	}
	return nil
}

// moveTask queues a task in the class in which its range would be queued now, if that is another one, and then removes it.
func (p *probe) moveTask(ctx context.Context, class task.Class, m *jetstream.RawStreamMsg) error {
	at, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return nil // see removeJunk
	}
	j, err := p.job(ctx, at.Job)
	if err != nil || j == nil || j.manifest.Paused {
		return err
	}
	to, h, _, err := p.placeOf(ctx, j, at.Range)
	if err != nil || to == class {
		return err
	}
	h.spent = schema.ParseSpent(m.Header.Get(schema.HeaderSpent))
	if err := p.f.queueRangesIn(ctx, to, j.manifest, j.inputs, []task.Range{at.Range}, roundAfter(at.Round, m.Time), h); err != nil {
		return err
	}
	return p.f.link.DeleteMessage(ctx, schema.StreamTasks, m.Sequence)
}
