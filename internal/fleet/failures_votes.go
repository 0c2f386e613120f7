package fleet

import (
	"context"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// In a job with replicas a worker that has answered an item does not compute it again. So it is not another worker that
// could try, when the item has failed at its last attempt elsewhere: else an item that fails at one of two workers would
// be queued for ever. Who has answered is read from the subjects of the results, which no other worker can write.

// A voteListing is the results of the job with replicas that was last looked at.
type voteListing struct {
	mu     sync.Mutex // guards all below, and is held while the results are listed
	job    string
	places []schema.Place
	at     time.Time
	took   time.Duration
}

// withoutVoters returns takes, but for the workers that have answered the number if its job has replicas.
func (x *Failures) withoutVoters(ctx context.Context, j *task.Job, number task.Range, takes func(*worker.Status) bool) (func(*worker.Status) bool, error) {
	if j.Replicas < 2 {
		return takes, nil
	}
	places, err := x.votesOf(ctx, j.ID)
	if err != nil {
		return nil, err
	}
	var voters []string
	for _, p := range places {
		if p.Range.Contains(number) {
			voters = append(voters, p.Worker)
		}
	}
	return func(w *worker.Status) bool { return takes(w) && !slices.Contains(voters, w.Name) }, nil
}

// votesOf lists the results of a job. A listing is used again for queueAge, and longer if it took long: an answer that is
// not in it costs one more attempt.
func (x *Failures) votesOf(ctx context.Context, job string) ([]schema.Place, error) {
	v := &x.votes
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.job == job && time.Since(v.at) < max(queueAge, queueWait(v.took)) {
		return v.places, nil
	}
	began := time.Now()
	places, err := x.f.list(ctx, x.f.results, resultsFilter(job))
	if err != nil {
		return nil, err
	}
	v.job, v.places, v.at, v.took = job, places, time.Now(), time.Since(began)
	return places, nil
}
