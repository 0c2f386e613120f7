package fleet

import (
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

const tenYears = 10 * 365 * 24 * time.Hour

// A stuckTest looks for stuck tasks of ClassNorm, with heartbeats and a clock of its own.
type stuckTest struct {
	*testFleet
	watch   *stuckWatch
	workers []worker.Status
	since   map[string]time.Time // of a task that is named
	now     time.Time
	missed  bool // heartbeats may have been missed
}

func newStuckTest(h *testFleet) *stuckTest {
	s := &stuckTest{testFleet: h, now: time.Now(), since: make(map[string]time.Time)}
	x, err := h.Failures(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	s.watch = newStuckWatch(x, task.ClassNorm, s, &stuckLog{link: h.link})
	s.alive("idle")
	return s
}

func (s *stuckTest) Workers() []worker.Status { return s.workers }

func (s *stuckTest) Holders(name string) (list []Holder) {
	for i := range s.workers {
		if w := &s.workers[i]; slices.Contains(w.Holding, name) {
			list = append(list, Holder{Worker: w.Name, Instance: w.Instance, Since: s.since[name]})
		}
	}
	return list
}

func (s *stuckTest) Observed() time.Duration {
	if s.missed {
		return 0
	}
	return 100 * 365 * 24 * time.Hour
}

// alive adds the heartbeat of a worker that names tasks.
func (s *stuckTest) alive(name string, tasks ...string) *worker.Status {
	s.workers = append(s.workers, worker.Status{
		Name: name, Instance: "i", Holding: tasks, Stats: worker.Stats{State: worker.StateRunning, Slots: 8, Busy: len(tasks)},
	})
	for _, text := range tasks {
		s.since[text] = s.now
	}
	return &s.workers[len(s.workers)-1]
}

// look looks after d.
func (s *stuckTest) look(d time.Duration) {
	s.t.Helper()
	s.now = s.now.Add(d)
	for more := true; more; {
		var err error
		if more, err = s.watch.step(s.t.Context(), s.now); err != nil {
			s.t.Fatal(err)
		}
	}
}

// observe looks four times, so that the tasks that are delivered now are unnamed for three times d.
func (s *stuckTest) observe(d time.Duration) {
	s.t.Helper()
	s.look(0) // notes what is delivered
	for range 4 {
		s.look(d)
	}
}

// running returns how many tasks the durable counts as delivered and not settled.
func (s *stuckTest) running() int {
	s.t.Helper()
	info, err := s.durable(s.t.Context(), task.ClassNorm)
	if err != nil {
		s.t.Fatal(err)
	}
	return info.NumAckPending
}

// rounds returns the ranges of job j that are queued, those in later rounds with a "+".
func (s *stuckTest) rounds() string {
	s.t.Helper()
	var list []string
	for _, subject := range s.subjects(schema.StreamTasks) {
		at, err := schema.ParseSubject("FACTOR." + subject)
		if err != nil {
			s.t.Fatal(err)
		}
		text := at.Range.String()
		if at.Round != task.FirstRound {
			text += "+"
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

// pieces returns the pieces of a range in a later round.
func pieces(r task.Range) (text string) {
	for _, p := range r.Pieces(attempt.Pieces(r.Count)) {
		text += p.String() + "+ "
	}
	return strings.TrimSpace(text)
}

// TestStuckNak: tasks that a worker has delayed by ten years, or took and keeps alive, are queued again
// and count as running no more. A task that a heartbeat names stays, and one that was never delivered.
func TestStuckNak(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 30)
	for _, r := range []task.Range{{First: 0, Count: 3}, single(3), single(4), single(5)} {
		h.queue(j, r)
	}
	w := h.station("liar")
	got := pullAll(t, w, 3)
	for _, d := range got[:2] {
		if err := d.Handle.NakWithDelay(t.Context(), tenYears); err != nil {
			t.Fatal(err)
		}
	}
	s := newStuckTest(h)
	s.alive("honest", "j.4-1.0")
	s.observe(70 * time.Second)
	if got, want := s.rounds(), pieces(task.Range{First: 0, Count: 3})+" 3-1+ 4-1 5-1"; got != want {
		t.Errorf("queued %s, want %s", got, want)
	}
	await(t, "only the named task runs", func() bool { return s.running() == 1 })
	if err := got[0].Handle.Ack(t.Context()); err != nil { // it has computed the task all the same
		t.Errorf("ack of a removed task: %v", err)
	}
	if n := s.running(); n != 1 {
		t.Errorf("%d run after a late ack", n)
	}
	text, _ := pull(t, h.station("w"), 10)
	if got := strings.Join(text, ", "); got != "norm j 5-1 1, norm j 0-1 1, norm j 1-1 1, norm j 2-1 1, norm j 3-1 2" {
		t.Errorf("pulled %s", got)
	}
}

// TestStuckOnce: what was queued again and waits for a worker is not stuck. A single number spends one
// delivery in each round, until it runs alone.
func TestStuckOnce(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 30)
	h.queue(j, single(3))
	s := newStuckTest(h)
	w := h.station("dying")
	for _, want := range []string{"1", "2", "3", "3"} {
		text, _ := pull(t, w, 1)
		if text[0] != "norm j 3-1 "+want {
			t.Fatalf("pulled %s, want attempt %s", text, want)
		}
		s.observe(70 * time.Second)
		queued := h.subjects(schema.StreamTasks)
		for range 20 {
			s.look(time.Hour)
		}
		if got := h.subjects(schema.StreamTasks); len(got) != 1 || got[0] != queued[0] || strings.HasSuffix(got[0], ".0") {
			t.Fatalf("queued %s, then %s", queued, got)
		}
	}
}

// TestStuckNobodyAlive: without a live worker nothing is queued again, and no request is made. The first
// worker that comes has two ack waits to take redeliveries.
func TestStuckNobodyAlive(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 30)
	h.queue(j, single(3))
	pull(t, h.station("dead"), 1)
	s := newStuckTest(h)
	s.look(0)
	s.look(30 * time.Second)
	s.look(30 * time.Second)
	workers := s.workers
	s.workers = nil
	before := h.nc.Stats().OutMsgs
	for range 10 {
		s.look(time.Hour)
	}
	if n := h.nc.Stats().OutMsgs - before; n > 0 {
		t.Errorf("%d messages", n)
	}
	s.workers = workers
	s.look(30 * time.Second)
	s.look(30 * time.Second)
	s.look(60 * time.Second)
	if got := s.rounds(); got != "3-1" {
		t.Errorf("queued %s", got)
	}
	s.look(70 * time.Second)
	if got := s.rounds(); got != "3-1+" {
		t.Errorf("queued %s in the end", got)
	}
}

// TestStuckEarlierVersion: workers whose heartbeats name no tasks may hold as many as they have busy slots,
// for four times as long. More tasks than that are stuck, those that were delivered first.
func TestStuckEarlierVersion(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassNorm, 30)
	for i := range 3 {
		h.queue(j, single(i))
	}
	pullAll(t, h.station("old"), 3)
	s := newStuckTest(h)
	s.alive("old").Busy = 2
	s.observe(70 * time.Second)
	if got := s.rounds(); got != "0-1+ 1-1 2-1" {
		t.Errorf("queued %s", got)
	}
	s.look(5 * time.Minute)
	if got := s.rounds(); got != "0-1+ 1-1 2-1" {
		t.Errorf("queued %s after 8 min", got)
	}
	s.look(70 * time.Second)
	if got := s.rounds(); got != "0-1+ 1-1+ 2-1+" {
		t.Errorf("queued %s after 10 min", got)
	}
}

// TestStuckDropped: a live worker that has stopped to name a task does not keep it by naming it now and
// then, and there is a complaint about it.
func TestStuckDropped(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(s *stuckTest, w *worker.Status, text string){
		"seen": func(s *stuckTest, w *worker.Status, text string) { // a look sees that it is not named
			w.Holding = nil
			s.look(20 * time.Second)
			w.Holding = []string{text}
		},
		"between looks": func(s *stuckTest, _ *worker.Status, text string) { s.since[text] = s.now },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{})
			if _, err := h.Trust(t.Context()); err != nil {
				t.Fatal(err)
			}
			j, _ := h.job("j", task.ClassNorm, 30)
			h.queue(j, single(3))
			pull(t, h.station("liar"), 1)
			s := newStuckTest(h)
			const text = "j.3-1.0"
			w := s.alive("liar", text)
			s.observe(70 * time.Second)
			if got := s.rounds(); got != "3-1" {
				t.Fatalf("queued %s while it is named", got)
			}
			for range maxDrops {
				again(s, w, text)
				s.look(20 * time.Second)
			}
			if got := s.rounds(); got != "3-1" {
				t.Fatalf("queued %s soon", got)
			}
			s.look(130 * time.Second)
			if got := s.rounds(); got != "3-1+" {
				t.Errorf("queued %s", got)
			}
			await(t, "the complaint", func() bool {
				x, err := h.standing(t.Context(), "liar")
				return err == nil && x.Complaints[ComplaintStuck] == 1
			})
		})
	}
}
