package campaign

import (
	"bytes"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// testLevels are levels of B1 = 100, 200 and 400 with 80, 160 and 320 curves; the last one is repeated. A group of
// curves takes B1 milliseconds. The effort of a level is its own curves.
type testLevels struct{}

func (testLevels) Next(e Effort) (Level, uint64) {
	for i := range uint64(2) {
		if done := e.of(100 << i); done < 80<<i {
			return testLevel(i), 80<<i - done
		}
	}
	return testLevel(2), 320 - e.of(400)%320
}

func testLevel(i uint64) Level {
	return Level{Digits: 20 + 5*int(i), B1: 100 << i, B2: 10000 << i, Curves: 80 << i}
}

func (testLevels) Digits(e Effort) float64           { return float64(e.curves()) / 100 }
func (testLevels) GroupTime(b1 uint64) time.Duration { return time.Duration(b1) * time.Millisecond }

// newCurvesTest returns the machine of the number 91 = 7*13.
func newCurvesTest(change func(*CurveConfig)) *CurveMachine {
	c := CurveConfig{Number: big.NewInt(91), Groups: 1 << 30, Levels: testLevels{}, Seed: 1}
	if change != nil {
		change(&c)
	}
	return NewCurves(c)
}

// groups is an honest yield of a worker for the groups first to end-1 with B1 = 200.
func groups(worker string, first, end uint64) Yield {
	return Yield{Worker: worker, First: first, End: end, B1: 200, Data: bytes.Repeat([]byte{1}, max(0, int(end-first))*GroupCurves*EvidenceBytes)}
}

// with returns y after a change.
func (y Yield) with(change func(*Yield)) Yield {
	change(&y)
	return y
}

// A curveLine is an input, the outputs that it must lead to, and the curves that count then.
type curveLine struct {
	in     Input
	want   string
	curves uint64
}

// curvesStarted are the lines by which a campaign of 2 slots begins at the second level, because the first one takes
// all slots less than two seconds. A task has 3 s, the time of 15 groups, and 16 times as many groups at most.
var curvesStarted = []curveLine{
	{Fleet{Slots: 2}, "", 0}, // not before the replay
	{Replayed{}, "", 0},
	{Fleet{Slots: 2}, fmt.Sprintf("reserve %d", 160*256), 0},
	{Reserved{160 * 256}, "issue 0+4*160 for 2s/250ms at 200", 0},
	{Reserved{160 * 256}, "", 0},
}

// checkedIn is an audit of the first yield of a worker that confirms it.
func checkedIn(worker string) Input { return Audited{Audit: Audit{Yield: groups(worker, 0, 1)}} }

var curveScripts = map[string][]curveLine{
	"a worker is audited before its curves count": {
		{groups("a", 0, 4), "", 0},
		{groups("a", 4, 6), "", 0},
		{checkedIn("a"), "", 48},
		{groups("a", 6, 8), "", 64},
		{groups("b", 160, 161), "", 64},
		{Audited{Audit: Audit{Yield: groups("b", 160, 161)}, Missing: 3}, "refuse b", 64},
		{groups("b", 161, 162), "drop b", 64},
		{Audited{Audit: Audit{Yield: groups("a", 6, 8)}, Missing: 1}, "refuse a", 0}, // all its curves
		{groups("a", 8, 9), "drop a", 0},
		{Audited{Audit: Audit{Yield: groups("a", 8, 9)}, Missing: 8}, "refuse a", 0}, // the next strike
		{groups("a", 9, 10), "drop a", 0},
		{checkedIn("a"), "", 0}, // too late
		{groups("a", 10, 11), "drop a", 0},
		{groups("c", 6, 8), "", 0}, // the groups of a do not count a second time
		{checkedIn("c"), "", 0},
	},
	"each group counts once": {
		{groups("a", 0, 4), "", 0},
		{checkedIn("a"), "", 32},
		{groups("a", 0, 4), "", 32},
		{groups("a", 2, 6), "", 48},
		{groups("a", 158, 160), "", 64},
		{groups("a", 639, 640), "", 72},
	},
	"what counts in no way": {
		{groups("a", 0, 1), "", 0},
		{checkedIn("a"), "", 8},
		{groups("a", 640, 641), "drop a", 8}, // not issued
		{groups("a", 160*256, 160*256+1), "drop a", 8},
		{groups("a", 159, 161), "drop a", 8}, // of two tasks
		{groups("a", 5, 5), "drop a", 8},
		{groups("a", 5, 4), "drop a", 8},
		{groups("a", 1<<64-1, 1<<64-1), "drop a", 8},
		{groups("a", 4, 5).with(func(y *Yield) { y.B1 = 400 }), "refuse a", 8},
		{groups("a", 4, 5).with(func(y *Yield) { y.Data = y.Data[1:] }), "refuse a", 8},
		{groups("a", 4, 5).with(func(y *Yield) { y.Data = nil }), "refuse a", 8},
		{groups("a", 4, 5).with(func(y *Yield) { y.Divisor = divisor(10) }), "refuse a", 8},
		{groups("a", 4, 5).with(func(y *Yield) { y.Divisor = divisor(1) }), "refuse a", 8},
		{groups("a", 4, 5).with(func(y *Yield) { y.Divisor = divisor(91) }), "refuse a", 8},
		{groups("a", 4, 5).with(func(y *Yield) { y.Divisor = divisor(0) }), "refuse a", 8},
	},
	"a divisor": {
		{groups("a", 0, 4), "", 0},
		{checkedIn("a"), "", 32},
		{groups("b", 200, 201).with(func(y *Yield) { y.Divisor, y.Data, y.Sigma = divisor(7), nil, 9 }), "store, split 7, stop", 32},
		{groups("b", 200, 201).with(func(y *Yield) { y.Divisor = divisor(13) }), "", 32},
		{groups("a", 4, 8), "", 32},
		{Fleet{Slots: 2}, "", 32},
		{Audited{Audit: Audit{Yield: groups("a", 0, 1)}, Divisor: divisor(13)}, "", 32},
		{ParentCovered{}, "end", 32},
		{Fleet{Slots: 2}, "", 32},
	},
	"a divisor of a range that nobody has issued": {
		{Yield{Worker: "o", Divisor: divisor(13)}, "split 13, stop", 0},
	},
	"an audit finds a divisor that a worker has withheld": {
		{groups("a", 0, 4), "", 0},
		{Audited{Audit: Audit{Yield: groups("a", 0, 1)}, Missing: 8, Divisor: divisor(7)}, "refuse a, split 7, stop", 0},
	},
	"the budget of the owner is spent": {
		{groups("a", 0, 4), "", 0},
		{ParentCovered{}, "stop, end", 0},
		{checkedIn("a"), "", 0},
	},
	"the level is done": {
		{groups("a", 0, 20), "", 0},
		{checkedIn("a"), "", 160},
		{Fleet{Slots: 2, Running: 3}, "issue 640+1*80 for 2s/400ms at 400", 160},
		{groups("a", 640, 641), "refuse a", 160},
		{groups("a", 640, 641).with(func(y *Yield) { y.B1 = 400 }), "", 168},
	},
	"the owner has done it": {
		{Owned{Effort{{100, 80}, {200, 160}}}, "", 0},
		{Fleet{Slots: 2, Running: 3}, "issue 640+1*80 for 2s/400ms at 400", 0},
		{Owned{nil}, "", 0},
		{Fleet{Slots: 2, Running: 3}, "issue 720+1*160 for 2s/250ms at 200", 0},
	},
	"tasks of others wait": {
		{Fleet{Slots: 4, Running: 4, Queued: 2, Others: true}, "issue 640+2*80 for 2s/250ms at 400", 0}, // workers end one early
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "", 0},
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "", 0},
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "", 0},
		{Fleet{Slots: 4, Running: 4, Queued: 4, Others: true}, "purge", 0},
		{Fleet{Slots: 4, Running: 1, Others: true}, "issue 800+1*80 for 2s/250ms at 400", 0}, // half of the slots
	},
}

