package fleet

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Bounds of a roster. A hostile worker can make up instances but, with credentials, no names. So each name
// has a fair share of the roster, and heartbeats of one worker never displace those of another one below its
// share:
//
//	share = max(1, maxPresent / names that are present)
const (
	maxInstances = 256  // heartbeats of a name
	maxPresent   = 4096 // heartbeats in all
	maxNames     = 4096 // names that are remembered
)

// A roster has the last heartbeats of the processes that are alive, within bounds. It has no clock and no
// lock: callers pass the time, and call one method at a time.
type roster struct {
	names   map[string]*namesake
	present int // heartbeats in all
	// tasks has, by job and task, the processes whose last heartbeat names the task.
	tasks map[string]map[string]map[*presence]bool
}

// A namesake has the processes of one name. It stays after the last one has left, until another name needs
// its place.
type namesake struct {
	present map[string]*presence // by instance
	last    time.Time            // when the last heartbeat arrived
	dropped int                  // heartbeats that were not read because the name has too many
	history                      // of its attempts
}

// A presence is the last heartbeat of a process.
type presence struct {
	status  worker.Status
	message revision
	arrived time.Time
	since   map[string]time.Time // by task: when a heartbeat first named it, without interruption since
}

// A beat is what the bucket has under a key: a heartbeat, or the marker that its process has left.
type beat struct {
	key   string // "<name>.<instance>"
	value []byte
	left  bool
	revision
}

// A revision tells messages of a key apart, even if the stream was created again meanwhile.
type revision struct {
	seq     uint64
	created time.Time // the server's time
}

func newRoster() *roster {
	return &roster{names: make(map[string]*namesake), tasks: make(map[string]map[string]map[*presence]bool)}
}

// put takes what is stored under a key. fresh is false if that is known already, or the key is invalid. crowded:
// it was not decoded, because its name has maxInstances others.
func (r *roster) put(b beat, now time.Time) (fresh, crowded bool) {
	name, instance, ok := cutKey(b.key)
	if !ok {
		return false, false
	}
	n := r.name(name)
	if n == nil {
		return true, false
	}
	if process, ok := strings.CutSuffix(instance, schema.BegunSuffix); ok {
		n.begin(process, b, now)
		return false, false
	}
	p := n.present[instance]
	if p != nil && p.message == b.revision {
		return false, false
	}
	if b.left {
		n.end(instance, p, task.SeenLeft)
		r.remove(n, p)
		return true, false
	}
	if p == nil && !r.makeRoom(n) {
		n.last = now
		n.dropped++
		return true, len(n.present) >= maxInstances
	}
	if s, ok := decodeStatus(b.key, b.value); ok {
		s.Seen = b.created
		r.update(n, instance, p, s)
		p = n.present[instance]
		n.takeBegun(instance) // it has survived that
		r.hold(p, s.Holding, now)
		p.message, p.arrived, n.last = b.revision, now, now
	}
	return true, false
}

// update replaces the status of a process; p is nil for a new one.
func (r *roster) update(n *namesake, instance string, p *presence, s worker.Status) {
	if p == nil {
		p = new(presence)
		n.present[instance] = p
		r.present++
	}
	p.status = s
}

// name returns the entry of a name, a new one if it has none. It forgets the name that was seen longest ago if
// there are too many, and returns nil if all are present.
func (r *roster) name(name string) *namesake {
	n := r.names[name]
	if n != nil {
		return n
	}
	if len(r.names) >= maxNames {
		oldest := ""
		for other, m := range r.names {
			if len(m.present) == 0 && (oldest == "" || m.last.Before(r.names[oldest].last)) {
				oldest = other
			}
		}
		if oldest == "" {
			return nil
		}
		delete(r.names, oldest)
	}
	n = &namesake{present: make(map[string]*presence)}
	r.names[name] = n
	return n
}

// makeRoom reports whether another process of a name has room. If the roster is full and the name has less
// than its share, the name with most processes loses one: some name then has more than its share.
func (r *roster) makeRoom(n *namesake) bool {
	if len(n.present) >= maxInstances {
		return false
	}
	if r.present < maxPresent {
		return true
	}
	names, most := 1, n
	for _, m := range r.names {
		if len(m.present) > 0 {
			names++
		}
		if len(m.present) > len(most.present) {
			most = m
		}
	}
	if len(n.present) >= max(1, maxPresent/names) || len(most.present) <= len(n.present)+1 {
		return false
	}
	for _, p := range most.present {
		r.remove(most, p)
		most.dropped++
		return true
	}
	return false
}

// hold replaces the tasks that p names.
func (r *roster) hold(p *presence, names []string, now time.Time) {
	since := make(map[string]time.Time, len(names))
	for _, name := range names {
		began, known := p.since[name]
		if !known {
			began = now
			r.index(p, name)
		}
		since[name] = began
	}
	for name := range p.since {
		if _, still := since[name]; !still {
			r.unindex(p, name)
		}
	}
	p.since = since
}

func (r *roster) index(p *presence, name string) {
	job := jobOf(name)
	if r.tasks[job] == nil {
		r.tasks[job] = make(map[string]map[*presence]bool)
	}
	if r.tasks[job][name] == nil {
		r.tasks[job][name] = make(map[*presence]bool)
	}
	r.tasks[job][name][p] = true
}

func (r *roster) unindex(p *presence, name string) {
	job := jobOf(name)
	if delete(r.tasks[job][name], p); len(r.tasks[job][name]) == 0 {
		delete(r.tasks[job], name)
	}
	if len(r.tasks[job]) == 0 {
		delete(r.tasks, job)
	}
}

// remove forgets a process; p may be nil.
func (r *roster) remove(n *namesake, p *presence) {
	if p != nil {
		r.hold(p, nil, time.Time{})
		delete(n.present, p.status.Instance)
		r.present--
	}
}

// expire forgets the processes that have sent no heartbeat for schema.WorkerTTL.
func (r *roster) expire(now time.Time) {
	for _, n := range r.names {
		for _, p := range n.present {
			if now.Sub(p.arrived) > schema.WorkerTTL {
				n.end(p.status.Instance, p, task.SeenSilent)
				r.remove(n, p)
			}
		}
		n.expire(now)
	}
}

// list returns the statuses of all processes, by name and instance.
func (r *roster) list() []worker.Status {
	list := make([]worker.Status, 0, r.present)
	for _, n := range r.names {
		for _, p := range n.present {
			list = append(list, p.status)
		}
	}
	slices.SortFunc(list, func(a, b worker.Status) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Instance, b.Instance))
	})
	return list
}

// holders returns the processes that name a task, the first one first.
func (r *roster) holders(name string) []Holder {
	var list []Holder
	for p := range r.tasks[jobOf(name)][name] {
		list = append(list, Holder{p.status.Name, p.status.Instance, p.since[name]})
	}
	slices.SortFunc(list, func(a, b Holder) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Worker, b.Worker), cmp.Compare(a.Instance, b.Instance))
	})
	return list
}

// jobOf returns the job of a task's name.
func jobOf(name string) string {
	job, _, _ := strings.Cut(name, ".")
	return job
}
