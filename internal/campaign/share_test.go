package campaign

import (
	"testing"
	"time"
)

// A simulation is a campaign on a fleet in virtual time. Workers take tasks of the campaign first, but for half a second
// after they have ended one early for others: once a second in a slot. Each yields 100 relations a second.
type simulation struct {
	m          *Machine
	fold       *countFold
	slots      int
	now, start time.Time
	busy       []sieving // of each slot
	queued     []Issue   // one task each
	others     int       // tasks of others that are queued, each of otherTime

	sieved, served time.Duration // of all slots
	lost           time.Duration // slots that had nothing to do
	early          int           // tasks that were ended early
}

// A sieving is what a slot does: until is zero if nothing.
type sieving struct {
	until, flushed time.Time
	flush          time.Duration // 0: a task of others
	began          time.Time
	firm           bool

	ended time.Time // when a task was last ended early in the slot
}

const (
	simStep   = 50 * time.Millisecond
	otherTime = 100 * time.Millisecond

	// Of package worker.
	preemptEvery = 1000 * time.Millisecond
	turnOfOthers = preemptEvery / 2
)

// simulate returns a simulation in which the sieve takes so much time of one core.
func simulate(slots int, sieve time.Duration) *simulation {
	s := &simulation{slots: slots, busy: make([]sieving, slots), start: time.Unix(1e9, 0)}
	s.now = s.start
	relations := int(sieve.Seconds() * 100)
	s.m, s.fold = newTest(func(c *Config) {
		c.Predicted = sieve
		f := c.Fold.(*countFold)
		f.need, f.expected = relations/2, relations
	})
	s.do(s.m.Step(Replayed{}, s.now))
	return s
}

// until runs the simulation until done, at most for a day.
func (s *simulation) until(t *testing.T, done func() bool) time.Duration {
	t.Helper()
	began := s.now
	for !done() {
		if s.elapsed()%time.Second == 0 {
			f := Fleet{Slots: s.slots, Queued: len(s.queued), Others: s.others > 0}
			for _, b := range s.busy {
				if !b.until.IsZero() && b.flush > 0 {
					f.Running++
				}
			}
			s.do(s.m.Step(f, s.now))
		}
		for i := range s.busy {
			s.work(&s.busy[i])
		}
		if s.now = s.now.Add(simStep); s.now.Sub(began) > 24*time.Hour {
			t.Fatal("the simulation does not end")
		}
	}
	return s.now.Sub(began)
}

func (s *simulation) elapsed() time.Duration { return s.now.Sub(s.start) }

// work lets a slot work for a step.
func (s *simulation) work(b *sieving) {
	if b.until.IsZero() {
		switch {
		case len(s.queued) > 0 && (s.others == 0 || s.now.Sub(b.ended) >= turnOfOthers):
			t := s.queued[0]
			*b = sieving{until: s.now.Add(t.Time), flushed: s.now, flush: t.Flush, began: s.now, firm: t.Time <= FirmTime, ended: b.ended}
			s.queued = s.queued[1:]
		case s.others > 0:
			s.others--
			*b = sieving{until: s.now.Add(otherTime), ended: b.ended}
		default:
			s.lost += simStep
			return
		}
	}
	end := s.now.Add(simStep)
	over := !end.Before(b.until)
	if b.flush > 0 && s.others > 0 && !b.firm && end.Sub(b.began) >= 250*time.Millisecond && end.Sub(b.ended) >= preemptEvery {
		over, b.ended = true, end
		s.early++
	}
	if b.flush == 0 {
		s.served += simStep
	} else {
		s.sieved += simStep
		if over || end.Sub(b.flushed) >= b.flush {
			s.do(s.m.Step(relations(int(100*end.Sub(b.flushed).Seconds()+0.5)), end))
			b.flushed = end
		}
	}
	if over {
		*b = sieving{ended: b.ended}
	}
}

func (s *simulation) do(outs []Output) {
	for _, o := range outs {
		switch o := o.(type) {
		case Reserve:
			s.do(s.m.Step(Reserved(o), s.now))
		case Issue:
			for range o.Tasks {
				s.queued = append(s.queued, o)
			}
		case Purge:
			s.queued = nil
		}
	}
}