// TestCurveScripts: each input leads to the outputs of the table in the comment of CurveMachine.
func TestCurveScripts(t *testing.T) {
	for name, script := range curveScripts {
		t.Run(name, func(t *testing.T) {
			m := newCurvesTest(nil)
			now := time.Unix(1e9, 0)
			for i, l := range append(curvesStarted[:len(curvesStarted):len(curvesStarted)], script...) {
				if got := show(m.Step(l.in, now)); got != l.want || m.Effort().curves() != l.curves {
					t.Fatalf("line %d, %T %+v: %q, %d curves; want %q, %d", i, l.in, l.in, got, m.Effort().curves(), l.want, l.curves)
				}
			}
		})
	}
}

// TestCurveBegin: a supervisor that takes over counts what is stored, nothing of tasks that were issued before, and a
// divisor of the manifest.
func TestCurveBegin(t *testing.T) {
	now := time.Unix(1e9, 0)
	stored := Effort{{100, 80}, {200, 32}}
	m := newCurvesTest(func(c *CurveConfig) { c.Next, c.Effort = 1000, stored })
	if got := show(m.Begin()); got != "" {
		t.Errorf("%q", got)
	}
	if got := show(m.Step(groups("a", 0, 4), now)); got != "drop a" || m.Effort().curves() != 112 {
		t.Errorf("%q, %v", got, m.Effort())
	}
	m.Step(Replayed{}, now)
	m.Step(Fleet{Slots: 1}, now)
	if got := show(m.Step(Reserved{1 << 20}, now)); got != "issue 1000+2*160 for 2s/250ms at 200" {
		t.Errorf("%q", got)
	}
	m = newCurvesTest(func(c *CurveConfig) { c.Divisors = []*big.Int{big.NewInt(10), big.NewInt(13)} })
	if got := show(m.Begin()); got != "split 13, stop" || m.Phase() != Finished || m.Divisor().Int64() != 13 {
		t.Errorf("%q, %v", got, m.Phase())
	}
}

