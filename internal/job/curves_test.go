package job

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/campaign"
	"factorfleet/internal/collect"
	"factorfleet/internal/curving"
	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// primeOf returns a random prime of so many bits.
func primeOf(bits int) *big.Int {
	p := big.NewInt(3)
	for ; bits > 2; bits-- {
		p.Lsh(p, 1).SetBit(p, 0, uint(rand.IntN(2)))
	}
	for p.SetBit(p, 0, 1); !p.ProbablyPrime(0); p.Add(p, big.NewInt(2)) {
	}
	return p
}

// A curvesWorld is a campaignWorld whose number is too large for the sieve. The test runs the tasks of curves by hand.
type curvesWorld struct {
	*campaignWorld
	p     *big.Int // the smaller prime factor
	tasks []curvesTask
	known map[task.Range][]byte // evidence
}

// A curvesTask is a task of curves that was queued.
type curvesTask struct {
	task.Range
	*task.CurvesTask
}

// newCurvesWorld makes a number with a factor of so many bits, whose owner has just begun.
func newCurvesWorld(t *testing.T, bits int) *curvesWorld {
	t.Helper()
	p := primeOf(bits)
	n := new(big.Int).Mul(p, primeOf(380-bits))
	return &curvesWorld{newOwnedWorld(t, n, worker.NumberProgress{Method: "ecm", B1: 120, Total: 8, Budget: time.Hour}), p, nil, make(map[task.Range][]byte)}
}

// idle has a worker say that it has idle slots which can run curves.
func (w *curvesWorld) idle() {
	w.t.Helper()
	fleettest.Background(w.t, w.beats("idle", worker.Status{Sieves: true, ECM: true, Stats: worker.Stats{State: worker.StateRunning, Slots: 2}}))
}

// begun waits until a campaign has begun and has queued tasks, which it returns.
func (w *curvesWorld) begun() []curvesTask {
	w.t.Helper()
	child := task.ChildID("j", 1, nat.FromBig(w.n))
	fleettest.Await(w.t, "tasks of curves", func() bool {
		var err error
		w.part, err = w.Part(w.t.Context(), "j", child)
		return err == nil && w.queued() > 0
	})
	return w.tasks
}

// queued reads the tasks of curves that are queued, and returns how many there are.
func (w *curvesWorld) queued() int {
	w.t.Helper()
	w.tasks = nil
	for _, subject := range fleettest.Subjects(w.t, w.js, schema.StreamTasks, ">") {
		at, err := schema.ParseSubject(subject)
		if err != nil || at.Job != w.part.ID {
			continue
		}
		s, err := w.js.Stream(w.t.Context(), schema.StreamTasks)
		if err != nil {
			w.t.Fatal(err)
		}
		m, err := s.GetLastMsgForSubject(w.t.Context(), subject)
		if err != nil {
			continue // it was removed meanwhile
		}
		if x, err := task.DecodeTask(m.Data); err != nil || x.Curves == nil || x.Kind != task.KindECM {
			w.t.Fatalf("%s: %+v, %v", subject, x, err)
		} else {
			w.tasks = append(w.tasks, curvesTask{at.Range, x.Curves})
		}
	}
	slices.SortFunc(w.tasks, func(a, b curvesTask) int { return int(int64(a.First) - int64(b.First)) })
	return len(w.tasks)
}

// evidence returns the evidence of the groups first to end-1 of x.
func (w *curvesWorld) evidence(x curvesTask, first, end uint64) []byte {
	w.t.Helper()
	span := task.Span(first, end)
	if known := w.known[span]; known != nil {
		return known
	}
	curves := factor.CurveTask{N: x.Composite.Big(), B1: x.B1, B2: x.B2, Seed: x.Seed}
	never := func() (flush, stop bool) { return false, false }
	err := curves.Run(func() error { return nil }, first, end, never, func(y ecm.Yield) { w.known[span] = append(w.known[span], y.Evidence...) })
	if err != nil {
		w.t.Fatal(err)
	}
	return w.known[span]
}

