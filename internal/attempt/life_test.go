package attempt

import (
	"fmt"
	"testing"

	"factorfleet/internal/task"
)

// A life is the state of a single number between two deliveries: a task in the queue. Two workers, 0 and 1,
// compute it.
type life struct {
	delivered int    // deliveries of this round
	spent     int    // by the header of the task
	most      int    // of the job
	failed    [2]int // last attempts by worker, at most MaxDeliver+1 are told apart
}

// An event is what happens to the next delivery.
type event uint8

const (
	lapses   event = iota // it never arrives
	kills                 // the worker dies while it computes the number
	fails                 // the computation returns an error
	meets                 // another last attempt is held where it arrives
	drains                // the worker leaves before it starts
	despairs              // the computation says that no attempt there can succeed
)

// computes reports whether the next delivery is computed if it meets e.
func (l life) computes(e event) bool {
	d := Delivery{Attempt: Number(l.delivered+1, l.spent, l.most), Count: 1, Most: l.most}
	return e != lapses && Arrive(d, Host{OtherLast: e == meets, MayPostpone: true, Leaving: e == drains}).Action != Return
}

// step returns the state after the next delivery has met e at a worker; dead means that the number was given
// up. It executes the decisions as worker, sweeper and holder do, without the ledger.
func (l life) step(e event, worker int, others Alive) (next life, dead bool) {
	d := Delivery{Attempt: Number(l.delivered+1, l.spent, l.most), Count: 1, Most: l.most}
	computed := l.computes(e)
	l.delivered++
	if e != lapses && !computed {
		r := Returned{Reason: Arrive(d, Host{OtherLast: e == meets, MayPostpone: true, Leaving: e == drains}).Reason, Count: 1}
		return l.decided(r.Decide(l.evidence(others)))
	}
	started := (e == kills || e == fails || e == despairs) && Start(d, Known).Action == ComputeAlone
	settled := Settle(Outcome{Verdict: Failed, Attempt: d.Attempt, Most: l.most, Started: started})
	if started || e == fails && settled.Letter {
		if l.failed[worker]++; l.failed[worker] > MaxDeliver+1 {
			l.failed[worker] -= 2
		}
	}
	if e == despairs && Settle(Outcome{Verdict: Hopeless, Attempt: d.Attempt, Most: l.most, Started: started}).Letter {
		l.failed[worker] = max(l.failed[worker], 1) // a dead letter counts without a last-attempt record, too
		return l.decided(l.evidence(others).Decide())
	}
	if e == fails && settled.Letter {
		return l.decided(l.evidence(others).Decide()) // the holder's review finds a letter and no task
	}
	return l.redelivered(others)
}

func (l life) evidence(others Alive) Evidence {
	e := Evidence{Failed: l.failed[0] + l.failed[1], Others: others, Most: l.most}
	for _, n := range l.failed {
		if n > 0 {
			e.Workers++
		}
	}
	return e
}

// redelivered returns the state after the server has found out that the delivery was not settled.
func (l life) redelivered(others Alive) (life, bool) {
	if l.delivered < MaxDeliver {
		return l, false
	}
	if do, further := Further(l.spent, l.most); further {
		return l.decided(do)
	}
	return l.decided(Exhausted(1, l.evidence(others)))
}

func (l life) decided(d Decision) (life, bool) {
	if d.Action == Requeue {
		l.delivered, l.spent = 0, d.Spent
	}
	return l, d.Action == GiveUp
}

// TestLife follows a single number through uniform sequences of events: at one worker that is alone, at two in
// turn, at the same one of two.
func TestLife(t *testing.T) {
	always0, inTurn := func(int) int { return 0 }, func(n int) int { return n % 2 }
	for name, test := range map[string]struct {
		e        event
		others   Alive
		worker   func(n int) int
		computed int // how often until it is given up; 0 = it is never given up
	}{
		"kills the only worker":           {kills, AliveLongAgo, always0, 3},
		"kills two workers in turn":       {kills, AliveNow, inTurn, 4},
		"kills one of two":                {kills, AliveNow, always0, 0},
		"fails at the only worker":        {fails, AliveLongAgo, always0, 3},
		"fails at two workers in turn":    {fails, AliveNow, inTurn, 4},
		"fails at one of two":             {fails, AliveNow, always0, 0},
		"is hopeless at the only worker":  {despairs, AliveLongAgo, always0, 1},
		"is hopeless at both workers":     {despairs, AliveNow, inTurn, 2},
		"is hopeless at one of two":       {despairs, AliveNow, always0, 0},
		"waits for the other one":         {kills, AliveRecently, always0, 0},
		"never arrives":                   {lapses, AliveLongAgo, inTurn, 0},
		"workers leave":                   {drains, AliveLongAgo, inTurn, 0},
		"is always beside another number": {meets, AliveLongAgo, inTurn, 0},
	} {
		computed, dead, l := 0, false, life{}
		for n := 0; !dead && n < 1000; n++ {
			if l.computes(test.e) {
				computed++
			}
			l, dead = l.step(test.e, test.worker(n), test.others)
		}
		if !dead {
			computed = 0
		}
		if computed != test.computed {
			t.Errorf("a number that %s: given up after it was computed %d times, want %d", name, computed, test.computed)
		}
	}
}