// TestCurveStore: the effort is stored from time to time while it grows, and what a refuted worker has sent is taken
// out of it.
func TestCurveStore(t *testing.T) {
	m := newCurvesTest(nil)
	now := time.Unix(1e9, 0)
	for _, l := range curvesStarted {
		m.Step(l.in, now)
	}
	stores := func() (list []Effort) {
		now = now.Add(storeEvery)
		for _, o := range m.Step(Fleet{Slots: 2, Running: 4}, now) {
			if s, ok := o.(Store); ok {
				list = append(list, s.Effort)
			}
		}
		return list
	}
	if got := stores(); got != nil {
		t.Errorf("%v without curves", got)
	}
	m.Step(groups("a", 0, 4), now)
	m.Step(checkedIn("a"), now)
	if got := stores(); len(got) != 1 || got[0].of(200) != 32 {
		t.Errorf("%v", got)
	}
	if got := stores(); got != nil {
		t.Errorf("%v once more", got)
	}
	m.Step(Audited{Audit: Audit{Yield: groups("a", 0, 1)}, Missing: 1}, now)
	if got := stores(); len(got) != 1 || got[0].of(200) != 0 {
		t.Errorf("%v after the audit", got)
	}
}

// TestCurveRate: the rate is not negative when curves do not count any more.
func TestCurveRate(t *testing.T) {
	m := newCurvesTest(nil)
	now := time.Unix(1e9, 0)
	for _, l := range curvesStarted {
		m.Step(l.in, now)
	}
	m.Step(groups("a", 0, 4), now)
	m.Step(checkedIn("a"), now)
	tick := func() {
		now = now.Add(time.Second)
		m.Step(Fleet{Slots: 2, Running: 4}, now)
	}
	tick()
	if tick(); m.Progress(now).Rate <= 0 {
		t.Errorf("the rate is %g although curves were counted", m.Progress(now).Rate)
	}
	for range rateTicks {
		tick()
	}
	m.Step(Audited{Audit: Audit{Yield: groups("a", 0, 1)}, Missing: 1}, now)
	if tick(); m.Effort().curves() != 0 || m.Progress(now).Rate != 0 {
		t.Errorf("the rate is %g", m.Progress(now).Rate)
	}
}

// TestCurveAudits: each new worker is audited, then one group in 200, one at a time, at groups that it cannot predict.
func TestCurveAudits(t *testing.T) {
	m := newCurvesTest(nil)
	now := time.Unix(1e9, 0)
	for _, l := range curvesStarted {
		m.Step(l.in, now)
	}
	a := auditIn(t, m.Step(groups("a", 0, 10), now))
	if a == nil || a.Yield.Worker != "a" || len(a.Yield.Data) != 10*GroupCurves*EvidenceBytes {
		t.Fatalf("%+v", a)
	}
	for range 2 * maxSpans {
		if a := auditIn(t, m.Step(groups("b", 20, 30), now)); a != nil {
			t.Fatalf("%+v at the same time as another", a)
		}
	}
	if w := m.curvers.of("b"); len(w.held) != maxSpans {
		t.Errorf("%d yields are held", len(w.held))
	}
	if a = auditIn(t, m.Step(Audited{Audit: *a}, now)); a == nil || a.Yield.Worker != "b" {
		t.Fatalf("a new worker: %+v", a)
	}
	if m.Step(Audited{Audit: *a}, now); m.curvers.held != 0 || len(m.curvers.waiting) > 0 {
		t.Errorf("%d groups are held, %d audits wait", m.curvers.held, len(m.curvers.waiting))
	}
	const yields = 4000
	count, numbers := 0, make(map[uint64]bool)
	for range yields {
		m.tasks.list[0].counted = nil
		if a := auditIn(t, m.Step(groups("b", 30, 40), now)); a != nil {
			count++
			numbers[a.Number] = true
			m.Step(Audited{Audit: *a}, now)
		}
		if a := auditIn(t, m.Step(groups("b", 30, 40), now)); a != nil {
			t.Fatalf("%+v although none of its groups count", a)
		}
	}
	if want := 10 * yields / auditEvery; count < want/2 || count > 2*want || len(numbers) != 10 {
		t.Errorf("%d of %d yields of 10 groups are audited, at %d of 10 groups", count, yields, len(numbers))
	}
}

