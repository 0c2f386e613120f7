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
// A worker may hand back any numbers, and an offer is a claim, too. So a probe decides anew about tasks that wait for a
// worker with the offer:
//
//	all workers with the offer have left                        by the table
//	it was not delivered for largePatience, and a worker        in the class of the job
//	without the offer accepts the numbers
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
	largest, workers, err := s.takersOf(ctx, j, r)
	if err != nil {
		return "", h, false, err
	}
	of := j.manifest.Queue()
	class, h, pause = placeLarge(of, workers, largest)
	if class != of && !isServed(class, workers) && time.Since(s.saidLarge) >= time.Minute {
		s.saidLarge = time.Now()
		s.f.link.Log.Warn().Str("job", j.manifest.ID).Msgf("no worker that runs now accepts numbers of %d digits: they wait for a worker without --max-digits", task.Digits(largest))
	}
	return class, h, pause, nil
}

// takersOf returns the largest number of a range of a job, and the workers that are alive and take tasks of the job.
func (s *sweeper) takersOf(ctx context.Context, j *sweptJob, r task.Range) (largest nat.Nat, workers []worker.Status, err error) {
	numbers, err := j.inputs.Numbers(ctx, r)
	if err != nil {
		return largest, nil, err
	}
	route := j.manifest.Queue().Route()
	return slices.MaxFunc(numbers, nat.Nat.Cmp), slices.DeleteFunc(s.failures.registry.runningWorkers(s.failures.trust.Quarantined), func(w worker.Status) bool {
		return !w.Serves(route)
	}), nil
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

// largePatience is how long a task waits for a worker with task.OfferLarge while another worker accepts its numbers.
const largePatience = 2 * time.Minute

// moveLarge decides anew about the tasks of a class with task.OfferLarge, if some wait and no worker takes them, or none
// has for largePatience.
func (p *probe) moveLarge(ctx context.Context, class task.Class, info *jetstream.ConsumerInfo) error {
	if info.NumPending == 0 || !slices.Contains(strings.Split(class.Route(), "+"), task.OfferLarge) {
		return nil
	}
	workers := p.failures.registry.runningWorkers(p.failures.trust.Quarantined)
	if len(workers) == 0 {
		return nil
	}
	seq, late := uint64(1), isServed(class, workers)
	if late {
		seq = info.Delivered.Stream + 1 // those before run, or were delivered and are looked after like all others
	}
	for range maxMoved {
		m, err := p.f.tasks.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(schema.TasksPrefix+string(class)+".>"))
		if stream.IsNotFound(err) || err == nil && late && p.f.now().Sub(m.Time) < p.largePatience {
			return nil
		}
		if err == nil {
			err = p.moveTask(ctx, class, m, late)
		}
		if err != nil {
			return stream.Explain(err)
		}
		seq = m.Sequence + 1
	}
	return nil
}

// moveTask queues a task in the class in which its range would be queued now, if that is another one, and then removes it.
// late: workers offer to take it and have not.
func (p *probe) moveTask(ctx context.Context, class task.Class, m *jetstream.RawStreamMsg, late bool) error {
	at, err := schema.ParseSubject(m.Subject)
	if err != nil {
		return nil // see removeJunk
	}
	j, err := p.job(ctx, at.Job)
	if err != nil || j == nil || j.manifest.Paused {
		return err
	}
	place := p.placeOf
	if late {
		place = p.placeLate
	}
	to, h, _, err := place(ctx, j, at.Range)
	if err != nil || to == class {
		return err
	}
	h.spent = schema.ParseSpent(m.Header.Get(schema.HeaderSpent))
	if err := p.f.queueRangesIn(ctx, to, j.manifest, j.inputs, []task.Range{at.Range}, roundAfter(at.Round, m.Time), h); err != nil {
		return err
	}
	return p.f.link.DeleteMessage(ctx, schema.StreamTasks, m.Sequence)
}

// placeLate is placeOf for a range that workers with task.OfferLarge have not taken: it waits on, unless another worker
// accepts its numbers.
func (p *probe) placeLate(ctx context.Context, j *sweptJob, r task.Range) (class task.Class, h header, pause bool, err error) {
	largest, workers, err := p.takersOf(ctx, j, r)
	of := j.manifest.Queue()
	large, _ := of.With(task.OfferLarge)
	accepts := func(w worker.Status) bool { return !w.Serves(large.Route()) && w.Accepts(largest, true) }
	if err != nil || !slices.ContainsFunc(workers, accepts) {
		return large, h, false, err
	}
	return of, h, false, nil
}