// ways are orders in which two workers receive deliveries: by all deliveries so far, and by those of the round.
var ways = map[string]func(n, delivered int) int{
	"in turn":               func(n, _ int) int { return n % 2 },
	"each first in a round": func(_, delivered int) int { return delivered % 2 },
	"two and two":           func(n, _ int) int { return n / 2 % 2 },
	"the other in a round":  func(_, delivered int) int { return (delivered + 1) % 2 },
}

// mostDeaths is how many times a number that is alone kills one of two workers until it is given up, in the worst of
// these orders. The package comment says it.
const mostDeaths = 7

// TestLifeLimits: how often a number fails, or kills its worker, until it is given up, by what its job permits. A second
// worker has one attempt more, because one worker's word is not enough.
func TestLifeLimits(t *testing.T) {
	for most, want := range map[int]struct{ fails, failsInTurn, kills int }{
		0: {3, 4, 3}, 1: {1, 2, 3}, 2: {2, 3, 3}, 3: {3, 4, 3}, 4: {4, 5, 4}, 5: {5, 6, 5}, 7: {7, 8, 7}, 100: {100, 101, 100},
	} {
		count := func(e event, others Alive, workers int) (computed int) {
			dead, l := false, life{most: most}
			for n := 0; !dead && n < 1000; n++ {
				if l.computes(e) {
					computed++
				}
				l, dead = l.step(e, n%workers, others)
			}
			return computed
		}
		if n := count(fails, AliveLongAgo, 1); n != want.fails {
			t.Errorf("%d attempts: fails %d times at the only worker, want %d", most, n, want.fails)
		}
		if n := count(kills, AliveLongAgo, 1); n != want.kills {
			t.Errorf("%d attempts: kills the only worker %d times, want %d", most, n, want.kills)
		}
		if n := count(fails, AliveNow, 2); n != want.failsInTurn {
			t.Errorf("%d attempts: fails %d times at two workers, want %d", most, n, want.failsInTurn)
		}
	}
}

// A state is a life, and at which workers the number has failed or killed.
type state struct {
	life
	failed [2]bool
}

// TestLives goes through all sequences of events. While two workers are alive, a number is given up only if it
// has failed at both. From each state it is given up after a bounded number of deaths.
func TestLives(t *testing.T) {
	for _, limit := range mosts {
		t.Run(fmt.Sprint(limit), func(t *testing.T) { testLives(t, limit) })
	}
}

// testLives is TestLives for a number of a job that permits limit failed attempts.
func testLives(t *testing.T, limit int) {
	first := state{life: life{most: limit}}
	seen, most := map[state]bool{first: true}, 0
	for open := []state{first}; len(open) > 0; open = open[1:] {
		if from := open[0]; from.delivered > MaxDeliver || len(seen) > 10_000 {
			t.Fatalf("%+v: no worker gets the number any more", from)
		}
		from := open[0]
		for _, e := range []event{lapses, kills, fails, meets, drains, despairs} {
			for worker := range 2 {
				next, dead := from.step(e, worker, AliveNow)
				failed := from.failed
				if e == kills || e == fails || e == despairs {
					failed[worker] = true
				}
				if dead && failed != [2]bool{true, true} {
					t.Errorf("%+v, event %d at %d: given up, failed at %v", from, e, worker, failed)
				}
				if s := (state{next, failed}); !dead && !seen[s] {
					seen[s] = true
					open = append(open, s)
				}
			}
		}
		for way, worker := range ways {
			deaths, dead := 0, false
			for n, l := 0, from.life; !dead && n < 100; n++ {
				if l.computes(kills) {
					deaths++
				}
				l, dead = l.step(kills, worker(n, l.delivered), AliveNow)
			}
			if from == first {
				most = max(most, deaths)
			}
			if !dead {
				t.Errorf("%+v, %s: not given up after %d deaths", from, way, deaths)
			}
		}
	}
	if want := mostDeaths + last(limit) - MaxDeliver; most > want || limit <= MaxDeliver && most != want {
		t.Errorf("a number that kills two workers is given up after %d deaths at most, want %d", most, mostDeaths+last(limit)-MaxDeliver)
	}
	t.Logf("%d states", len(seen))
}

// TestKillerIsFound: one number of a chunk kills the only worker each time. It is given up after
// MaxDeliver deaths of its own and one or two of its chunk; all others are answered.
func TestKillerIsFound(t *testing.T) {
	for _, count := range counts {
		deaths, ranges := 0, []task.Range{{First: 0, Count: count}}
		killer, answered, dead := count/2, uint64(0), 0
		for ; len(ranges) > 0; ranges = ranges[1:] {
			r := ranges[0]
			if !r.Contains(task.Range{First: killer, Count: 1}) {
				answered += r.Count
				continue
			}
			for n := 1; ; n++ {
				d := Start(Delivery{Attempt: n, Count: r.Count}, Known)
				if d.Action == Return {
					ranges = append(ranges, r.Pieces(d.Pieces)...)
					break
				}
				if deaths++; n == MaxDeliver {
					var e Evidence
					if d.Action == ComputeAlone {
						e = Evidence{Failed: 1, Workers: 1, Others: AliveLongAgo}
					}
					if Exhausted(r.Count, e).Action == GiveUp {
						dead++
					}
					break
				}
			}
		}
		if most := MaxDeliver + 2; dead != 1 || answered != count-1 || deaths < MaxDeliver || deaths > most {
			t.Errorf("%d numbers: %d answered, %d given up, %d deaths", count, answered, dead, deaths)
		}
	}
}
