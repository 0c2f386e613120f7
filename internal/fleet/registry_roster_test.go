package fleet

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/worker"
)

// A script puts heartbeats into a roster.
type script struct {
	*roster
	now time.Time
	seq uint64
}

func newScript() *script { return &script{roster: newRoster(), now: time.Now()} }

// beat puts a heartbeat that names tasks, and returns what put returns.
func (s *script) beat(key string, holding ...string) (fresh, crowded bool) {
	s.seq++
	b, err := worker.Status{Stats: worker.Stats{Slots: len(holding)}, Holding: holding}.Encode(schema.MaxStatusSize)
	if err != nil {
		panic(err)
	}
	return s.put(beat{key, b, false, revision{s.seq, s.now}}, s.now)
}

func (s *script) count(name string) int {
	if n := s.names[name]; n != nil {
		return len(n.present)
	}
	return 0
}

// TestRosterShares: a name has at most 256 processes. A full roster has room for a name with less than its share.
func TestRosterShares(t *testing.T) {
	t.Parallel()
	s := newScript()
	for i := range 300 {
		if _, crowded := s.beat(fmt.Sprint("hostile.", i)); crowded != (i >= maxInstances) {
			t.Fatalf("heartbeat %d: crowded is %v", i, crowded)
		}
	}
	if c := s.crowds(); len(c) != 1 || c[0] != (Crowd{"hostile", 300, maxInstances}) {
		t.Errorf("crowds %v", c)
	}
	for name := range 20 {
		for i := range 300 {
			s.beat(fmt.Sprintf("crowd%d.%d", name, i))
		}
	}
	if s.present != maxPresent {
		t.Errorf("%d are present", s.present)
	}
	for name := range 40 {
		for i := range 3 {
			s.beat(fmt.Sprintf("honest%d.%d", name, i))
		}
	}
	present := 0
	for name, n := range s.names {
		present += len(n.present)
		if len(n.present) < 3 {
			t.Errorf("%s has %d processes", name, len(n.present))
		}
	}
	if present != maxPresent || s.present != maxPresent {
		t.Errorf("%d are present, %d are counted", present, s.present)
	}
}

// TestRosterOfStrangers: a client that makes up names does not fill the memory.
func TestRosterOfStrangers(t *testing.T) {
	t.Parallel()
	s := newScript()
	for i := range 2 * maxNames {
		s.now = s.now.Add(10 * time.Millisecond)
		s.beat(fmt.Sprintf("stranger%d.i", i), fmt.Sprintf("j.%d-1.0", i))
		if i%1000 == 0 {
			s.expire(s.now)
		}
	}
	s.expire(s.now)
	if len(s.names) > maxNames || s.present > 30_000/10+1 || len(s.tasks["j"]) != s.present {
		t.Errorf("%d names, %d are present, %d tasks", len(s.names), s.present, len(s.tasks["j"]))
	}
	if s.count(fmt.Sprint("stranger", 2*maxNames-1)) != 1 {
		t.Error("the last one is missing")
	}
}

// TestRosterHolders: since when a process has named a task, through renewals, repetitions and its end.
func TestRosterHolders(t *testing.T) {
	t.Parallel()
	s := newScript()
	began := s.now
	s.beat("a.1", "j.0-1.0", "j.1-1.0")
	s.now = s.now.Add(10 * time.Second)
	s.beat("b.1", "j.0-1.0")
	s.beat("a.1", "j.0-1.0")
	h := s.holders("j.0-1.0")
	if len(h) != 2 || h[0] != (Holder{"a", "1", began}) || h[1] != (Holder{"b", "1", s.now}) || len(s.holders("j.1-1.0")) != 0 || len(s.tasks["j"]) != 1 {
		t.Errorf("%v, %v", h, s.tasks)
	}
	s.now = s.now.Add(10 * time.Second)
	s.beat("a.1")
	s.beat("a.1", "j.0-1.0") // again, after an interruption
	if h := s.holders("j.0-1.0"); h[0].Worker != "b" || h[1].Since != s.now {
		t.Errorf("%v", h)
	}
	// What a new watch brings once more is no renewal; what a new stream has under the same sequence is one.
	old := beat{"b.1", []byte(`{"slots":1,"holding":["j.0-1.0"]}`), false, revision{2, began.Add(10 * time.Second)}}
	s.now = began.Add(schema.WorkerTTL + 9*time.Second)
	if fresh, _ := s.put(old, s.now); fresh {
		t.Error("a repeated heartbeat is fresh")
	}
	old.created = old.created.Add(time.Second)
	if fresh, _ := s.put(old, s.now); !fresh {
		t.Error("a heartbeat of a new stream is not fresh")
	}
	s.now = s.now.Add(schema.WorkerTTL)
	s.expire(s.now)
	if h := s.holders("j.0-1.0"); len(h) != 1 || h[0].Worker != "b" || s.present != 1 {
		t.Errorf("%v", h)
	}
	s.put(beat{"b.1", nil, true, revision{99, s.now}}, s.now)
	if s.present != 0 || len(s.tasks) != 0 || len(s.names) != 2 {
		t.Errorf("b has left: %+v", s.roster)
	}
	for _, key := range []string{"", "a", "A.1", "a.", ".1", "a.1.2", "a.*"} {
		s.beat(key)
	}
	if s.present != 0 || len(s.names) != 2 {
		t.Errorf("invalid keys: %+v", s.roster)
	}
}

