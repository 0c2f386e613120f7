package job

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/sieving"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// hardNumber returns a product of two primes of half the bits each, at most 64.
func hardNumber(bits int) *big.Int {
	prime := func() *big.Int {
		p := new(big.Int).SetUint64(rand.Uint64()>>(64-bits/2) | 3<<(bits/2-2) | 1)
		for !p.ProbablyPrime(0) {
			p.Add(p, big.NewInt(2))
		}
		return p
	}
	p, q := prime(), prime()
	for p.Cmp(q) == 0 {
		q = prime()
	}
	return p.Mul(p, q)
}

// A campaignWorld is a fleet with one job of one hard number, whose task an owner has.
type campaignWorld struct {
	*testFleet
	job   *task.Job
	n     *big.Int
	part  *task.Part
	task  *worker.Delivery
	hints chan *task.Hint
}

// newCampaignWorld makes the job, and a part for its number unless bare. The owner sieves.
func newCampaignWorld(t *testing.T, bits int, bare bool) *campaignWorld {
	t.Helper()
	w := newOwnedWorld(t, hardNumber(bits), worker.NumberProgress{Method: "siqs", Left: time.Hour})
	if !bare {
		w.createPart()
	}
	return w
}

// newOwnedWorld makes the job of n, whose owner makes such progress.
func newOwnedWorld(t *testing.T, n *big.Int, progress worker.NumberProgress) *campaignWorld {
	t.Helper()
	w := &campaignWorld{testFleet: newTestFleet(t), n: n, hints: make(chan *task.Hint, 1000)}
	w.job = &task.Job{ID: "j", Kind: task.KindFactor, Class: task.ClassNorm, State: task.Sealed, Count: 2, Created: time.Now(), Campaign: "always"}
	if err := w.CreateJob(t.Context(), w.job); err != nil {
		t.Fatal(err)
	}
	in := w.EmptyInputs("j")
	if err := in.Append(t.Context(), 0, []nat.Nat{nat.New(15), nat.FromBig(w.n)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Requeue(t.Context(), w.job, in, []task.Range{{First: 1, Count: 1}}); err != nil {
		t.Fatal(err)
	}
	w.own(progress)
	return w
}

func (w *campaignWorld) createPart() {
	w.t.Helper()
	params, _, err := sieving.NewParams(func() error { return nil }, w.n)
	if err != nil {
		w.t.Fatal(err)
	}
	c := nat.FromBig(w.n)
	w.part, err = w.CreatePart(w.t.Context(), &task.Part{
		ID: task.ChildID("j", 1, c), Parent: "j", Position: 1, Class: task.ClassNorm, Composite: c, State: task.PartSieve, Params: params, Created: time.Now(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// own has a worker take the task of the number, name the composite in its heartbeats, and receive hints.
func (w *campaignWorld) own(progress worker.NumberProgress) {
	w.t.Helper()
	nc, js := w.connect()
	owner, err := puller.Open(w.t.Context(), nc, js, "owner", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := owner.Listen(w.t.Context(), puller.Orders{Hint: func(h *task.Hint) { w.hints <- h }}); err != nil {
		w.t.Fatal(err)
	}
	_, list := fleettest.Pull(w.t, owner, 1)
	w.task = list[0]
	progress.Digits, progress.Cores, progress.Composite = len(w.n.String()), 1, w.n.String()
	status := worker.Status{Sieves: true, ECM: true, Holding: []string{worker.TaskName(w.task.Address)}, Stats: worker.Stats{
		State: worker.StateRunning, Slots: 5, Busy: 1, Activities: []worker.Activity{{Job: "j", Position: 1, NumberProgress: progress}},
	}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for stream.Sleep(ctx, 100*time.Millisecond) == nil {
			owner.Beat(status)
			w.task.Handle.InProgress()
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
}

// siever runs a worker that sieves.
func (w *campaignWorld) siever(name string) (stop func()) {
	return w.worker(name, nil)
}

// conduct runs what conducts campaigns in a process, until stop is called.
func (w *campaignWorld) conduct(name string) (c *campaigns, stop func()) {
	w.t.Helper()
	return w.conductWithin(math.MaxUint64, name)
}

// conductWithin is conduct for a process that may use so many bytes for campaigns.
func (w *campaignWorld) conductWithin(memory uint64, name string) (c *campaigns, stop func()) {
	w.t.Helper()
	c = newCampaigns(w.other(), zerolog.New(zerolog.NewTestWriter(w.t)), name, func(context.Context, string, string) bool { return true })
	c.every, c.memory = 50*time.Millisecond, memory
	stop = fleettest.Background(w.t, func(ctx context.Context) error { c.run(ctx); return nil })
	fleettest.Await(w.t, "the workers are known", func() bool { return c.candidates.Load() != nil })
	return c, stop
}

// divisor waits for a hint with a divisor.
func (w *campaignWorld) divisor() *big.Int {
	w.t.Helper()
	late := time.After(3 * time.Minute)
	for {
		select {
		case h := <-w.hints:
			if h.Job != "j" || h.Position != 1 || h.Composite.Big().Cmp(w.n) != 0 {
				w.t.Fatalf("hint: %+v", h)
			}
			if len(h.Divisors) > 0 {
				return h.Divisors[0].Big()
			}
		case <-late:
			w.t.Fatal("no divisor after a minute")
		}
	}
}

// checkDivisor fails the test unless the owner gets a proper divisor.
func (w *campaignWorld) checkDivisor() {
	w.t.Helper()
	d := w.divisor()
	if d.Cmp(big.NewInt(1)) <= 0 || d.Cmp(w.n) >= 0 || new(big.Int).Rem(w.n, d).Sign() != 0 {
		w.t.Fatalf("%v does not divide %v", d, w.n)
	}
}

// settle has the owner ack its task, after which nothing of the part is left.
func (w *campaignWorld) settle() {
	w.t.Helper()
	fleettest.Ack(w.t, []*worker.Delivery{w.task})
	fleettest.Await(w.t, "nothing is left of the part", func() bool {
		names, err := w.PartsOf(w.t.Context(), "")
		left := 0
		for _, s := range []string{schema.StreamTasks, schema.StreamResults, schema.StreamReturns, schema.StreamDead} {
			left += w.held(s, w.part.ID)
		}
		return err == nil && len(names) == 0 && left == 0
	})
}

// TestCampaign: workers sieve, the owner gets a divisor, and nothing is left when its number is settled.
func TestCampaign(t *testing.T) {
	t.Parallel()
	w := newCampaignWorld(t, 110, false)
	w.siever("a")
	w.siever("b")
	c, stop := w.conduct("s")
	h := <-w.hints
	if h.Child != w.part.ID || !slices.Equal(h.Params, w.part.Params) || len(h.Divisors) > 0 {
		t.Errorf("first hint: %+v", h)
	}
	w.checkDivisor()
	p, err := w.Part(t.Context(), "j", w.part.ID)
	if err != nil || p.State != task.PartDone || len(p.Divisors) != 1 {
		t.Errorf("part: %+v, %v", p, err)
	}
	fleettest.Await(t, "its memory is free", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.used == 0
	})
	if _, ok := c.f.OwnCampaign(w.part.ID); !ok {
		t.Error("it is over before the number has its answer")
	}
	stop()
	for len(w.hints) > 0 {
		<-w.hints
	}
	w.conductWithin(1, "without memory") // a process that takes over when a divisor is known needs none
	w.checkDivisor()
	w.settle()
}