// send stores the yield of an honest worker for the groups first to end-1 of x.
func (w *curvesWorld) send(name string, x curvesTask, first, end uint64) {
	w.t.Helper()
	evidence := w.evidence(x, first, end)
	w.forge(name, x, first, end, func(y *task.Yield) { y.Evidence = evidence })
}

// forge stores a yield for the groups first to end-1 of x, whose evidence is invented, after spoil has changed it.
func (w *curvesWorld) forge(name string, x curvesTask, first, end uint64, spoil func(y *task.Yield)) {
	w.t.Helper()
	y := &task.Yield{Kind: task.KindECM, Worker: name, Params: ecm.Revision, B1: x.B1, Evidence: make([]byte, (end-first)*task.GroupEvidence)}
	spoil(y)
	w.put(schema.ResultSubject(w.part.ID, task.Span(first, end), name), y.Encode())
}

// count waits until so many curves count, and returns the progress.
func count(t *testing.T, c *campaigns, child string, curves uint64) (p fleet.CampaignProgress) {
	t.Helper()
	fleettest.Await(t, fmt.Sprint(curves, " curves"), func() bool {
		var ok bool
		p, ok = c.f.OwnCampaign(child)
		return ok && p.Curves != nil && p.Curves.Curves == curves
	})
	return p
}

// hinted waits for a hint that fits.
func (w *curvesWorld) hinted(what string, fits func(h *task.Hint) bool) *task.Hint {
	w.t.Helper()
	late := time.After(3 * time.Minute)
	for {
		select {
		case h := <-w.hints:
			if fits(h) {
				return h
			}
		case <-late:
			w.t.Fatalf("no hint with %s after a minute", what)
		}
	}
}

// TestCurves: curves of free workers count after an audit, the owner learns how many there are, and gets the divisor and
// its curve. Their yields are removed, and nothing is left when the number is settled.
func TestCurves(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	w.idle()
	c, _ := w.conduct("s")
	x := w.begun()[0]
	if x.Composite.Big().Cmp(w.n) != 0 || x.Seed == 0 || x.Seed != w.part.Seed || x.Time < time.Second || w.part.State != task.PartCurves {
		t.Errorf("task %+v of part %+v", x.CurvesTask, w.part)
	}
	w.send("a", x, x.First, x.First+1)
	count(t, c, w.part.ID, 8)
	w.send("a", x, x.First+1, x.First+2)
	p := count(t, c, w.part.ID, 16)
	if p.Phase != "curves" || p.Workers != 1 || p.Curves.B1 != x.B1 || p.Curves.Planned < p.Curves.Done || p.Curves.Digits <= 0 {
		t.Errorf("progress: %+v, %+v", p, p.Curves)
	}
	h := w.hinted("the effort", func(h *task.Hint) bool { return len(h.Effort) == 1 && h.Effort[0].Curves == 16 })
	if h.Effort[0].B1 != x.B1 || h.Child != "" || len(h.Params) > 0 || len(h.Divisors) > 0 {
		t.Errorf("hint: %+v", h)
	}
	fleettest.Await(t, "yields that were taken are removed", func() bool { return w.held(schema.StreamResults, w.part.ID) == 0 })
	y := &task.Yield{Kind: task.KindECM, Worker: "b", Params: ecm.Revision, B1: x.B1, Divisor: nat.FromBig(w.p), Sigma: 77}
	w.put(schema.ResultSubject(w.part.ID, task.Span(x.First+2, x.First+3), "b"), y.Encode())
	w.checkDivisor()
	h = w.hinted("the curve", func(h *task.Hint) bool { return len(h.Divisors) > 0 })
	if h.Curve == nil || *h.Curve != (task.Curve{B1: x.B1, B2: x.B2, Sigma: 77}) {
		t.Errorf("curve: %+v", h.Curve)
	}
	part, err := w.Part(t.Context(), "j", w.part.ID)
	if err != nil || part.State != task.PartDone || len(part.Effort) != 1 || part.Effort[0].Curves != 16 {
		t.Errorf("part: %+v, %v", part, err)
	}
	w.settle()
}

