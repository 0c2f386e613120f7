package attempt

import (
	"slices"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// A row is one line of a table of rules: for every input that fits, the decision is want.
type row[I, D any] struct {
	name string
	fits func(I) bool
	want func(I) D
}

// checkTable checks decide against the rows over all inputs: exactly one row fits each input, the
// decision is the row's, and each row fits some input.
func checkTable[I any, D comparable](t *testing.T, inputs []I, decide func(I) D, rows []row[I, D]) {
	t.Helper()
	used := make([]int, len(rows))
	for _, in := range inputs {
		fits := -1
		for i, r := range rows {
			if !r.fits(in) {
				continue
			}
			if fits >= 0 {
				t.Errorf("%+v fits %q and %q", in, rows[fits].name, r.name)
			}
			fits = i
		}
		if fits < 0 {
			t.Errorf("%+v fits no row", in)
			continue
		}
		used[fits]++
		if got, want := decide(in), rows[fits].want(in); got != want {
			t.Errorf("%s: %+v gives %+v, want %+v", rows[fits].name, in, got, want)
		}
	}
	for i, n := range used {
		if n == 0 {
			t.Errorf("no input fits %q", rows[i].name)
		}
	}
	t.Logf("%d inputs, %d rows", len(inputs), len(rows))
}

var (
	counts = []uint64{1, 2, 3, 63, 64, 65, 4095, task.MaxCount}
	bools  = []bool{false, true}
)

// mostSpent bounds the values of schema.HeaderSpent in these tests. A header may have any number.
const mostSpent = 8

// deliveries returns every delivery that can occur: all attempts that headers, server and ledger bring about.
func deliveries() (list []Delivery) {
	seen := make(map[Delivery]bool)
	for _, most := range mosts {
		for _, count := range counts {
			for delivered := 1; delivered <= MaxDeliver; delivered++ {
				for spent := range mostSpent + 2 {
					for deaths := range MaxDeliver + 3 {
						d := Delivery{Attempt: Number(delivered, spent, most), Count: count, Most: most}.WithDeaths(deaths)
						if !seen[d] {
							seen[d] = true
							list = append(list, d)
						}
					}
				}
			}
		}
	}
	return list
}

// mosts are the values of task.Task.MaxAttempts in these tests.
var mosts = []int{0, 1, 2, 3, 4, 5, 7}

// last returns the number of the last attempt with such a value, as the package comment says it.
func last(most int) int {
	if most > 3 {
		return most
	}
	return 3
}

// ends returns the number of the attempt that ends a round if it fails.
func ends(most int) int {
	if most > 0 {
		return most
	}
	return 3
}

func always[I, D any](d D) func(I) D { return func(I) D { return d } }

var (
	compute     = Decision{Action: Compute}
	alone       = Decision{Action: ComputeAlone}
	drained     = Decision{Action: Return, Reason: task.Drained}
	unsupported = Decision{Action: Return, Reason: task.Unsupported}
	giveUp      = Decision{Action: GiveUp}
)

type arrival struct {
	Delivery
	Host
}

func arrivals() (list []arrival) {
	for _, d := range deliveries() {
		for _, leaving := range bools {
			for _, other := range bools {
				for _, may := range bools {
					list = append(list, arrival{d, Host{Leaving: leaving, OtherLast: other, MayPostpone: may}})
				}
				list = append(list, arrival{d, Host{Leaving: leaving, OtherLast: other, NotHere: true}})
			}
		}
	}
	return list
}

func TestArrive(t *testing.T) {
	here := func(a arrival) bool { return !a.Leaving && !a.NotHere }
	limit := func(a arrival) int { return last(a.Most) }
	last := func(a arrival) bool { return a.Count == 1 && a.Attempt >= limit(a) && here(a) }
	third := func(a arrival) bool { return last(a) && a.Deaths < limit(a) && a.Attempt == limit(a) }
	early := func(a arrival) bool { return a.Attempt == 1 || a.Count == 1 && a.Attempt < limit(a) }
	checkTable(t, arrivals(), func(a arrival) Decision { return Arrive(a.Delivery, a.Host) }, []row[arrival, Decision]{
		{"not here, last attempt", func(a arrival) bool { return !here(a) && a.Count == 1 && a.Attempt >= limit(a) }, always[arrival](postpone(""))},
		{"not here, several again", func(a arrival) bool { return !here(a) && a.Count > 1 && a.Attempt >= 2 },
			func(a arrival) Decision { return split(a.Delivery) }},
		{"worker leaves", func(a arrival) bool { return a.Leaving && early(a) }, always[arrival](drained)},
		{"not for this worker", func(a arrival) bool { return a.NotHere && !a.Leaving && early(a) }, always[arrival](Decision{Action: Return, Reason: task.Elsewhere, Detail: NotHereDetail})},
		{"not the last attempt", func(a arrival) bool { return here(a) && (a.Count > 1 || a.Attempt < limit(a)) }, always[arrival](compute)},
		{"three deaths", func(a arrival) bool { return last(a) && a.Deaths >= limit(a) }, always[arrival](alone)},
		{"last delivery lapsed", func(a arrival) bool { return last(a) && a.Deaths < limit(a) && a.Attempt > limit(a) },
			always[arrival](postpone("its last delivery has lapsed"))},
		{"beside another", func(a arrival) bool { return third(a) && a.OtherLast && a.MayPostpone },
			always[arrival](Decision{Action: Return, Reason: task.Postponed, Detail: "another number has its last attempt here", Limited: true})},
		{"too many postponed", func(a arrival) bool { return third(a) && a.OtherLast && !a.MayPostpone }, always[arrival](alone)},
		{"the only one", func(a arrival) bool { return third(a) && !a.OtherLast }, always[arrival](alone)},
	})
}

func TestStale(t *testing.T) {
	checkTable(t, deliveries(), Stale, []row[Delivery, Decision]{
		{"single number again", func(d Delivery) bool { return d.Attempt >= 2 && d.Count == 1 }, always[Delivery](compute)},
		{"several again", func(d Delivery) bool { return d.Attempt >= 2 && d.Count > 1 }, split},
		{"first attempt", func(d Delivery) bool { return d.Attempt == 1 }, always[Delivery](drained)},
	})
}

type start struct {
	Delivery
	Content
}

func starts() (list []start) {
	for _, d := range deliveries() {
		for _, c := range []Content{Known, UnknownSchema, Unreadable, UnknownKind} {
			list = append(list, start{d, c})
		}
	}
	return list
}

func TestStart(t *testing.T) {
	single := func(s start) bool { return s.Content == Known && s.Count == 1 }
	checkTable(t, starts(), func(s start) Decision { return Start(s.Delivery, s.Content) }, []row[start, Decision]{
		{"schema", func(s start) bool { return s.Content == UnknownSchema }, always[start](unsupported)},
		{"kind", func(s start) bool { return s.Content == UnknownKind }, always[start](unsupported)},
		{"unreadable", func(s start) bool { return s.Content == Unreadable }, always[start](Decision{Action: Reject})},
		{"several again", func(s start) bool { return s.Content == Known && s.Count > 1 && s.Attempt >= 2 },
			func(s start) Decision { return split(s.Delivery) }},
		{"several", func(s start) bool { return s.Content == Known && s.Count > 1 && s.Attempt == 1 }, always[start](compute)},
		{"three deaths", func(s start) bool { return single(s) && s.Deaths >= last(s.Most) }, always[start](giveUp)},
		{"last attempt", func(s start) bool { return single(s) && s.Deaths < last(s.Most) && s.Attempt >= last(s.Most) }, always[start](alone)},
		{"attempt 1 or 2", func(s start) bool { return single(s) && s.Deaths < last(s.Most) && s.Attempt < last(s.Most) }, always[start](compute)},
	})
}

type interruption struct {
	Cause
	r  task.Range
	at uint64
}

func interruptions() (list []interruption) {
	for _, c := range []Cause{NumberFailed, JobCancelled, WorkerQuarantined, WorkerLeaves, NumberHopeless, NumberElsewhere} {
		for _, count := range counts {
			for _, at := range []uint64{0, 1, count / 2, count - 1} {
				if at < count {
					list = append(list, interruption{c, task.Range{First: 1000, Count: count}, at})
				}
			}
		}
	}
	return list
}

func TestInterrupted(t *testing.T) {
	number := func(i interruption) task.Range { return task.Range{First: 1000 + i.at, Count: 1} }
	checkTable(t, interruptions(), func(i interruption) Part { return Interrupted(i.Cause, i.r, i.at) }, []row[interruption, Part]{
		{"cancelled", func(i interruption) bool { return i.Cause == JobCancelled },
			func(i interruption) Part { return Part{i.r, Decision{Action: Drop}, false} }},
		{"quarantined", func(i interruption) bool { return i.Cause == WorkerQuarantined },
			func(i interruption) Part { return Part{i.r, drained, false} }},
		{"leaving", func(i interruption) bool { return i.Cause == WorkerLeaves },
			func(i interruption) Part { return Part{task.Span(1000+i.at, i.r.End()), drained, false} }},
		{"another worker may succeed", func(i interruption) bool { return i.Cause == NumberElsewhere },
			func(i interruption) Part {
				return Part{number(i), Decision{Action: Return, Reason: task.Elsewhere}, false}
			}},
		{"hopeless", func(i interruption) bool { return i.Cause == NumberHopeless },
			func(i interruption) Part { return Part{number(i), Decision{Action: FailForGood}, true} }},
		{"one of several failed", func(i interruption) bool { return i.Cause == NumberFailed && i.r.Count > 1 },
			func(i interruption) Part {
				return Part{number(i), Decision{Action: Return, Reason: task.Isolate}, true}
			}},
		{"the only number failed", func(i interruption) bool { return i.Cause == NumberFailed && i.r.Count == 1 },
			func(i interruption) Part { return Part{number(i), Decision{Action: Fail}, true} }},
	})
}

func outcomes() (list []Outcome) {
	for _, v := range []Verdict{Answered, HandedBack, Dropped, Sieved, Failed, Hopeless, Rejected} {
		for attempt := 1; attempt <= MaxDeliver+mostSpent; attempt++ {
			for _, most := range mosts {
				for flags := range 8 {
					list = append(list, Outcome{v, attempt, most, flags&1 > 0, flags&2 > 0, flags&4 > 0})
				}
			}
		}
	}
	return list
}

func TestSettle(t *testing.T) {
	answered := func(o Outcome) bool { return o.Verdict == Answered || o.Verdict == HandedBack }
	early := func(o Outcome) bool { return o.Verdict == Failed && o.Attempt < ends(o.Most) }
	lapsed := func(o Outcome) bool { return o.Lapsed && !o.Started }
	checkTable(t, outcomes(), Settle, []row[Outcome, Settlement]{
		{"answered in time", func(o Outcome) bool { return answered(o) && !lapsed(o) },
			always[Outcome](Settlement{Results: true, Records: true, Returns: true, End: Ack})},
		{"answered late, nothing returned", func(o Outcome) bool { return answered(o) && lapsed(o) && !o.Returns },
			always[Outcome](Settlement{Results: true, Records: true, Returns: true, End: Ack})},
		{"returned late", func(o Outcome) bool { return answered(o) && lapsed(o) && o.Returns },
			always[Outcome](Settlement{Results: true, Records: true, End: Leave})},
		{"cancelled", func(o Outcome) bool { return o.Verdict == Dropped || o.Verdict == Sieved }, always[Outcome](Settlement{End: Ack})},
		{"failed in time", func(o Outcome) bool { return early(o) && !lapsed(o) }, always[Outcome](Settlement{Record: true, End: Nak})},
		{"failed late", func(o Outcome) bool { return early(o) && lapsed(o) }, always[Outcome](Settlement{Record: true, End: Leave})},
		{"failed for the last time", func(o Outcome) bool { return o.Verdict == Failed && o.Attempt >= ends(o.Most) },
			always[Outcome](Settlement{Letter: true, End: Term})},
		{"hopeless, whatever the attempt", func(o Outcome) bool { return o.Verdict == Hopeless }, always[Outcome](Settlement{Letter: true, End: Term})},
		{"unreadable", func(o Outcome) bool { return o.Verdict == Rejected }, always[Outcome](Settlement{Letter: true, End: Term})},
	})
}

type returned struct {
	Returned
	Evidence
}

func evidence() (list []Evidence) {
	for failed := range MaxDeliver + 3 {
		for workers := min(failed, 1); workers <= min(failed, 3); workers++ {
			for _, others := range []Alive{AliveNow, AliveRecently, AliveLongAgo} {
				for _, held := range bools {
					for _, unseen := range bools {
						e := Evidence{Failed: failed, Workers: workers, Others: others, Held: held, Unseen: unseen, AckWait: 30 * time.Second}
						for e.AtTwo = range max(failed-1, 1) {
							if e.AtTwo > 0 && workers == 1 {
								continue
							}
							for _, e.Most = range mosts {
								list = append(list, e.withCampaigns()...)
							}
						}
					}
				}
			}
		}
	}
	return list
}

// withCampaigns returns e without a campaign and with each, by the dead letters that its workers may have stored.
func (e Evidence) withCampaigns() []Evidence {
	list := []Evidence{e}
	for _, e.Campaign = range []Campaign{CampaignAdvances, CampaignPardons} {
		for e.Letters = range e.Workers + 1 {
			list = append(list, e)
		}
	}
	return list
}

func TestEvidence(t *testing.T) {
	list := slices.DeleteFunc(evidence(), func(e Evidence) bool { return e.Campaign != NoCampaign })
	again := func(e Evidence) Decision {
		if e.Workers == 1 && (e.Failed == 2 || e.Failed == 4) {
			return Decision{Action: Requeue, Pieces: 1, Spent: last(e.Most) - 2}
		}
		return Decision{Action: Requeue, Pieces: 1, Spent: last(e.Most) - 1}
	}
	wait := always[Evidence](Decision{Action: Wait, Delay: 30 * time.Second / 4})
	held := func(e Evidence) bool { return e.Held && e.AtTwo < 3 }
	one := func(e Evidence) bool { return !held(e) && e.Workers == 1 }
	two := func(e Evidence) bool { return !held(e) && e.Workers >= 2 }
	checkTable(t, list, Evidence.Decide, []row[Evidence, Decision]{
		{"a worker computes it", held, again},
		{"no worker says so", func(e Evidence) bool { return !held(e) && e.Workers == 0 }, again},
		{"two workers", func(e Evidence) bool { return two(e) && !e.Unseen }, always[Evidence](giveUp)},
		{"two workers that may live", func(e Evidence) bool { return two(e) && e.Unseen }, wait},
		{"the only worker", func(e Evidence) bool { return one(e) && !e.Unseen && e.Others == AliveLongAgo }, always[Evidence](giveUp)},
		{"the only worker may live", func(e Evidence) bool { return one(e) && e.Unseen && e.Others == AliveLongAgo }, wait},
		{"another worker may come back", func(e Evidence) bool { return one(e) && e.Others == AliveRecently }, wait},
		{"another worker may try", func(e Evidence) bool { return one(e) && e.Others == AliveNow }, again},
	})
}

// TestEvidenceOfCampaign: while a campaign advances, only dead letters give a number up. Deaths are pardoned, or it waits.
func TestEvidenceOfCampaign(t *testing.T) {
	list := slices.DeleteFunc(evidence(), func(e Evidence) bool { return e.Campaign == NoCampaign })
	letters := func(e Evidence) Evidence { // what it is without deaths
		return Evidence{Failed: e.Letters, Workers: e.Letters, Others: e.Others, Held: e.Held, Unseen: e.Unseen, AckWait: e.AckWait, Most: e.Most}
	}
	ordinary := func(e Evidence) Evidence {
		e.Campaign, e.Letters = NoCampaign, 0
		return e
	}
	guilty := func(e Evidence) bool { return letters(e).Decide().Action != Requeue }
	pardons := func(e Evidence) bool { return !guilty(e) && e.Campaign == CampaignPardons }
	advances := func(e Evidence) bool { return !guilty(e) && e.Campaign == CampaignAdvances }
	dead := func(e Evidence) bool { return ordinary(e).Decide().Action == GiveUp }
	checkTable(t, list, Evidence.Decide, []row[Evidence, Decision]{
		{"dead letters are enough", guilty, func(e Evidence) Decision { return letters(e).Decide() }},
		{"deaths are pardoned", func(e Evidence) bool { return pardons(e) && e.Letters == 0 },
			always[Evidence](Decision{Action: Requeue, Pieces: 1, Pardon: true})},
		{"deaths are pardoned, a dead letter is not", func(e Evidence) bool { return pardons(e) && e.Letters > 0 }, func(e Evidence) Decision {
			do := letters(e).Decide()
			do.Pardon = true
			return do
		}},
		{"it waits", func(e Evidence) bool { return advances(e) && dead(e) }, always[Evidence](Decision{Action: Wait, Delay: 30 * time.Second / 4})},
		{"another worker may try", func(e Evidence) bool { return advances(e) && !dead(e) }, func(e Evidence) Decision { return ordinary(e).Decide() }},
	})
}

// TestSieve: deaths are pardoned each time that a sieve has advanced, at last for its divisor, and not for ever.
func TestSieve(t *testing.T) {
	pardons, s := 0, Sieve{}
	for s.Advance = range MaxAdvance + 1 {
		switch grown := s.Advance - s.Pardoned; s.Campaign() {
		case CampaignPardons:
			pardons, s.Pardoned = pardons+1, s.Advance
		case NoCampaign:
			if grown >= PardonStep {
				t.Errorf("%+v pardons nothing", s)
			}
			if s.Lately = true; s.Campaign() != CampaignAdvances {
				t.Errorf("%+v does not advance", s)
			}
			s.Lately = false
		default:
			t.Errorf("%+v: %v", s, s.Campaign())
		}
	}
	if pardons*MaxDeliver != 96 {
		t.Errorf("%d pardons", pardons)
	}
	if late := (Sieve{Advance: MaxAdvance, Pardoned: 3}); late.Campaign() != CampaignPardons {
		t.Error("a divisor pardons nothing")
	}
}

func returns() (list []returned) {
	ordinary := slices.DeleteFunc(evidence(), func(e Evidence) bool { return e.Campaign != NoCampaign })
	for _, reason := range []task.Reason{task.Drained, task.Isolate, task.Unsupported, task.Postponed, task.Elsewhere, "", "other"} {
		for _, count := range counts {
			for _, pieces := range []uint64{0, 1, 2, 64, 1 << 31} {
				for _, first := range bools {
					for _, e := range ordinary {
						list = append(list, returned{Returned{reason, count, pieces, first, 0, 0}, e})
					}
					list = append(list, returned{Returned{reason, count, pieces, first, 3, 9}, ordinary[0]})
				}
			}
		}
	}
	return list
}

func TestReturned(t *testing.T) {
	wait := func(r returned) bool {
		return (r.Reason == task.Unsupported || r.Reason == task.Elsewhere) && r.First
	}
	postponed := func(r returned) bool { return r.Reason == task.Postponed && r.Count == 1 }
	checkTable(t, returns(), func(r returned) Decision { return r.Returned.Decide(r.Evidence) }, []row[returned, Decision]{
		{"unsupported at first", func(r returned) bool { return r.Reason == task.Unsupported && r.First }, always[returned](Decision{Action: Wait, Delay: 5 * time.Second})},
		{"elsewhere at first", func(r returned) bool { return r.Reason == task.Elsewhere && r.First && r.Left == 0 }, always[returned](Decision{Action: Wait, Delay: time.Second})},
		{"elsewhere at first, left by all", func(r returned) bool { return r.Reason == task.Elsewhere && r.First && r.Left == 3 }, always[returned](Decision{Action: Wait, Delay: 20 * time.Second})},
		{"postponed", postponed, func(r returned) Decision { return r.Evidence.Decide() }},
		{"others", func(r returned) bool { return !wait(r) && !postponed(r) },
			func(r returned) Decision { return Decision{Action: Requeue, Pieces: r.Pieces} }},
	})
}

func advisories() (list []Advisory) {
	for _, count := range counts {
		for try := 1; try <= 7; try++ {
			for _, exhausted := range bools {
				for _, known := range bools {
					for _, wait := range []time.Duration{300 * time.Millisecond, 30 * time.Second} {
						for _, further := range bools {
							list = append(list, Advisory{count, try, exhausted, known, further, wait})
						}
					}
				}
			}
		}
	}
	return list
}

func TestAdvisory(t *testing.T) {
	checkTable(t, advisories(), Advisory.Decide, []row[Advisory, Decision]{
		{"unconfirmed", func(a Advisory) bool { return !a.Exhausted && a.Try < 5 }, always[Advisory](Decision{Action: Wait, Delay: time.Second})},
		{"never confirmed", func(a Advisory) bool { return !a.Exhausted && a.Try >= 5 }, always[Advisory](Decision{Action: Ignore})},
		{"one number, perhaps slow", func(a Advisory) bool { return a.Exhausted && a.Try < 5 && a.Count == 1 && !a.Known && !a.Further },
			func(a Advisory) Decision { return Decision{Action: Wait, Delay: a.AckWait / 4} }},
		{"one number", func(a Advisory) bool { return a.Exhausted && (a.Try >= 5 || a.Known || a.Further) && a.Count == 1 }, always[Advisory](Decision{Action: Conclude})},
		{"several", func(a Advisory) bool { return a.Exhausted && a.Count > 1 }, always[Advisory](Decision{Action: Conclude})},
	})
}

type exhausted struct {
	count uint64
	Evidence
}

func exhaustions() (list []exhausted) {
	for _, count := range counts {
		for _, e := range evidence() {
			list = append(list, exhausted{count, e})
		}
	}
	return list
}

func TestExhausted(t *testing.T) {
	checkTable(t, exhaustions(), func(x exhausted) Decision { return Exhausted(x.count, x.Evidence) }, []row[exhausted, Decision]{
		{"several", func(x exhausted) bool { return x.count > 1 },
			func(x exhausted) Decision { return Decision{Action: Requeue, Pieces: min(x.count, 64)} }},
		{"one", func(x exhausted) bool { return x.count == 1 }, func(x exhausted) Decision { return x.Evidence.Decide() }},
	})
}

// TestFurther: a number has further rounds until its last attempt, and no delivery of a round is beyond it but for those
// that lapse.
func TestFurther(t *testing.T) {
	for _, most := range []int{0, 1, 2, 3, 4, 5, 6, 7, 99, 100} {
		for spent := -1; spent < 120; spent++ {
			do, ok := Further(spent, most)
			made := min(max(spent, 0), last(most)-1) + 3
			if ok != (made < last(most)) || ok && do != (Decision{Action: Requeue, Pieces: 1, Spent: made}) || !ok && do != (Decision{}) {
				t.Errorf("%d of %d spent: %+v, %v", spent, most, do, ok)
			}
		}
		attempts, spent := 0, 0
		for rounds := 0; ; rounds++ {
			do, ok := Further(spent, most)
			if !ok {
				attempts = last(most) - spent
				break
			}
			spent = do.Spent
			if rounds > 40 {
				t.Fatalf("%d attempts: more than %d rounds", most, rounds)
			}
		}
		if attempts < 1 || attempts > 3 || Number(attempts, spent, most) != last(most) {
			t.Errorf("%d attempts: the last round has %d", most, attempts)
		}
	}
}