// TestCurveLiar: a worker whose first evidence is true, and all other false, is found before many of its curves count,
// however many groups its yields have, and however many of them arrive before the first audit ends.
func TestCurveLiar(t *testing.T) {
	for _, size := range []uint64{1, 10, 160} {
		for _, before := range []int{0, 60} {
			const seeds = 30
			sum := uint64(0)
			for seed := range uint64(seeds) {
				counted, w := lie(t, seed, size, before)
				if sum += counted; !w.refuted || counted > 3000 {
					t.Errorf("yields of %d groups, %d at first, seed %d: %d groups count: %+v", size, before, seed, counted, w)
				}
			}
			if sum/seeds > 300+min(uint64(before)*size, maxHeldGroups) {
				t.Errorf("yields of %d groups, %d at first: %d groups count in the mean", size, before, sum/seeds)
			}
		}
	}
}

// lie has a worker send false yields of so many groups after a true one, until an audit finds one. Some are sent before the
// first audit ends. It returns the groups that count then.
func lie(t *testing.T, seed, size uint64, before int) (counted uint64, w *curver) {
	m := newCurvesTest(func(c *CurveConfig) { c.Seed = seed })
	now := time.Unix(1e9, 0)
	m.tasks.add(&Issue{Size: 160, B1: 200}, 0, 8001)
	audit := auditIn(t, m.Step(groups("h", 159, 160), now))
	for i := range 8000 {
		next := (*Audit)(nil)
		if i == before {
			next = auditIn(t, m.Step(Audited{Audit: *audit}, now))
		}
		at := 160 + uint64(i)*size
		if y := auditIn(t, m.Step(groups("h", at, at+size), now)); y != nil {
			next = y
		}
		if counted = max(counted, m.Effort().curves()/GroupCurves); next != nil {
			m.Step(Audited{Audit: *next, Missing: GroupCurves}, now)
			break
		}
	}
	if n := m.Effort().curves(); n > 0 {
		t.Errorf("%d curves of a liar count", n)
	}
	return counted, m.curvers.of("h")
}

// TestCurveStrikes: the yields of a worker that was refuted are audited until one is right, so that its strikes follow
// each other. None of them counts.
func TestCurveStrikes(t *testing.T) {
	m := newCurvesTest(nil)
	now := time.Unix(1e9, 0)
	for _, l := range curvesStarted {
		m.Step(l.in, now)
	}
	for i := range uint64(5) {
		a := auditIn(t, m.Step(groups("h", i, i+1), now))
		if a == nil {
			t.Fatalf("yield %d is not audited", i)
		}
		if got := show(m.Step(Audited{Audit: *a, Missing: 8}, now)); got != "refuse h" {
			t.Errorf("%q", got)
		}
	}
	m.Step(Audited{Audit: *auditIn(t, m.Step(groups("h", 5, 6), now))}, now)
	for i := range uint64(5) { // others by chance only
		if a := auditIn(t, m.Step(groups("h", 6+i, 7+i), now)); a != nil {
			t.Fatalf("%+v although the one before was right", a)
		}
	}
	if n := m.Effort().curves(); n != 0 {
		t.Errorf("%d curves count", n)
	}
}

// TestCurveBounds: what a machine remembers of tasks and workers is bounded, however long it runs.
func TestCurveBounds(t *testing.T) {
	m := newCurvesTest(nil)
	now := time.Unix(1e9, 0)
	m.Step(Replayed{}, now)
	for range 5 * maxOpen / 2048 {
		m.Step(Fleet{Slots: 1024}, now)
		m.Step(Reserved{m.next + 2048*maxGroups}, now)
	}
	if n := len(m.tasks.list); n < maxOpen || n > 2*maxOpen || cap(m.tasks.list) > 4*maxOpen {
		t.Errorf("%d tasks are remembered, room for %d", n, cap(m.tasks.list))
	}
	if got := show(m.Step(groups("a", 0, 1), now)); got != "drop a" {
		t.Errorf("a yield of a task of long ago: %q", got)
	}
	for i := range maxWorkers + 10 {
		m.Step(groups(fmt.Sprint("w", i), m.next-1, m.next).with(func(y *Yield) { y.B1 = m.tasks.list[len(m.tasks.list)-1].b1 }), now)
	}
	if n := len(m.curvers.known); n != maxWorkers {
		t.Errorf("%d workers are remembered", n)
	}
	for range maxSpans {
		for i := range maxWorkers {
			last := m.tasks.list[len(m.tasks.list)-1]
			m.Step(groups(fmt.Sprint("w", i), last.first, last.first+last.size).with(func(y *Yield) { y.B1 = last.b1 }), now)
		}
	}
	if c := &m.curvers; c.held > maxHeldOfAll || c.held < maxHeldOfAll/2 || len(c.waiting) != maxWaiting {
		t.Errorf("%d groups are held, %d audits wait", c.held, len(c.waiting))
	}
}
