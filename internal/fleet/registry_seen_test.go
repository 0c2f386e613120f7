package fleet

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestAttemptsAreRemembered: a supervisor remembers the tasks that a process named when it fell silent or left, and
// those that a live process names.
func TestAttemptsAreRemembered(t *testing.T) {
	r, began, seq := newRoster(), time.Now(), uint64(0)
	at := func(s float64) time.Time { return began.Add(time.Duration(s * float64(time.Second))) }
	put := func(key string, when time.Time, s worker.Status) {
		b, _ := json.Marshal(s)
		seq++
		r.put(beat{key: key, value: b, revision: revision{seq, when}}, when)
	}
	announce := func(key string, when time.Time, name string) {
		seq++
		r.put(beat{key: key + schema.BegunSuffix, value: []byte(worker.BegunPrefix + name), revision: revision{seq, when}}, when)
	}
	const number, chunk = "j.70-1.5", "j.64-64.0"
	put("dies.a", at(0), worker.Status{Stats: worker.Stats{Slots: 1}, Holding: []string{chunk, "k.70-1.0", "j.71-1.0"}})
	put("dies.a", at(10), worker.Status{Stats: worker.Stats{Slots: 1}, Holding: []string{chunk}})
	put("leaves.a", at(20), worker.Status{Stats: worker.Stats{Slots: 1}, Holding: []string{number}})
	r.put(beat{key: "leaves.a", left: true, revision: revision{seq: 99}}, at(25))
	announce("sudden.a", at(39), number)
	r.expire(at(45))
	r.expire(at(70))
	announce("again.a", at(40), number)
	announce("lives.a", at(78), number)
	put("lives.a", at(79), worker.Status{Stats: worker.Stats{Slots: 1}, Holding: []string{number}})
	announce("lives.a", at(78), number) // seen once more
	announce("answers.a", at(60), number)
	put("answers.a", at(61), worker.Status{Stats: worker.Stats{Slots: 1}})
	announce("returns.a", at(75), number)
	r.put(beat{key: "returns.a", left: true, revision: revision{seq: 100, created: at(76)}}, at(76))

	got := ""
	for _, a := range r.attempts("j", task.Range{First: 70, Count: 1}, at(80), 30*time.Second) {
		got += fmt.Sprintf("%s %v.%s %v-%v %d\n", a.Worker, a.Range, a.Round, a.From.Sub(began), a.Until.Sub(began), a.End)
	}
	want := fmt.Sprintf("dies 64-64.0 0s-10s %d\nleaves 70-1.5 20s-20s %d\nsudden 70-1.5 39s-39s %d\nagain 70-1.5 40s-40s %d\nlives 70-1.5 1m19s-1m19s %d\n",
		task.SeenSilent, task.SeenLeft, task.SeenSilent, task.SeenSilent, task.SeenOpen)
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestSlotsAnnounce: an announcement names the tasks of all slots. A task stays known while the announcements name it,
// and is forgotten if a later one does not.
func TestSlotsAnnounce(t *testing.T) {
	r, began := newRoster(), time.Now()
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	const a, b, c = "j.70-1.0", "j.71-1.0", "j.72-1.0"
	put := func(s int, suffix, value string) {
		r.put(beat{key: "w.i" + suffix, value: []byte(value), revision: revision{uint64(s), at(s)}}, at(s))
	}
	put(1, schema.BegunSuffix, "begun "+a)
	put(2, schema.BegunSuffix, "begun "+b+" "+a)
	put(3, schema.BegunSuffix, "begun "+c+" bad "+a)
	seen := func(first uint64, s int) string {
		list := r.attempts("j", task.Range{First: first, Count: 1}, at(s), 30*time.Second)
		if len(list) == 0 {
			return ""
		}
		return fmt.Sprint(len(list), list[0].From.Sub(began), list[0].Until.Sub(began), list[0].End)
	}
	if got := []string{seen(70, 4), seen(71, 4), seen(72, 4)}; !slices.Equal(got, []string{"1 1s 3s 0", "", "1 3s 3s 0"}) {
		t.Errorf("announced: %q", got)
	}
	// A task may be given up an ack wait after it arrived, which is up to a third before it was announced.
	if got := []string{seen(70, 22), seen(70, 23)}; !slices.Equal(got, []string{"1 1s 3s 0", "1 1s 3s 1"}) {
		t.Errorf("given up soon: %q", got)
	}
	// The heartbeat of the process names a, which is not told twice.
	put(5, "", `{"slots":3,"holding":["`+a+`"]}`)
	put(6, schema.BegunSuffix, "begun "+c+" "+a)
	if got := []string{seen(70, 7), seen(72, 7)}; !slices.Equal(got, []string{"1 5s 5s 0", "1 6s 6s 0"}) {
		t.Errorf("after a heartbeat: %q", got)
	}
	r.expire(at(100))
	if got := []string{seen(70, 100), seen(72, 100)}; !slices.Equal(got, []string{"1 5s 5s 1", "1 6s 6s 1"}) {
		t.Errorf("silent: %q", got)
	}
	for i := range 1000 {
		put(101+i, fmt.Sprint(i, schema.BegunSuffix), "begun "+a+" "+b)
	}
	if n := len(r.names["w"].begun); n > maxInstances {
		t.Errorf("%d announced tasks are remembered", n)
	}
}

// TestAttemptsAreBounded: processes of one name that come and go do not fill the memory, and displace nothing of
// another name.
func TestAttemptsAreBounded(t *testing.T) {
	r, now := newRoster(), time.Now()
	leave := func(name string, i int) {
		b, _ := json.Marshal(worker.Status{Stats: worker.Stats{Slots: 4}, Holding: []string{"j.1-1.0", "j.2-1.0"}})
		key := fmt.Sprintf("%s.i%d", name, i)
		r.put(beat{key: key, value: b, revision: revision{seq: uint64(2*i + 1)}}, now)
		r.put(beat{key: key, left: true, revision: revision{seq: uint64(2*i + 2)}}, now)
	}
	leave("honest", 0)
	for i := range 1000 {
		leave("hostile", i)
	}
	if n := len(r.names["hostile"].ended); n != maxSeen {
		t.Errorf("%d ends are remembered", n)
	}
	list := r.attempts("j", task.Range{First: 1, Count: 1}, now, time.Minute)
	if len(list) != task.MaxSeen {
		t.Errorf("%d attempts", len(list))
	}
}
