package fleet

import (
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A Composite is what the heartbeat of a worker says of a number that takes long: its owner is at work on a composite
// that other workers may help to sieve. All of it is a claim of that worker.
type Composite struct {
	Worker   string // the owner
	Job      string
	Position uint64
	Number   nat.Nat
	Left     time.Duration // as it predicts, of what it does now; 0 = unknown
	Budget   time.Duration // CPU time left of the number's budget; 0 = unknown, or there is no limit
	Cores    int           // at least 1
	B1, Done uint64        // of the curves that it runs: the bound, and how many it has done; 0 = it runs none
}

// maxSieveSlots is how many slots count of one worker, all its processes together. With one key it may send 256
// heartbeats of 4096 slots each.
const maxSieveSlots = 256

// Composites returns the composites that running workers name, except those workers that bad rejects.
func (r *Registry) Composites(bad func(worker string) bool) (list []Composite) {
	for _, s := range r.runningWorkers(bad) {
		for _, a := range s.Activities {
			var n nat.Nat
			if a.Composite == "" || n.UnmarshalText([]byte(a.Composite)) != nil || task.IsChildID(a.Job) {
				continue
			}
			c := Composite{
				Worker: s.Name, Job: a.Job, Position: a.Position, Number: n,
				Left: a.Left, Budget: a.Budget, Cores: a.Cores,
			}
			if a.Method == "ecm" {
				c.B1, c.Done = a.B1, a.Done
			}
			list = append(list, c)
		}
	}
	return list
}

// SieveSlots counts the slots of running workers, as they say of themselves. What is said of sieving holds for curves
// as well: see CurveSlots.
type SieveSlots struct {
	// All may sieve: without those that compute a number for long.
	All int
	// Idle are those of All that have no task now, or one of a campaign.
	Idle int
	// Old workers have slots too, and cannot sieve, or not with this program: they are of another version. They say so.
	Old       int
	OldWorker string         // one of them
	Plain     bool           // workers are alive that sieve, and drop tasks with task.PartSchema: they state no revision
	Of        map[string]int // All by worker
}

// SieveSlots counts the slots of running workers, except those workers that bad rejects: at most maxSieveSlots of each.
func (r *Registry) SieveSlots(bad func(worker string) bool) (n SieveSlots) {
	return r.slotsOf(bad, func(s *worker.Status) bool { return s.SievesAs(task.SieveRevision) })
}

// CurveSlots is SieveSlots for campaigns of curves.
func (r *Registry) CurveSlots(bad func(worker string) bool) (n SieveSlots) {
	return r.slotsOf(bad, func(s *worker.Status) bool { return s.ECM })
}

// slotsOf counts the slots of running workers; able says which ones may work for a campaign.
func (r *Registry) slotsOf(bad func(worker string) bool, able func(*worker.Status) bool) (n SieveSlots) {
	n.Of = make(map[string]int)
	for _, s := range r.runningWorkers(bad) {
		slots := min(max(0, s.Slots-s.Lost), maxSieveSlots-n.Of[s.Name])
		if !able(&s) {
			if n.Old += slots; slots > 0 {
				n.OldWorker = s.Name
			}
			continue
		}
		n.Plain = n.Plain || s.Sieve == 0
		long, sieves := 0, 0
		for _, a := range s.Activities {
			if !task.IsChildID(a.Job) {
				long++
			}
		}
		for _, name := range s.Holding {
			if a, ok := worker.ParseTaskName(name); ok && task.IsChildID(a.Job) {
				sieves++
			}
		}
		busy := max(s.Busy, len(s.Holding)) - sieves
		n.Of[s.Name] += max(0, slots-long)
		n.All += max(0, slots-long)
		n.Idle += max(0, slots-max(busy, long))
	}
	return n
}

// HeldName returns the name of a task in heartbeats: the keys of HeldOf.
func HeldName(at task.Address) string { return worker.TaskName(at) }

// SieveFailures returns how many sieve tasks have failed at the workers that are alive, by name, as they say. Workers of a
// version that does not say it are left out.
func (r *Registry) SieveFailures() map[string]uint64 {
	failures := make(map[string]uint64)
	for _, s := range r.Workers() {
		if s.Sieve > 0 {
			failures[s.Name] += s.SieveFailures
		}
	}
	return failures
}

// runningWorkers returns the workers that take tasks, except those that bad rejects; bad may be nil.
func (r *Registry) runningWorkers(bad func(worker string) bool) (list []worker.Status) {
	for _, s := range r.Workers() {
		if s.State == worker.StateRunning && (bad == nil || !bad(s.Name)) {
			list = append(list, s)
		}
	}
	return list
}
