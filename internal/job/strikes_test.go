package job

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// squares returns the result that worker would send for count numbers from first on.
func squares(worker string, first, count int) *task.Result {
	items := make([]task.Factorization, count)
	for i := range items {
		n := uint64(first + i)
		items[i].Factors = []task.Factor{{P: nat.New(n * n), Exp: 1, Status: task.Value}}
	}
	return &task.Result{Kind: task.KindSquare, Worker: worker, Items: items}
}

// spoilt returns the payload of such a result whose first answer is wrong.
func spoilt(worker string, first, count int) []byte {
	r := squares(worker, first, count)
	wrongFactor(r)
	return r.Encode()
}

// standing returns the strikes and the quarantine of a worker.
func (h *testFleet) standing(name string) fleet.Standing {
	h.t.Helper()
	list, err := h.Standings(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, s := range list {
		if s.Worker == name {
			return s
		}
	}
	return fleet.Standing{}
}

// queued submits a job of count numbers and returns once all its tasks are queued.
func (h *testFleet) queued(count int) *running {
	h.t.Helper()
	r := h.submit(h.Fleet, submission("j", text(0, count)))
	await(h.t, "all tasks", func() bool { return h.held(schema.StreamTasks, "j") == (count+42)/43 })
	await(h.t, "it is sealed", func() bool {
		j, err := h.Job(h.t.Context(), "j")
		return err == nil && j.State == task.Sealed
	})
	return r
}

// TestWrongResults: a wrong result is dropped and its range is requeued, for each watcher. It is one
// strike, however many watchers have seen it.
func TestWrongResults(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 1000
	a := h.submit(h.Fleet, submission("j", text(0, count)))
	<-a.id
	b := h.wait(h.other(), "j")
	c := h.wait(h.other(), "j")
	h.worker("faulty", makeFaulty(fleet.MaxStrikes-1, wrongFactor))
	s := a.clean()
	for _, r := range []*running{a, b, c} {
		r.clean()
		r.out.check(t, 0, count)
	}
	if s.Refused == 0 {
		t.Error("nothing was refused")
	}
	x := h.standing("faulty")
	if len(x.Strikes) != fleet.MaxStrikes-1 || x.Quarantined != nil {
		t.Fatalf("%+v", x)
	}
	if y := x.Strikes[0]; y.Job != "j" || y.Range == "" || y.Seq == 0 || time.Since(y.Time) > time.Minute || !strings.Contains(y.Reason, "not the square") {
		t.Errorf("%+v", y)
	}
	for _, y := range x.Strikes {
		if _, _, err := h.Result(t.Context(), y.Seq); !errors.Is(err, jetstream.ErrMsgNotFound) {
			t.Errorf("the result %d is still there: %v", y.Seq, err)
		}
	}
}

// TestQuarantine: a worker with three wrong results is stopped, and continues when it is released.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 2000
	a := h.queued(count)
	var l *faulty
	h.worker("faulty", func(s *puller.Client) worker.Outbox {
		l = &faulty{Client: s, spoil: wrongFactor}
		l.wrong.Store(1 << 40)
		return l
	})
	await(t, "the quarantine", func() bool { return h.standing("faulty").Quarantined != nil })
	if x := h.standing("faulty"); len(x.Strikes) != fleet.MaxStrikes || !strings.Contains(x.Reason, "did not verify") {
		t.Errorf("%+v", x)
	}
	if a.out.len() != 0 {
		t.Errorf("%d answers were printed", a.out.len())
	}
	stop := h.worker("honest", nil)
	if s := a.clean(); len(s.Workers) != 1 || s.Workers[0].Name != "honest" {
		t.Errorf("answers of %+v were taken", s.Workers)
	}
	a.out.check(t, 0, count)
	stop()

	sub := submission("k", text(0, count))
	b := h.submit(h.Fleet, sub)
	l.wrong.Store(0)
	if known, err := h.Release(t.Context(), "faulty"); err != nil || !known {
		t.Fatal(known, err)
	}
	if x := h.standing("faulty"); x.Quarantined != nil || len(x.Strikes) != 0 {
		t.Errorf("after the release: %+v", x)
	}
	b.clean()
	b.out.check(t, 0, count)
}

// TestRefusedUnread: results of a quarantined worker do not count, right or wrong, and do not
// end the job. Results that it stored before the quarantine count.
func TestRefusedUnread(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.queued(100) // a result that is stored before its input would be dropped
	h.put("FACTOR.results.j.0-43.w", squares("w", 0, 43).Encode())
	if known, err := h.Quarantine(t.Context(), "w", "it is hot\x1b[2J"); err != nil || known {
		t.Fatal(known, err)
	}
	if known, err := h.Quarantine(t.Context(), "w", "again"); err != nil || !known {
		t.Fatal(known, err)
	}
	if x := h.standing("w"); x.Reason != "it is hot [2J" {
		t.Errorf("the reason is %q", x.Reason)
	}
	h.put("FACTOR.results.j.43-43.w", squares("w", 43, 43).Encode())
	for range 2 * maxRefusals {
		h.put("FACTOR.results.j.86-14.w", spoilt("w", 86, 14))
		await(t, "it is dropped", func() bool { return h.held(schema.StreamResults, "j") == 1 })
	}
	// Its dead letters do not count either, even for numbers that are not queued.
	h.put("FACTOR.dead.j.99-1.w", (&task.Failure{Err: "forged"}).Encode())
	if err := h.PurgeQueue(t.Context(), "j"); err != nil {
		t.Fatal(err)
	}
	h.worker("honest", nil)
	s := r.clean()
	r.out.check(t, 0, 100)
	for _, x := range s.Workers {
		if x.Name == "w" && x.Verified != 43 || x.Name == "honest" && x.Verified != 57 {
			t.Errorf("%+v", x)
		}
	}
	if len(h.standing("w").Strikes) != 0 {
		t.Error("results that were not read have earned strikes")
	}
}

// TestBeyondRepair: if many workers are wrong about the same range, the job ends.
func TestBeyondRepair(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.queued(10)
	for i := range maxRefusals {
		w := fmt.Sprint("w", i)
		h.put("FACTOR.results.j.0-10."+w, spoilt(w, 0, 10))
	}
	if _, err := r.end(); !errors.Is(err, ErrBeyondRepair) {
		t.Errorf("%v", err)
	}
	if r.out.len() != 0 {
		t.Errorf("%d answers were printed", r.out.len())
	}
}

// TestBeyondRepairCounts: refused results of a quarantined worker are not counted.
func TestBeyondRepairCounts(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	r := h.queued(100)
	lie := func(w, at string, first, count int) {
		t.Helper()
		before := len(h.standing(w).Strikes)
		h.put("FACTOR.results.j."+at+"."+w, spoilt(w, first, count))
		await(t, "the strike", func() bool { return len(h.standing(w).Strikes) == before+1 })
		await(t, "it is dropped", func() bool { return h.held(schema.StreamResults, "j") == 0 })
	}
	for _, w := range []string{"v", "w"} {
		lie(w, "0-43", 0, 43)
		lie(w, "0-43", 0, 43)
	}
	lie("x", "43-43", 43, 43)
	lie("x", "86-14", 86, 14)
	lie("x", "0-43", 0, 43) // the fifth refused result of this range, and the third strike of x
	h.worker("honest", nil)
	r.clean()
	r.out.check(t, 0, 100)
}