// TestHoldingIsBounded: a heartbeat holds at most worker.HoldingPerSlot tasks for each of its slots, and only what
// names a task.
func TestHoldingIsBounded(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 2*worker.HoldingPerSlot + 1 {
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("j.%d-1.0", i)))
	}
	for text, want := range map[string]int{
		`{"slots":2,"holding":[` + strings.Join(names, ",") + `]}`:               2 * worker.HoldingPerSlot,
		`{"slots":9,"holding":["j.0-1.0",".1-1.0","x",".0-1","j.0-1.0.1","",3]}`: -1,
		`{"slots":9,"holding":["j.0-1.0",".1-1.0","x",".0-1","j.0-1.0.1",""]}`:   2,
		`{"slots":-1,"holding":["j.0-1.0"]}`:                                     0,
		`{"holding":["j.0-1.0"]}`:                                                0,
		`{"slots":99999999,"holding":null}`:                                      0,
	} {
		s, ok := decodeStatus("w.i", []byte(text))
		if ok != (want >= 0) || ok && len(s.Holding) != want {
			t.Errorf("%s: %v, %q", text, ok, s.Holding)
		}
	}
}

// TestOtherAlive: another worker counts for as long as the caller says after its last heartbeat, unless it is bad. A
// process that has just begun to watch, or was cut off, assumes that there was one.
func TestOtherAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := true
		s := newScript()
		r := &Registry{roster: s.roster, ackWait: time.Minute, connected: func(uint64) bool { return up }}
		r.watch.begin(time.Now(), true)
		hear := func() { s.now, r.watch.heard = time.Now(), time.Now() }
		s.beat("b.1")
		check := func(when string, name string, within time.Duration, bad string, want bool) {
			t.Helper()
			if got := r.OtherAlive(name, within, func(w string) bool { return w == bad }); got != want {
				t.Errorf("%s: %v", when, got)
			}
		}
		check("at the start", "b", 0, "", true)
		time.Sleep(2*time.Minute - time.Second)
		check("just before two ack waits", "b", 0, "", true)
		time.Sleep(time.Second)
		hear()
		check("only itself", "b", time.Hour, "", false)
		check("another one long ago", "a", time.Minute, "", false)
		check("another one within the time", "a", 2*time.Minute, "", true)
		check("another one that is bad", "a", time.Hour, "b", false)
		if !r.OtherAlive("a", time.Hour, nil) {
			t.Error("without a function")
		}
		if len(r.Workers()) != 0 {
			t.Errorf("%+v", r.Workers())
		}
		up = false
		time.Sleep(schema.WorkerTTL)
		check("cut off for a short time", "a", 0, "", false)
		time.Sleep(time.Second)
		check("cut off for long", "a", 0, "", true)
		up = true
		r.watch.begin(time.Now(), true)
		check("just reconnected", "a", 0, "", true)
		time.Sleep(2 * time.Minute)
		hear()
		check("long reconnected", "a", 0, "", false)
	})
}

// TestObserved: a new watch within the life of a heartbeat misses none, and one that finds nothing new has missed none.
func TestObserved(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, x := range []struct {
		gap     time.Duration
		suspect bool
		want    time.Duration
	}{
		{schema.WorkerTTL, true, time.Hour + schema.WorkerTTL}, {schema.WorkerTTL + 1, true, 0}, {time.Hour, false, 2 * time.Hour},
	} {
		w := watchState{current: true, since: now.Add(-time.Hour), heard: now}
		w.begin(now.Add(x.gap), x.suspect)
		if got := w.observed(now.Add(x.gap), true); got != x.want {
			t.Errorf("%+v: observed for %v", x, got)
		}
	}
	if got := new(watchState).observed(now, true); got != 0 {
		t.Errorf("before the first watch: %v", got)
	}
}

// TestHoldersOf: the holders of a range are found in all its rounds, and cheaply, however many tasks a worker names.
func TestHoldersOf(t *testing.T) {
	s := newScript()
	for instance := range maxInstances {
		names := []string{fmt.Sprintf("j.5-1.%d", instance%2), "k.5-1.0", "j.5-10.0"}
		for i := range 200 {
			names = append(names, fmt.Sprintf("j.%d-1.0", 1000+200*instance+i))
		}
		s.beat(fmt.Sprint("hostile.", instance), names...)
	}
	r := &Registry{roster: s.roster, swept: time.Now()}
	if list := r.holdersOf("j", single(5)); len(list) != maxInstances {
		t.Errorf("%d holders", len(list))
	}
	const calls = 10
	began := time.Now()
	for range calls {
		r.holdersOf("j", single(6))
	}
	t.Logf("%d tasks are named, %v a call", len(s.tasks["j"]), time.Since(began)/calls)
	if n := testing.AllocsPerRun(1, func() { r.holdersOf("j", single(6)) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
}
