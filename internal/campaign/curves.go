package campaign

import (
	"math/big"
	"time"
)

// A CurveConfig describes a campaign of curves to the supervisor that runs it. The manifest has
// everything but Levels and Seed.
type CurveConfig struct {
	Number *big.Int // the composite
	Groups uint64   // the groups 0 to Groups-1 exist
	Levels Levels

	Next     uint64     // the groups below are reserved
	Divisors []*big.Int // of Number, found earlier; those that do not divide it are ignored
	Effort   Effort     // that was counted earlier

	// Seed makes the choice of audits. It must be unpredictable for workers.
	Seed uint64
}

// A CurveMachine is the state of one campaign of curves: workers run ECM on a number that is too large for
// the sieve. It is not for concurrent use. Its phases are Curving, Finished and Over.
//
//	input                                  phase             output
//	Replayed                               Curving           from now on tasks are issued
//	Fleet                                  Curving           Purge, Reserve, Issue; Store from time to time
//	Reserved                               Curving           Issue
//	Yield with a divisor                   Curving           Store, Split, Stop; one that does not divide: Refuse
//	Yield of groups that this machine
//	has issued, of a checked worker        Curving           counted, once for each group; Audit by chance
//	the same, of a new worker              Curving           Audit; counted when its audit has confirmed it
//	Yield of other groups                  Curving           Drop
//	Audited, evidence is false             any before Over   Refuse; no curve of the worker counts any more
//	Audited with a divisor                 Curving           Store, Split, Stop
//	Owned                                  Curving           the level follows that of the owner
//	ParentCovered                          any before Over   Stop unless stopped, End
//
// The effort counts only curves of groups that this machine has issued. A supervisor that takes over counts
// none of the tasks that were issued before, so that none counts twice; what it loses is the effort since the
// last Store, at most storeEvery, and the tasks that ran. A divisor counts whoever sends it, because it
// divides.
//
// The evidence of a curve is a value that only a worker knows that has run the curve. An audit runs the curves of
// a group once more. Therefore a worker that invents evidence is found by its first yield, or later by chance,
// and then none of its curves counts.
type CurveMachine struct {
	core
	c CurveConfig

	effort   Effort    // what counts, all levels
	owner    Effort    // of the owner, as it claims
	stored   Effort    // of the last Store
	storedAt time.Time // of the last Store

	tasks   openTasks
	curvers curvers
	pace    pace
}

// storeEvery is the time between two outputs Store.
const storeEvery = 20 * time.Second

// NewCurves returns the machine of a campaign of curves. Requires Number >= 2 and Levels.
func NewCurves(c CurveConfig) *CurveMachine {
	return &CurveMachine{
		core: core{number: c.Number, phase: Curving, next: c.Next, reserved: c.Next}, c: c,
		effort: c.Effort, stored: c.Effort, curvers: newCurvers(c.Seed),
	}
}

// Effort returns the curves that count. The caller must not change it.
func (m *CurveMachine) Effort() Effort { return m.effort }

// Begin is that of Conducted.
func (m *CurveMachine) Begin() []Output {
	m.out = nil
	for _, d := range m.c.Divisors {
		m.split(d, nil)
	}
	return m.out
}

// Step is that of Conducted.
func (m *CurveMachine) Step(in Input, now time.Time) []Output {
	m.out = nil
	if m.phase == Over {
		return nil
	}
	switch in := in.(type) {
	case Replayed:
		m.replayed = true
	case Fleet:
		m.report(in, now)
		m.observe(now)
		m.issue(now)
	case Reserved:
		m.reserved = max(m.reserved, in.Next)
		m.issue(now)
	case Owned:
		m.owner = in.Effort
	case Yield:
		m.yield(&in, now)
	case Audited:
		m.audited(&in)
	case ParentCovered:
		m.end()
	}
	return m.out
}

// observe notes how many curves there are, and has the effort stored from time to time.
func (m *CurveMachine) observe(now time.Time) {
	if !m.replayed || m.phase != Curving {
		return
	}
	m.pace.tick(now, int(m.effort.curves()))
	if m.storedAt.IsZero() {
		m.storedAt = now
	}
	if now.Sub(m.storedAt) >= storeEvery {
		m.storedAt = now
		m.store()
	}
}

// store has the effort stored if it has changed.
func (m *CurveMachine) store() {
	if m.stored.curves() != m.effort.curves() {
		m.stored = m.effort
		m.put(Store{m.effort})
	}
}

// issue issues tasks of the present level up to the limit, as far as groups are reserved.
func (m *CurveMachine) issue(now time.Time) {
	if m.phase != Curving || !m.replayed {
		return
	}
	l, left := m.level()
	group := max(m.c.Levels.GroupTime(l.B1), time.Microsecond)
	run, flush := m.taskTime(m.timeOf(left, group))
	t := Issue{Size: groupsOfTask(run, group), Time: run, Flush: flush, B1: l.B1, B2: l.B2}
	first := m.next
	if n := m.queue(t, m.c.Groups, now); n > 0 {
		m.tasks.add(&t, first, n)
	}
}

// level returns the level at which tasks are issued, and how many curves it still needs. A level that all slots
// together finish in less than minTime is left to the owner: the next one finds its factors, too.
func (m *CurveMachine) level() (l Level, left uint64) {
	done := m.effort.max(m.owner)
	for range maxSkips {
		l, left = m.c.Levels.Next(done)
		if m.timeOf(left, m.c.Levels.GroupTime(l.B1)) >= minTime {
			break
		}
		done = done.with(l.B1, left)
	}
	return l, left
}

// maxSkips bounds the levels that are skipped: there are 11.
const maxSkips = 16

// timeOf predicts the time of so many curves on all slots.
func (m *CurveMachine) timeOf(curves uint64, group time.Duration) time.Duration {
	groups := float64((curves + GroupCurves - 1) / GroupCurves)
	return seconds(groups * group.Seconds() / float64(max(m.fleet.Slots, 1)))
}

// Bounds of the groups of a task.
const (
	maxGroups = 512 // the evidence of which fits into one yield
	// fastWorker is how many times faster than this machine a worker may be. A worker that is even faster takes the
	// next task sooner. The smaller it is, the less a worker can claim that has run nothing.
	fastWorker = 16
)

// groupsOfTask returns the groups of a task: more than a worker completes in its time.
func groupsOfTask(run, group time.Duration) uint64 {
	return min(max(uint64(fastWorker*run/group), 1), maxGroups)
}

// Progress is that of Conducted.
func (m *CurveMachine) Progress(now time.Time) Progress {
	p := Progress{Phase: m.phase, Tasks: m.fleet.Running, Workers: m.pace.workersAt(now), Curves: m.effort.curves()}
	done := m.effort.max(m.owner)
	p.Digits = m.c.Levels.Digits(done)
	if m.phase == Curving {
		l, left := m.level()
		p.Level, p.LevelDone = l, l.Curves-min(left, l.Curves)
		if p.Rate = m.pace.rate(); p.Rate > 0 {
			p.Left = seconds(float64(left) / p.Rate)
		}
	}
	return p
}