// TestCurvesTakeOver: another process goes on with the effort that is stored, and counts nothing twice.
func TestCurvesTakeOver(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	w.idle()
	first, stop := w.conduct("first")
	x := w.begun()[0]
	w.send("a", x, x.First, x.First+1)
	count(t, first, w.part.ID, 8)
	stop()
	before, err := w.ChangePart(t.Context(), "j", w.part.ID, func(p *task.Part) error {
		p.Effort = task.Effort{{B1: x.B1, Curves: 8}} // as it does from time to time
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.PurgeQueue(t.Context(), w.part.ID); err != nil {
		t.Fatal(err)
	}
	w.send("b", x, x.First, x.First+1) // stored before the take-over, and once more after it
	second, _ := w.conduct("second")
	var next curvesTask
	fleettest.Await(t, "a task of the second process", func() bool {
		w.queued()
		i := slices.IndexFunc(w.tasks, func(x curvesTask) bool { return x.First >= before.Next })
		if i >= 0 {
			next = w.tasks[i]
		}
		return i >= 0
	})
	w.send("c", x, x.First, x.First+1)
	w.send("d", next, next.First, next.First+2)
	count(t, second, w.part.ID, 8+16)
}

// TestCurvesLiars: whatever workers store for a campaign of curves, only curves count that were run, a false divisor and
// false evidence are strikes, and the divisor is found.
func TestCurvesLiars(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	w.idle()
	c, _ := w.conduct("s")
	x := w.begun()[0]
	at := x.First
	next := func() uint64 { at++; return at - 1 }
	lies := map[string]func(y *task.Yield){
		"none":    func(y *task.Yield) { y.Evidence = nil },
		"more":    func(y *task.Yield) { y.Evidence = append(y.Evidence, y.Evidence...) },
		"bounds":  func(y *task.Yield) { y.B1++ },
		"divisor": func(y *task.Yield) { y.Divisor = nat.FromBig(new(big.Int).Add(w.p, big.NewInt(2))) },
		"itself":  func(y *task.Yield) { y.Divisor = nat.FromBig(w.n) },
		"other":   func(y *task.Yield) { y.Worker = "honest" },
		"kind":    func(y *task.Yield) { y.Kind = task.KindSieve },
	}
	for name, lie := range lies {
		for range fleet.MaxStrikes {
			first := next()
			w.forge(name, x, first, first+1, lie)
		}
	}
	for strikes := range fleet.MaxStrikes { // the evidence of each is audited
		first := next()
		w.forge("forged", x, first, first+1, func(*task.Yield) {})
		fleettest.Await(t, "a strike", func() bool { return w.strikes("forged") > strikes })
	}
	for name := range lies {
		fleettest.Await(t, name+" is quarantined", func() bool { return c.trust.Quarantined(name) })
	}
	fleettest.Await(t, "forged is quarantined", func() bool { return c.trust.Quarantined("forged") })
	for range 2 * fleet.MaxStrikes {
		first := next()
		w.forge("version", x, first, first+1, func(y *task.Yield) { y.Params++ })
	}
	far := &task.Yield{Kind: task.KindECM, Worker: "far", Params: ecm.Revision, B1: x.B1, Evidence: make([]byte, 512*task.GroupEvidence)}
	for i := range uint64(2 * fleet.MaxStrikes) { // never issued: it counts nothing, and costs nothing
		w.put(schema.ResultSubject(w.part.ID, task.Range{First: 1<<40 + i<<20, Count: 512}, "far"), far.Encode())
		w.put(schema.ResultSubject(w.part.ID, task.Range{First: x.First, Count: 1<<50 + i}, "far"), far.Encode())
	}
	w.send("honest", x, at, at+1)
	count(t, c, w.part.ID, 8)
	for _, name := range []string{"version", "far", "honest"} {
		if c.trust.Quarantined(name) {
			t.Errorf("%s is quarantined", name)
		}
	}
	y := &task.Yield{Kind: task.KindECM, Worker: "honest", Params: ecm.Revision, B1: x.B1, Divisor: nat.FromBig(w.p)}
	w.put(schema.ResultSubject(w.part.ID, task.Span(at+1, at+2), "honest"), y.Encode())
	w.checkDivisor()
	w.settle()
}

// strikes returns how many strikes a worker has.
func (w *curvesWorld) strikes(name string) int {
	w.t.Helper()
	list, err := w.Standings(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range list {
		if s.Worker == name {
			return len(s.Strikes)
		}
	}
	return 0
}

// TestCurvesFlood: yields that add nothing are read at a bounded rate, none of them is kept, and their worker gets a
// complaint.
func TestCurvesFlood(t *testing.T) {
	t.Parallel()
	w := newCurvesWorld(t, 190)
	c := newCampaigns(w.other(), zerolog.Nop(), "s", nil)
	var err error
	if c.trust, err = c.f.Trust(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := nat.FromBig(w.n)
	part := &task.Part{ID: task.ChildID("j", 1, n), Parent: "j", Position: 1, Composite: n, State: task.PartCurves, Seed: 1}
	work, err := c.newCurvesWork(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	d := newConductor(c, part, work, func() {})
	y := &task.Yield{Kind: task.KindECM, Worker: "flood", Params: ecm.Revision, B1: 250e3, Evidence: make([]byte, 512*task.GroupEvidence)}
	a := collect.Arrival{Worker: "flood", Data: y.Encode()}
	began := time.Now()
	for d.refused == nil {
		a.Seq++
		a.Range = task.Range{First: a.Seq << 20, Count: 512}
		if err := d.takeYield(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
	}
	size := float64(uselessYield + len(a.Data))
	if most := (yieldShare.Burst + yieldShare.Rate*(time.Since(began).Seconds()+1)) / size; float64(a.Seq) > most+1 || a.Seq < 100 {
		t.Errorf("%d yields are read, %.0f may be", a.Seq, most)
	}
	fleettest.Await(t, "a complaint", func() bool {
		list, err := w.Standings(t.Context())
		return err == nil && len(list) == 1 && list[0].Complaints[fleet.ComplaintResults] > 0
	})
	if n := work.m.Effort(); len(n) > 0 {
		t.Errorf("%v count", n)
	}
}

// TestCurvesAudit: an audit compares the evidence of the group that it runs.
func TestCurvesAudit(t *testing.T) {
	t.Parallel()
	l := factor.CurveLevels()[1]
	n := new(big.Int).Mul(primeOf(190), primeOf(190))
	w := &curvesWork{part: &task.Part{Seed: 7}, plan: curving.New(n, 0)}
	x := curvesTask{CurvesTask: &task.CurvesTask{Composite: nat.FromBig(n), B1: l.B1, B2: l.B2, Seed: 7}}
	in := campaign.Yield{First: 1000, End: 1003, B1: l.B1}
	in.Data = slices.Clone((&curvesWorld{campaignWorld: &campaignWorld{testFleet: &testFleet{t: t}}, known: make(map[task.Range][]byte)}).evidence(x, 1000, 1003))
	for spoiled := range uint64(4) {
		if spoiled < 3 {
			in.Data[spoiled*task.GroupEvidence+5]++
		}
		for i := range uint64(3) {
			want := 0
			if i == spoiled {
				want = 1
			}
			got, err := w.audit(campaign.Audit{Number: 1000 + i, Yield: in})(func() error { return nil })
			if got.Missing != want || got.Divisor != nil || err != nil {
				t.Errorf("group %d, that of number %d is false: %+v, %v", i, spoiled, got, err)
			}
		}
		if spoiled < 3 {
			in.Data[spoiled*task.GroupEvidence+5]--
		}
	}
}

// beats sends heartbeats of a worker until ctx ends.
func (w *curvesWorld) beats(name string, s worker.Status) func(context.Context) error {
	w.t.Helper()
	nc, js := w.connect()
	client, err := puller.Open(w.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		w.t.Fatal(err)
	}
	return func(ctx context.Context) error {
		for ctx.Err() == nil {
			client.Beat(s)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
		return nil
	}
}
