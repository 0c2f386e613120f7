package fleet

import (
	"encoding/json"
	"fmt"
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
