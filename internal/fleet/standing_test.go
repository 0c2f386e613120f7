package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func strikeAt(seq uint64) Strike {
	return Strike{Time: time.Now(), Job: "j", Range: "0-43", Seq: seq, Reason: "wrong"}
}

// TestStrikes: a result is one strike, however many processes have seen it, and the third strike
// quarantines its worker.
func TestStrikes(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	stop := h.station("w")
	ordered := make(chan struct{}, 100)
	if err := stop.Listen(t.Context(), puller.Orders{Quarantine: func() { ordered <- struct{}{} }}); err != nil {
		t.Fatal(err)
	}
	if err := stop.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	var watchers []*Trust
	for range 4 {
		x, err := h.open(h.connect()).Trust(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		watchers = append(watchers, x)
	}
	for seq := uint64(10); seq < 10+MaxStrikes; seq++ {
		if watchers[0].Refuses("w", seq) || watchers[0].Quarantined("w") {
			t.Fatalf("quarantined before strike %d", seq)
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		written := 0
		for _, x := range watchers {
			group.Go(func() {
				s, fresh, err := x.Strike(t.Context(), "w", strikeAt(seq))
				if err != nil || len(s.Strikes) != int(seq-9) && s.Quarantined == nil {
					t.Errorf("%+v, %v", s, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if fresh {
					written++
				}
			})
		}
		group.Wait()
		if written != 1 {
			t.Errorf("a result is %d strikes", written)
		}
	}
	<-ordered
	for _, x := range watchers {
		await(t, "everybody knows", func() bool { return x.Quarantined("w") })
		if x.Refuses("w", 12) || !x.Refuses("w", 13) || x.Refuses("v", 13) {
			t.Error("the wrong results are refused")
		}
	}
	if s, fresh, err := watchers[1].Strike(t.Context(), "w", strikeAt(99)); fresh || err != nil || len(s.Strikes) != MaxStrikes {
		t.Errorf("one strike more: %+v, %v", s, err)
	}

	h.put("FACTOR.results.j.0-1.v", nil)
	h.put("FACTOR.results.j.1-1.v", nil)
	if known, err := h.Release(t.Context(), "w"); !known || err != nil {
		t.Fatal(known, err)
	}
	for _, x := range watchers {
		await(t, "everybody knows", func() bool { return !x.Quarantined("w") })
		if _, fresh, _ := x.Strike(t.Context(), "w", strikeAt(2)); fresh {
			t.Error("what was forgiven is held against it")
		}
	}
	if list, err := h.Standings(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if known, err := h.Release(t.Context(), "w"); !known || err != nil {
		t.Error("a worker that was released before is not known:", err)
	}
	if known, err := h.Release(t.Context(), "unknown"); known || err != nil {
		t.Error(known, err)
	}
	for _, f := range []func() error{
		func() error { _, err := h.Release(t.Context(), "a.b"); return err },
		func() error { _, err := h.Quarantine(t.Context(), "*", ""); return err },
	} {
		if f() == nil {
			t.Error("a name that is none was accepted")
		}
	}
}

// TestRemind: a worker that has missed its quarantine or release is told, but not too often.
func TestRemind(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	if _, err := h.Quarantine(t.Context(), "w", ""); err != nil {
		t.Fatal(err)
	}
	w := h.station("w") // starts later
	heard := make(chan string, 10)
	err := w.Listen(t.Context(), puller.Orders{Quarantine: func() { heard <- "quarantine" }, Release: func() { heard <- "release" }})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	say := func(state string) {
		t.Helper()
		if err := w.Beat(worker.Status{Stats: worker.Stats{State: state}}); err != nil {
			t.Fatal(err)
		}
		await(t, "the heartbeat", func() bool {
			list, err := h.Workers(t.Context())
			return err == nil && len(list) == 1 && list[0].State == state
		})
	}
	h.remindEvery = 0
	remind := func() {
		t.Helper()
		if err := trust.Remind(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := h.nc.Publish(schema.CancelPrefix+"end", nil); err != nil {
			t.Fatal(err)
		}
	}
	say(worker.StateRunning)
	remind()
	if got := <-heard; got != "quarantine" {
		t.Errorf("heard %s", got)
	}
	say(worker.StateQuarantined)
	remind()
	if _, err := h.Release(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != "release" {
		t.Errorf("heard %s", got)
	}
	await(t, "the news", func() bool { return !trust.Quarantined("w") })
	remind() // its last heartbeat says that it has not heard
	if got := <-heard; got != "release" {
		t.Errorf("heard %s", got)
	}
	h.remindEvery = time.Hour
	for range 3 { // other jobs of this process call it too
		remind()
	}
	if err := h.order(schema.QuarantinePrefix + "w"); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != "quarantine" {
		t.Errorf("heard %s although the worker was reminded a moment ago", got)
	}
}

// TestManyNames: at most maxStandings workers get a key.
func TestManyNames(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxStandings + 50 {
		if _, _, err := trust.Strike(t.Context(), fmt.Sprint("w", i), strikeAt(uint64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	list, err := h.Standings(t.Context())
	if err != nil || len(list) != maxStandings {
		t.Errorf("%d, %v", len(list), err)
	}
	if _, fresh, err := trust.Strike(t.Context(), "w0", strikeAt(5000)); !fresh || err != nil {
		t.Error("who is known gets no strike any more:", err)
	}
}

// TestHostileStanding: a standing that cannot be decoded is overwritten.
func TestHostileStanding(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	for i, value := range []string{"", "[]", `{"strikes":7}`, `{"quarantined":"yes"}`, strings.Repeat(" ", maxStandingSize) + `{"quarantined":"2026-01-01T00:00:00Z"}`} {
		name := fmt.Sprint("w", i)
		if _, err := h.jobs.Put(t.Context(), standingPrefix+name, []byte(value)); err != nil {
			t.Fatal(err)
		}
		trust, err := h.Trust(t.Context())
		if err != nil || trust.Quarantined(name) {
			t.Fatalf("%.30q: %v", value, err)
		}
		if s, fresh, err := trust.Strike(t.Context(), name, strikeAt(1)); !fresh || err != nil || len(s.Strikes) != 1 {
			t.Errorf("%.30q: %+v, %v", value, s, err)
		}
	}
	if list, err := h.Jobs(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestForgedAdvisory: nobody but the server can say that a task is exhausted.
func TestForgedAdvisory(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Minute})
	j, _ := h.job("j", task.ClassNorm, 100)
	for i := range uint64(10) {
		h.queue(j, task.Range{First: i, Count: 1})
	}
	h.queue(j, task.Range{First: 50, Count: 10})
	held := pullAll(t, h.station("w"), 3)
	for seq := range uint64(14) {
		for range 2 {
			h.put(schema.AdvisoryPrefix+schema.Durable(task.ClassNorm), fmt.Appendf(nil, `{"stream_seq":%d,"deliveries":3}`, seq))
		}
	}
	h.put(schema.AdvisoryPrefix+"x", []byte("{"))
	background(t, h.Sweep)
	await(t, "all advisories are dealt with", func() bool { return len(h.subjects(schema.StreamReturns)) == 0 })
	if dead := h.subjects(schema.StreamDead); len(dead) != 0 {
		t.Errorf("dead letters: %v", dead)
	}
	if got := h.ranges("j"); got != "0-1 1-1 2-1 3-1 4-1 5-1 6-1 7-1 8-1 9-1 50-10" {
		t.Errorf("queued: %s", got)
	}
	ack(t, held)
}

func FuzzStanding(f *testing.F) {
	now := time.Now()
	s := Standing{Worker: "w", Quarantined: &now, After: 7}
	s.strike(strikeAt(3))
	f.Add(s.encode())
	f.Add([]byte(`{"strikes":[{},{},{},{"reason":"\u001b[2J\u202e"}],"quarantined":"0000-01-01T00:00:00+23:59"}`))
	f.Add([]byte(`{"strikes":[{"time":"0000-01-01T0:00:00+24:00"}],"quarantined":"0000-01-01T0:00:00+24:00"}`))
	f.Add([]byte(`{"complaints":{"return dropped":18446744073709551615,"":3,"made up":1,"failure refuted":0}}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := decodeStanding("w", b)
		if s.Worker != "w" || len(s.Strikes) > MaxStrikes || len(s.Reason) > maxReason || s.Reason != task.OneLine(s.Reason) || len(s.Complaints) > len(complaintKinds) {
			t.Fatalf("%+v", s)
		}
		again := s.encode()
		if same := decodeStanding("w", again); !bytes.Equal(same.encode(), again) {
			t.Errorf("%s\nbecomes\n%s", again, same.encode())
		}
		quarantined, before := s.Quarantined != nil, len(s.Strikes)
		if s.strike(strikeAt(1 << 50)); len(s.Strikes) > max(MaxStrikes, before) || quarantined && len(s.Strikes) != before {
			t.Errorf("%+v", s)
		}
	})
}

func FuzzStatus(f *testing.F) {
	b, err := json.Marshal(worker.Status{Host: "h", Started: time.Now(), Stats: worker.Stats{State: worker.StateRunning, Slots: 2}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("w.1", b)
	f.Add("w.1", []byte(`{"host":"\u001b]0;x\u0007","slots":-1,"busy":1e9,"seen":"9999-12-31T23:59:59-23:59"}`))
	f.Add("w.1", []byte(`{"started":"0000-01-01T0:00:00+24:00","seen":"0000-01-01T0:00:00+24:00"}`))
	f.Add("w.1.2", []byte("{}"))
	f.Fuzz(func(t *testing.T, key string, b []byte) {
		s, ok := decodeStatus(key, b)
		if !ok {
			return
		}
		if key != s.Name+"."+s.Instance || s.Slots < 0 || s.Slots > maxSlots || s.Host != task.OneLine(s.Host) || len(s.State) > maxReason {
			t.Errorf("%q: %+v", key, s)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Error(err)
		}
	})
}

// TestLateStrike: a process that has written a strike, and learns of its own change after that of the
// worker's release, knows the release.
func TestLateStrike(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	quarantine := func(s *Standing) bool { now := time.Now(); s.Quarantined = &now; return true }
	written, _, err := h.changeStanding(t.Context(), "w", quarantine)
	if err != nil {
		t.Fatal(err)
	}
	trust.learn(written)
	if !trust.Quarantined("w") {
		t.Error("a quarantine is not known at once")
	}
	if _, err := h.Release(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	await(t, "the release is known", func() bool { return !trust.Quarantined("w") })
	trust.learn(written)
	if trust.Quarantined("w") {
		t.Error("the release was forgotten")
	}
}
