package job

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

func discard(*collect.Item) error { return nil }

func noNumbers(context.Context, task.Range) ([]nat.Nat, error) { return nil, collect.ErrNoInput }

func noResult(context.Context, uint64) ([]byte, time.Time, error) {
	return nil, time.Time{}, collect.ErrNoInput
}

// A world is the streams of one job of squares, with workers that lose tasks and results,
// answer twice and wrongly, and give numbers up. Every call takes a random time.
type world struct {
	t       *testing.T
	returns bool          // workers hand tasks back: some ranges may be requeued without need
	over    task.State    // state of the job after 50 ms; "" = it is not changed by a user
	listing time.Duration // that a listing of dead letters takes, on average
	slow    func()        // what the output does before it takes a line; nil = nothing

	mu       sync.Mutex // guards below
	rand     *rand.Rand
	job      task.Job
	numbers  uint64              // stored
	queue    map[task.Range]bool // FACTOR_TASKS: whether the feeder has queued it
	handed   map[task.Range]bool // FACTOR_RETURNS
	results  []arrival
	letters  []fleet.DeadLetter
	listed   int            // how often letters and claims were listed
	claims   []schema.Place // dead letters of workers, true ones or not
	poison   task.Set       // numbers that no worker can do
	noInput  bool           // the input cannot be read: requeue fails
	noFeeder time.Time      // since when no process has the feeder's lease; zero = one has
	followed bool           // the results are followed

	dispatched   uint64 // numbers that the dispatcher has queued
	queuedPaused int    // how often it has queued some of a job that was paused for a while
	changes      int    // how often a user changes the limits of the job
	pausedAt     time.Time
}

// An arrival is a result of FACTOR_RESULTS. Its sequence is its index plus 1.
type arrival struct {
	collect.Arrival
	lost    bool // removed before it was read, or as refused
	correct bool
}

const worldCount = 400 // numbers of a world's job

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), queue: make(map[task.Range]bool), handed: make(map[task.Range]bool),
		job: task.Job{ID: "j", Kind: task.KindSquare, State: task.Open},
	}
	for range w.rand.IntN(4) {
		w.poison.Add(task.Range{First: w.rand.Uint64N(worldCount), Count: 1})
	}
	return w
}

// pause sleeps a random time up to limit.
func (w *world) pause(limit time.Duration) {
	w.mu.Lock()
	d := time.Duration(w.rand.Int64N(int64(limit)))
	w.mu.Unlock()
	time.Sleep(d)
}

// chance reports true once in n times.
func (w *world) chance(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rand.IntN(n) == 0
}

func worldNumbers(_ context.Context, r task.Range) ([]nat.Nat, error) {
	numbers := make([]nat.Nat, r.Count)
	for i := range numbers {
		numbers[i] = nat.New(r.First + uint64(i))
	}
	return numbers, nil
}

// result is for loopConfig.
func (w *world) result(_ context.Context, seq uint64) ([]byte, time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if seq == 0 || seq > uint64(len(w.results)) || w.results[seq-1].lost {
		return nil, time.Time{}, fmt.Errorf("no result %d", seq)
	}
	return w.results[seq-1].Data, w.results[seq-1].Stored, nil
}

// feed stores and queues the input, and seals the job.
func (w *world) feed(ctx context.Context, l *loop) error {
	l.post(inputConfirmed{})
	for first := uint64(0); first < worldCount; {
		w.pause(50 * time.Millisecond)
		w.mu.Lock()
		r := task.Span(first, min(worldCount, first+1+w.rand.Uint64N(40)))
		w.numbers = r.End()
		if !w.job.Throttled && w.rand.IntN(10) > 0 { // else the feeder dies between the two
			w.queue[r] = true
		}
		first = r.End()
		w.mu.Unlock()
		l.supplies.put(struct{}{})
		if w.chance(5) {
			l.post(inputConfirmed{})
		}
	}
	w.mu.Lock()
	w.job.State, w.job.Count = task.Sealed, worldCount
	j := w.job
	w.mu.Unlock()
	l.post(inputSealed{&j})
	return nil
}

// work takes tasks until ctx ends.
func (w *world) work(ctx context.Context, name string, l *loop) error {
	for ctx.Err() == nil {
		w.pause(20 * time.Millisecond)
		w.mu.Lock()
		ranges := slices.SortedFunc(maps.Keys(w.queue), func(a, b task.Range) int { return int(a.First) - int(b.First) })
		if len(ranges) == 0 {
			w.mu.Unlock()
			continue
		}
		r := ranges[w.rand.IntN(len(ranges))]
		luck, bad := w.rand.IntN(20), w.poison.Overlaps(r)
		w.mu.Unlock()
		switch {
		case bad && r.Count == 1 && luck%2 == 0, luck == 4 && r.Count == 1:
			w.claim(name, r)
			l.requestReview()
		case bad && r.Count == 1:
			w.giveUp(r)
			if !w.chance(3) { // else the message is not noticed
				l.requestReview()
			}
		case bad || w.returns && luck == 0:
			w.handBack(r)
		case luck == 1: // acked without a result
		case luck == 2:
			w.answer(name, r, false)
		case luck == 3:
			w.answer(name, r, true)
			w.answer(name+"2", r, true)
		default:
			w.answer(name, r, true)
		}
		w.pause(5 * time.Millisecond)
		w.mu.Lock()
		delete(w.queue, r) // the ack
		w.mu.Unlock()
	}
	return nil
}