// TestUtilisation: while the sieve goes on, all slots sieve. At its end at most a task of each slot is
// in vain.
func TestUtilisation(t *testing.T) {
	for _, test := range []struct {
		slots int
		sieve time.Duration
	}{{1, 30 * time.Second}, {2, 30 * time.Second}, {2, 200 * time.Second}, {16, 200 * time.Second}, {16, 2000 * time.Second}, {200, 2000 * time.Second}} {
		s := simulate(test.slots, test.sieve)
		wall := s.until(t, func() bool { return s.m.Phase() == Solving })
		ideal := test.sieve / time.Duration(test.slots)
		if wall > ideal*11/10+3*time.Second || s.lost > 0 {
			t.Errorf("%d slots: %v instead of %v, %v without work", test.slots, wall, ideal, s.lost)
		}
		if len(s.queued) > 0 {
			t.Errorf("%d slots: %d tasks are queued after the sieve", test.slots, len(s.queued))
		}
		tail := s.until(t, func() bool { return s.lost >= time.Duration(test.slots)*simStep && s.idle() })
		if tail > 3*time.Second {
			t.Errorf("%d slots: tasks run for %v after the sieve", test.slots, tail)
		}
	}
}

// idle reports whether no slot has work.
func (s *simulation) idle() bool {
	for _, b := range s.busy {
		if !b.until.IsZero() {
			return false
		}
	}
	return true
}

// TestOthers: a list of small numbers takes at most twice its time alone and a second, and the campaign
// keeps 40 % of the slots meanwhile.
func TestOthers(t *testing.T) {
	for _, slots := range []int{1, 2, 3, 4, 5, 16, 60} {
		s := simulate(slots, 100*time.Hour)
		s.until(t, func() bool { return s.elapsed() >= 17*time.Second })
		const perSlot = 300 // tasks
		s.others, s.sieved, s.served = perSlot*slots, 0, 0
		alone := perSlot * otherTime
		wall := s.until(t, func() bool { return s.others == 0 && s.served >= time.Duration(slots)*alone })
		if wall > 2*alone+time.Second {
			t.Errorf("%d slots: others take %v, alone %v", slots, wall, alone)
		}
		if share := s.sieved.Seconds() / (s.sieved + s.served).Seconds(); share < 0.4 || share > 0.6 {
			t.Errorf("%d slots: the campaign has %.2f of them", slots, share)
		}
	}
}

// TestShortList: a list of half a second begins at once, and ends as soon as without the campaign.
func TestShortList(t *testing.T) {
	for _, slots := range []int{1, 2, 3, 16, 60} {
		s := simulate(slots, 100*time.Hour)
		s.until(t, func() bool { return s.elapsed() >= 17*time.Second+300*time.Millisecond })
		s.others = 5 * slots
		if wall := s.until(t, func() bool { return s.others == 0 }); wall > 600*time.Millisecond {
			t.Errorf("%d slots: others wait for %v", slots, wall)
		}
		if s.early < slots {
			t.Errorf("%d slots: %d tasks ended early", slots, s.early)
		}
	}
}

// TestTrickle: one small number a second costs the campaign little more than the time of the number.
func TestTrickle(t *testing.T) {
	for _, slots := range []int{1, 2, 16} {
		s := simulate(slots, 100*time.Hour)
		s.until(t, func() bool { return s.elapsed() >= 17*time.Second })
		s.sieved, s.served, s.lost = 0, 0, 0
		const seconds = 100
		for i := range time.Duration(seconds) {
			at := 17*time.Second + i*time.Second + (370*i*time.Millisecond)%time.Second
			s.until(t, func() bool { return s.elapsed() >= at })
			s.others++
		}
		s.until(t, func() bool { return s.others == 0 })
		if s.lost > s.elapsed()*time.Duration(slots)/50 {
			t.Errorf("%d slots: %v without work, %v sieved, %v others", slots, s.lost, s.sieved, s.served)
		}
	}
}
