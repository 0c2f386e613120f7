package campaign

import (
	"testing"
	"time"
)

// A curveSimulation is a campaign of curves on a fleet in virtual time. Workers take its tasks first. A group takes its
// time of the tables.
type curveSimulation struct {
	t      *testing.T
	m      *CurveMachine
	now    time.Time
	busy   []curveSlot
	queued []Issue // one task each
	others int     // tasks of others that are queued, each of otherTime

	curved, served, lost time.Duration // of all slots
}

// A curveSlot is what a slot does. A task begins no group after its time; the one that runs is completed.
type curveSlot struct {
	task     Issue // Tasks is 0 if the slot is free, -1 for a task of others
	until    time.Time
	group    uint64
	groupEnd time.Time
}

func simulateCurves(t *testing.T, slots int) *curveSimulation {
	s := &curveSimulation{t: t, m: newCurvesTest(nil), now: time.Unix(1e9, 0), busy: make([]curveSlot, slots)}
	s.do(s.m.Step(Replayed{}, s.now))
	return s
}

// until runs the simulation until done, at most for a day, and returns how long it took.
func (s *curveSimulation) until(done func() bool) time.Duration {
	s.t.Helper()
	began := s.now
	for !done() {
		if s.now.Sub(time.Unix(1e9, 0))%time.Second == 0 {
			f := Fleet{Slots: len(s.busy), Queued: len(s.queued), Others: s.others > 0}
			for i := range s.busy {
				if s.busy[i].task.Tasks > 0 {
					f.Running++
				}
			}
			s.do(s.m.Step(f, s.now))
		}
		s.now = s.now.Add(simStep)
		for i := range s.busy {
			s.work(&s.busy[i])
		}
		if s.now.Sub(began) > 24*time.Hour {
			s.t.Fatal("the simulation does not end")
		}
	}
	return s.now.Sub(began)
}

// work lets a slot work for a step, which ends now.
func (s *curveSimulation) work(b *curveSlot) {
	if b.task.Tasks == 0 {
		switch {
		case len(s.queued) > 0:
			b.task, s.queued = s.queued[0], s.queued[1:]
			b.until, b.group = s.now.Add(b.task.Time-simStep), b.task.First
			b.groupEnd = s.now.Add(testLevels{}.GroupTime(b.task.B1) - simStep)
		case s.others > 0:
			s.others--
			*b = curveSlot{task: Issue{Tasks: -1}, until: s.now.Add(otherTime - simStep)}
		default:
			s.lost += simStep
			return
		}
	}
	if b.task.Tasks < 0 {
		if s.served += simStep; !s.now.Before(b.until) {
			*b = curveSlot{}
		}
		return
	}
	if s.curved += simStep; s.now.Before(b.groupEnd) {
		return
	}
	s.do(s.m.Step(groups("w", b.group, b.group+1).with(func(y *Yield) { y.B1 = b.task.B1 }), s.now))
	b.group++
	b.groupEnd = s.now.Add(testLevels{}.GroupTime(b.task.B1))
	if !s.now.Before(b.until) || b.group == b.task.First+b.task.Size {
		*b = curveSlot{}
	}
}

func (s *curveSimulation) do(outs []Output) {
	for _, o := range outs {
		switch o := o.(type) {
		case Reserve:
			s.do(s.m.Step(Reserved(o), s.now))
		case Issue:
			for range o.Tasks {
				s.queued = append(s.queued, o)
				o.First += o.Size
			}
		case Purge:
			s.queued = nil
		case Audit:
			s.do(s.m.Step(Audited{Audit: o}, s.now))
		}
	}
}

// TestCurveUtilisation: with k slots a level is done in 1/k of its time, all groups that were run count, and no slot
// is without work.
func TestCurveUtilisation(t *testing.T) {
	for _, slots := range []int{1, 2, 5, 16, 60} {
		s := simulateCurves(t, slots)
		const curves = 320 * 60
		wall := s.until(func() bool { return s.m.Effort().of(400) >= curves })
		ideal := curves / GroupCurves * 400 * time.Millisecond / time.Duration(slots)
		early := time.Duration(2*80/GroupCurves*200) * time.Millisecond / time.Duration(slots) // the levels before
		if wall > ideal+early+5*time.Second || s.lost > 0 {
			t.Errorf("%d slots: %v instead of %v, %v without work", slots, wall, ideal, s.lost)
		}
	}
}

// TestCurveOthers: even if workers end no task early, a list takes at most twice its time alone and six seconds, and the campaign
// keeps 40 % of the slots meanwhile.
func TestCurveOthers(t *testing.T) {
	for _, slots := range []int{1, 2, 3, 16, 60} {
		s := simulateCurves(t, slots)
		began := s.now
		s.until(func() bool { return s.now.Sub(began) >= 17*time.Second })
		const perSlot = 300 // tasks
		s.others, s.curved, s.served = perSlot*slots, 0, 0
		alone := perSlot * otherTime
		wall := s.until(func() bool { return s.others == 0 && s.served >= time.Duration(slots)*alone })
		if wall > 2*alone+6*time.Second {
			t.Errorf("%d slots: others take %v, alone %v", slots, wall, alone)
		}
		if share := s.curved.Seconds() / (s.curved + s.served).Seconds(); share < 0.4 || share > 0.6 {
			t.Errorf("%d slots: the campaign has %.2f of them", slots, share)
		}
	}
}