// answer stores a result, which the server may lose at once.
func (w *world) answer(name string, r task.Range, correct bool) {
	result := squares(name, int(r.First), int(r.Count))
	if !correct {
		wrongFactor(result)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a := collect.Arrival{Range: r, Worker: name, Seq: uint64(len(w.results)) + 1, Data: result.Encode()}
	w.results = append(w.results, arrival{a, w.rand.IntN(30) == 0, correct})
}

// claim stores a dead letter of a worker.
func (w *world) claim(name string, r task.Range) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claims = append(w.claims, schema.Place{Address: task.Address{Job: "j", Range: r}, Worker: name})
}

func (w *world) giveUp(r task.Range) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.giveUpLocked(r)
}

func (w *world) giveUpLocked(r task.Range) {
	w.letters = append(w.letters, fleet.DeadLetter{Job: "j", Range: r, Writer: schema.Sweeper, Failure: task.Failure{Err: "poison"}})
}

// handBack returns a task, which is then queued in pieces.
func (w *world) handBack(r task.Range) {
	w.mu.Lock()
	w.handed[r] = true
	delete(w.queue, r)
	w.mu.Unlock()
	w.pause(30 * time.Millisecond)
	w.mu.Lock()
	for _, piece := range r.Pieces(max(2, r.Count/4)) {
		w.queue[piece] = false
	}
	w.mu.Unlock()
	w.pause(5 * time.Millisecond)
	w.mu.Lock()
	delete(w.handed, r)
	w.mu.Unlock()
}

// follow reads the results, verifies them and sends them. Now and then it reads all again, as
// after a server that has lost messages.
func (w *world) follow(ctx context.Context, l *loop) error {
	if w.followed {
		w.t.Error("the results are followed twice")
	}
	w.followed = true
	known := false
	for next := 0; ctx.Err() == nil; w.pause(20 * time.Millisecond) {
		if w.chance(30) {
			next = 0
		}
		w.mu.Lock()
		batchEnd := min(len(w.results), next+w.rand.IntN(20))
		part := slices.Clone(w.results[next:batchEnd])
		w.mu.Unlock()
		w.send(ctx, l, part, batchEnd)
		next = batchEnd
		w.mu.Lock()
		current := next == len(w.results)
		w.mu.Unlock()
		if current && (!known || w.chance(10)) {
			known = true
			l.deliver(caughtUp{w})
		}
	}
	return nil
}

// send verifies part, which ends with sequence last, and sends it.
func (w *world) send(ctx context.Context, l *loop, part []arrival, last int) {
	b, refused := batch{last: uint64(last)}, false
	for i := range part {
		if part[i].lost {
			continue
		}
		k, err := l.collector.Check(ctx, part[i].Arrival)
		duplicate := err == nil && k.Numbers() == nil // it is not verified, right or not
		if (err == nil) != part[i].correct && !duplicate {
			w.t.Errorf("a result that is right (%v) was checked: %v", part[i].correct, err)
		}
		if err == nil {
			b.verified = append(b.verified, k)
			continue
		}
		refused = true
		w.mu.Lock()
		w.results[part[i].Seq-1].lost = true
		w.mu.Unlock()
	}
	if !refused {
		l.deliver(b)
		return
	}
	l.deliver(batch{verified: b.verified})
	w.pause(5 * time.Millisecond)
	l.deliver(batch{last: b.last, removed: true})
}

// lease takes the lease and loses it.
func (w *world) lease(ctx context.Context, l *loop) error {
	for ctx.Err() == nil {
		l.post(leaseChanged{held: true})
		w.pause(10 * time.Second)
		if w.chance(3) {
			l.post(leaseChanged{held: true})
			continue
		}
		l.post(leaseChanged{held: false})
		w.pause(time.Second)
	}
	return nil
}

// announce puts manifests, old ones too, and requests reviews. It is the only goroutine that
// puts manifests, as the follower of a job is.
func (w *world) announce(ctx context.Context, l *loop) error {
	for ctx.Err() == nil {
		if w.changes > 0 {
			w.changes--
			w.throttle()
		}
		w.mu.Lock()
		j := w.job
		w.mu.Unlock()
		l.manifests.put(&j)
		l.post(answer{}) // of no operation
		if w.over != "" {
			time.Sleep(50 * time.Millisecond)
			last := j
			last.State = w.over
			l.putManifest(&last)
			return nil
		}
		w.pause(3 * time.Second)
		if w.chance(2) {
			l.requestReview()
		}
		if w.chance(4) && !l.hasFeeder && w.changes == 0 {
			l.manifests.put(&task.Job{ID: "j", Kind: task.KindSquare, State: task.Open}) // delayed
		}
	}
	return nil
}

// throttle changes the limits of the job as a user does. The last change removes all.
func (w *world) throttle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := &w.job
	was := j.Paused
	j.Throttled, j.Paused, j.Rate, j.MaxRunning, j.After = true, false, 0, 0, nil
	if w.changes > 0 {
		j.Paused = w.rand.IntN(3) == 0
		if w.rand.IntN(2) == 0 {
			j.Rate = 1 + 100*w.rand.Float64()
		}
		if w.rand.IntN(2) == 0 {
			j.MaxRunning = 1 + w.rand.IntN(5)
		}
		if w.rand.IntN(5) == 0 {
			at := time.Now().Add(time.Duration(w.rand.Int64N(int64(3 * time.Second))))
			j.After = &at
		}
	}
	if j.Paused && !was {
		w.pausedAt = time.Now()
		clear(w.queue)
		clear(w.handed)
	}
}
