package plan

import (
	"math/rand/v2"
	"testing"
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

// A simulated job has workers with slots that compute chunks of numbers in order. It tells a JobProgress what a producer
// hears: results at the end of a chunk and every 5 s of it, and the running numbers of each look.
type simulated struct {
	numbers []simulatedNumber
	chunk   int
	slots   []*simulatedSlot
	look    time.Duration // between two looks
	beat    time.Duration // between two statements of a worker; 0 = each look
	other   func(at time.Duration) (share float64, slots int)
	kind    string

	p        JobProgress
	next     int // position of the next chunk
	shown    []simulatedLook
	ended    time.Duration
	answered int
}

type simulatedNumber struct {
	bits int
	cpu  time.Duration
}

type simulatedSlot struct {
	first, at, end int // of its chunk: reported up to first, at work on at
	spent          time.Duration
	reported       time.Duration // when
	seen           *Running
	seenAt         time.Duration
}

// A simulatedLook is a snapshot, at a time since the beginning.
type simulatedLook struct {
	at time.Duration
	Snapshot
}

const simulatedStep = 10 * time.Millisecond

// run runs the job to its end.
func (s *simulated) run(t *testing.T) {
	t.Helper()
	e := Expectation{Kind: task.KindFactor, Times: measured.Slowest()}
	if s.kind != "" {
		e.Kind = s.kind
	}
	all := NewTally(e)
	for _, n := range s.numbers {
		all.Add(n.bits)
	}
	s.p.Submitted(all)
	s.p.Seal()
	for at := time.Duration(0); s.answered < len(s.numbers); at += simulatedStep {
		if at > 10*time.Hour {
			t.Fatal("the simulated job does not end")
		}
		share, slots := 1.0, len(s.slots)
		if s.other != nil {
			share, slots = s.other(at)
		}
		for i, slot := range s.slots {
			if i < slots {
				s.advance(e, slot, at, share)
			} else {
				s.stop(slot)
			}
		}
		if at%s.look == 0 {
			s.shown = append(s.shown, simulatedLook{at, s.lookAt(at, slots)})
		}
		s.ended = at
	}
}

// stop hands the rest of the chunk of a slot back, for the next slot.
func (s *simulated) stop(slot *simulatedSlot) {
	if slot.end > slot.first {
		for i := slot.first; i < slot.end; i++ { // at the end of the list, so that positions remain simple
			s.numbers = append(s.numbers, s.numbers[i])
			s.numbers[i].cpu = 0
		}
		s.answered += slot.end - slot.first
		*slot = simulatedSlot{}
	}
}

// advance computes in a slot for one step.
func (s *simulated) advance(e Expectation, slot *simulatedSlot, at time.Duration, share float64) {
	left := time.Duration(float64(simulatedStep) * share)
	for left > 0 {
		if slot.at == slot.end {
			if s.next >= len(s.numbers) {
				return
			}
			*slot = simulatedSlot{first: s.next, at: s.next, end: min(s.next+s.chunk, len(s.numbers)), reported: at, seen: slot.seen, seenAt: slot.seenAt}
			s.next = slot.end
		}
		need := s.numbers[slot.at].cpu - slot.spent
		if need > left {
			slot.spent += left
			left = 0
		} else {
			left -= need
			slot.at, slot.spent = slot.at+1, 0
			if s.beat == 0 {
				slot.seen = nil
			}
		}
		if slot.at > slot.first && (slot.at == slot.end || at-slot.reported >= 5*time.Second) {
			s.report(e, slot, at)
		}
	}
}

// report sends the answers of a slot.
func (s *simulated) report(e Expectation, slot *simulatedSlot, at time.Duration) {
	answers := NewTally(e)
	for _, n := range s.numbers[slot.first:slot.at] {
		answers.AddAnswer(n.bits, n.cpu)
	}
	s.p.Done(start.Add(at), "w", task.Range{First: uint64(slot.first), Count: uint64(slot.at - slot.first)}, answers)
	s.answered += slot.at - slot.first
	slot.first, slot.reported = slot.at, at
}

// lookAt tells the running numbers that take a tenth of a second or more, and returns the progress.
func (s *simulated) lookAt(at time.Duration, slots int) Snapshot {
	now := start.Add(at)
	var list []Running
	for _, slot := range s.slots[:slots] {
		if slot.at == slot.end || s.beat == 0 && s.numbers[slot.at].cpu < 100*time.Millisecond {
			continue
		}
		if slot.seen == nil && s.beat == 0 || at-slot.seenAt >= s.beat {
			n := s.numbers[slot.at]
			slot.seen, slot.seenAt = &Running{Position: uint64(slot.at), Task: task.Range{First: uint64(slot.end - s.chunk), Count: uint64(s.chunk)}, Digits: int(float64(n.bits+1) / 3.3219), Cores: 1, Spent: slot.spent + 1, Left: n.cpu - slot.spent}, at
		}
		if slot.seen == nil {
			continue
		}
		r := *slot.seen
		r.Seen = start.Add(slot.seenAt)
		list = append(list, r)
	}
	if s.kind != "" {
		list = nil
	}
	s.p.Running(now, list, Capacity{Cores: slots, One: 1})
	return s.p.Snapshot(now)
}

// check asserts that the ETA at each percent of the time is within most of it, as a share of the whole time, and that the
// share does not decrease.
func (s *simulated) check(t *testing.T, most float64, percents ...int) {
	t.Helper()
	last := 0.0
	for _, look := range s.shown {
		if look.Share < last || look.Share > 1 || look.Share != look.Share {
			t.Fatalf("%v: share %v after %v", look.at, look.Share, last)
		}
		last = look.Share
	}
	for _, percent := range percents {
		var look simulatedLook
		for _, l := range s.shown {
			if l.at <= s.ended*time.Duration(percent)/100 {
				look = l
			}
		}
		left := s.ended - look.at
		failed := (look.ETA - left).Seconds() / s.ended.Seconds()
		t.Logf("%2d %% of %.1f s: ETA %.1f s, known %t, %.1f s are left: error %+.1f %%; share %.1f %%, %d of %d", percent, s.ended.Seconds(), look.ETA.Seconds(), look.Known, left.Seconds(), 100*failed, 100*look.Share, look.Done, look.Total)
		if !look.Known || failed > most || failed < -most {
			t.Errorf("at %d %%: the error is %.0f %% of the time, or there is no ETA", percent, 100*failed)
		}
	}
}

func slotsOf(n int) (list []*simulatedSlot) {
	for range n {
		list = append(list, new(simulatedSlot))
	}
	return list
}

// listOf returns count numbers whose CPU time is between half of cpu and one and a half.
func listOf(r *rand.Rand, count, bits int, cpu time.Duration) (list []simulatedNumber) {
	for range count {
		list = append(list, simulatedNumber{bits, time.Duration(float64(cpu) * (0.5 + r.Float64()))})
	}
	return list
}

// TestSimulatedJobs: the error of the ETA is bounded in jobs of the kinds that users have.
func TestSimulatedJobs(t *testing.T) {
	random := func() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
	busy := func(at time.Duration) (float64, int) { return 0.25, 2 }
	easyThenHard := append(listOf(random(), 20_000, 63, 5*time.Microsecond), listOf(random(), 250, 172, 130*time.Millisecond)...)
	for name, test := range map[string]struct {
		job  *simulated
		most float64
		at   []int
	}{
		"easy then hard":                 {&simulated{numbers: easyThenHard, chunk: 40, slots: slotsOf(2)}, 0.3, []int{10, 50, 90}},
		"on a busy machine":              {&simulated{numbers: easyThenHard, chunk: 40, slots: slotsOf(2), other: busy}, 0.25, []int{20, 50, 90}},
		"few hard":                       {&simulated{numbers: listOf(random(), 8, 210, 3*time.Second), chunk: 1, slots: slotsOf(2)}, 0.25, []int{10, 50, 90}},
		"few hard, busy":                 {&simulated{numbers: listOf(random(), 8, 210, 3*time.Second), chunk: 1, slots: slotsOf(2), other: busy}, 0.25, []int{20, 50, 90}},
		"steady":                         {&simulated{numbers: listOf(random(), 10_000, 120, 10*time.Millisecond), chunk: 100, slots: slotsOf(4)}, 0.1, []int{10, 50, 90}},
		"rare heartbeats":                {&simulated{numbers: listOf(random(), 400, 190, 700*time.Millisecond), chunk: 10, slots: slotsOf(4), beat: 5 * time.Second}, 0.15, []int{20, 50, 90}},
		"items of a command":             {&simulated{numbers: listOf(random(), 60, 64, 4*time.Second), chunk: 1, slots: slotsOf(4), kind: "exec:x"}, 0.15, []int{20, 50, 90}},
		"short numbers, rare heartbeats": {&simulated{numbers: listOf(random(), 2000, 190, 150*time.Millisecond), chunk: 10, slots: slotsOf(2), beat: 5 * time.Second}, 0.15, []int{20, 50, 90}},
		"long chunks":                    {&simulated{numbers: listOf(random(), 600, 172, 130*time.Millisecond), chunk: 150, slots: slotsOf(2), other: busy}, 0.2, []int{30, 50, 90}},
		"a worker stops": {&simulated{numbers: listOf(random(), 4000, 160, 15*time.Millisecond), chunk: 40, slots: slotsOf(2), other: func(at time.Duration) (float64, int) {
			if at > 15*time.Second {
				return 1, 1
			}
			return 1, 2
		}}, 0.15, []int{60, 75, 90}},
	} {
		t.Run(name, func(t *testing.T) {
			test.job.look = 250 * time.Millisecond
			test.job.run(t)
			test.job.check(t, test.most, test.at...)
		})
	}
}
