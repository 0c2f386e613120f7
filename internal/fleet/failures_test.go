package fleet

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// known returns the Failures of the fleet once it has seen the heartbeats for long enough to know who is not alive.
func (h *testFleet) known() *Failures {
	h.t.Helper()
	x, err := h.Failures(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	await(h.t, "the registry was observed", func() bool { return x.registry.Observed() > 2*x.ackWait })
	return x
}

// beat sends a heartbeat of a running worker that was started then and names the tasks, and waits for it.
func (h *testFleet) beat(x *Failures, name string, started time.Time, tasks ...string) {
	h.t.Helper()
	w := h.station(name)
	s := worker.Status{Started: started, Stats: worker.Stats{State: worker.StateRunning, Slots: 2}, Holding: tasks}
	if err := w.Beat(s); err != nil {
		h.t.Fatal(err)
	}
	if err := w.nc.Flush(); err != nil {
		h.t.Fatal(err)
	}
	await(h.t, "the heartbeat", func() bool {
		for _, s := range x.registry.Workers() {
			if s.Name == name && s.Started.Equal(started) && len(s.Holding) == len(tasks) {
				return true
			}
		}
		return false
	})
}

// find is findOf for a number that all workers accept, of a job without a route.
func (x *Failures) find(ctx context.Context, j *task.Job, number task.Range) (*finding, error) {
	return x.findOf(ctx, j, nil, number)
}

// TestFindings: what the failure records of a number prove, by what is known of their workers.
func TestFindings(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	x := h.known()
	begun := (&task.Failure{Worker: "w", Attempt: 3, Time: time.Now()}).Encode()
	first := 0
	for _, test := range []struct {
		name    string
		records []string // after FACTOR.dead.j.<range>. or FACTOR.failed.j.<range>.
		then    func(number task.Range)
		want    attempt.Evidence
		do      attempt.Action
	}{
		{"nothing", nil, nil, attempt.Evidence{}, attempt.Requeue},
		{"two attempts", []string{"0.1.w", "0.2.w"}, nil, attempt.Evidence{}, attempt.Requeue},
		{"three at the only worker", []string{"0.1.w", "0.2.w", "0.3.w"}, nil,
			attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveLongAgo}, attempt.GiveUp},
		{"a letter and its last-attempt record", []string{"0.3.w", "w"}, nil,
			attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveLongAgo}, attempt.GiveUp},
		{"a letter alone", []string{"w"}, nil, attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveLongAgo}, attempt.GiveUp},
		{"a fourth attempt", []string{"0.4.w", "x.1.w"}, nil, attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveLongAgo}, attempt.GiveUp},
		{"two workers", []string{"0.3.w", "abc.3.w", "0.3.v"}, nil, attempt.Evidence{Failed: 3, Workers: 2, AtTwo: 1}, attempt.GiveUp},
		{"an attempt beside other tasks", []string{"0.3.w", "0.1.v", "0.2.v"}, nil,
			attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveLongAgo}, attempt.GiveUp},
		{"the other is quarantined", []string{"0.3.w", "bad", "0.3.bad"}, nil,
			attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveLongAgo}, attempt.GiveUp},
		{"quarantined", []string{"bad", "0.3.bad"}, nil, attempt.Evidence{}, attempt.Requeue},
		{"the sweeper's letter", []string{"sweeper"}, nil, attempt.Evidence{}, attempt.Requeue},
		// From here on, workers are alive.
		{"a quarantined worker is alive", []string{"w"}, func(task.Range) { h.beat(x, "bad", time.Now()) },
			attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveLongAgo}, attempt.GiveUp},
		{"its process still runs it", []string{"0.3.w"}, func(task.Range) { h.beat(x, "w", time.Now().Add(-time.Hour)) }, attempt.Evidence{}, attempt.Requeue},
		{"its process was started again", []string{"0.3.v", "0.1.v"}, func(task.Range) { h.beat(x, "v", time.Now().Add(time.Hour)) },
			attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveNow}, attempt.Requeue},
		{"its letter is stored, its process lives", []string{"0.3.w", "w"}, func(task.Range) { h.beat(x, "w", time.Now().Add(-time.Hour)) },
			attempt.Evidence{Failed: 1, Workers: 1, Others: attempt.AliveNow}, attempt.Requeue},
		{"two workers, a third computes it", []string{"a", "b"}, func(r task.Range) {
			h.beat(x, "w", time.Now(), "j."+r.String()+".abc", "j.0-1.0")
		}, attempt.Evidence{Failed: 2, Workers: 2, AtTwo: 1, Held: true}, attempt.Requeue},
		{"it fails everywhere, a third worker names it", []string{"0.3.a", "1.3.a", "2.3.a", "0.3.b", "1.3.b", "2.3.b"}, func(r task.Range) {
			h.beat(x, "w", time.Now(), "j."+r.String()+".abc", "j.0-1.0")
		}, attempt.Evidence{Failed: 6, Workers: 2, AtTwo: 3, Held: true}, attempt.GiveUp},
		{"a quarantined worker computes it", []string{"a", "b"}, func(r task.Range) {
			h.beat(x, "bad", time.Now(), "j."+r.String()+".abc")
		}, attempt.Evidence{Failed: 2, Workers: 2, AtTwo: 1}, attempt.GiveUp},
		{"one of them has died on it", []string{"a", "0.3.z"}, func(r task.Range) {
			h.beat(x, "z", time.Now().Add(time.Hour), "j."+r.String()+".0")
		}, attempt.Evidence{Failed: 2, Workers: 2, AtTwo: 1}, attempt.GiveUp},
	} {
		if test.name == "the other is quarantined" {
			if _, err := h.Quarantine(t.Context(), "bad", "test"); err != nil {
				t.Fatal(err)
			}
			await(t, "the quarantine", func() bool { return x.trust.Quarantined("bad") })
		}
		first++
		number := single(first)
		for _, at := range test.records {
			prefix := schema.DeadPrefix
			if strings.Contains(at, ".") {
				prefix = schema.FailedPrefix
			}
			h.put(prefix+"j."+number.String()+"."+at, begun)
		}
		if test.then != nil {
			test.then(number)
		}
		got, err := x.find(t.Context(), &task.Job{ID: "j"}, number)
		if err != nil {
			t.Fatal(err)
		}
		test.want.AckWait = time.Second
		if do := got.Decide().Action; got.Evidence != test.want || do != test.do {
			t.Errorf("%s: %+v: %v, want %+v: %v", test.name, got.Evidence, do, test.want, test.do)
		}
	}
}

// TestInstances: a last attempt has ended when its process is not alive, although another process of the same name is, which
// may be older. Records of earlier versions do not name the process.
func TestInstances(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Minute})
	now := h.now()
	x := &Failures{f: h.Fleet, ackWait: time.Minute}
	present := []worker.Status{
		{Name: "w", Instance: "old", Started: now.Add(-time.Hour), Seen: now},
		{Name: "w", Instance: "new", Started: now.Add(time.Hour), Seen: now},
		{Name: "v", Instance: "dead", Started: now.Add(-time.Hour), Seen: now}, // of another name: it proves nothing
	}
	for i, test := range []struct {
		instances string // of the writers of records
		runs      bool
	}{{"dead", false}, {"old", true}, {"new", true}, {"dead new", true}, {"dead gone", false}, {"-", true}, {"dead -", true}} {
		var c claims
		for attempt, instance := range strings.Fields(test.instances) {
			subject := schema.FailedPrefix + fmt.Sprintf("j.%d-1.%d.3.w", i, attempt)
			h.put(subject, (&task.Failure{Worker: "w", Instance: strings.Trim(instance, "-"), Attempt: 3, Time: now}).Encode())
			at, err := schema.ParseSubject(subject)
			if err != nil {
				t.Fatal(err)
			}
			c.records = append(c.records, at)
		}
		if got, err := x.runs(t.Context(), present, "w", &c); err != nil || got != test.runs {
			t.Errorf("records of %s: %v, %v", test.instances, got, err)
		}
	}
}

// TestAliveRecently: a number that has failed at one worker waits for another one that was alive a moment ago. A
// process that has just begun to watch does not know, and waits too.
func TestAliveRecently(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	h.put(schema.DeadPrefix+"j.1-1.w", failure("no"))
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	others := func() attempt.Alive {
		t.Helper()
		e, err := x.find(t.Context(), &task.Job{ID: "j"}, single(1))
		if err != nil {
			t.Fatal(err)
		}
		return e.Others
	}
	if got := others(); got != attempt.AliveRecently {
		t.Errorf("at the start: %v", got)
	}
	x = h.known()
	if got := others(); got != attempt.AliveLongAgo {
		t.Errorf("alone: %v", got)
	}
	v := h.station("v")
	if err := v.Beat(worker.Status{Stats: worker.Stats{State: worker.StateRunning}}); err != nil {
		t.Fatal(err)
	}
	await(t, "it is alive", func() bool { return others() == attempt.AliveNow })
	if err := v.Leave(); err != nil {
		t.Fatal(err)
	}
	await(t, "it has left", func() bool { return others() == attempt.AliveRecently })
	var log bytes.Buffer
	y := &Failures{f: &Fleet{link: &stream.Link{Log: zerolog.New(&log)}, dead: h.Fleet.dead}, ackWait: x.ackWait}
	e, err := x.find(t.Context(), &task.Job{ID: "j"}, single(1))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		y.logWait(t.Context(), &task.Job{ID: "j", Kind: "exec:resize"}, single(1), e)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"workers":["w"]`) || !strings.Contains(got, "no other was alive for 20 s") ||
		!strings.Contains(got, `"an item has failed`) || !strings.Contains(got, `"error":"no"`) {
		t.Errorf("the user reads %q", got)
	}
}

// TestWithdrawn: a worker that leaves during a last attempt returns the number. Its record, with that of a liar, does
// not give the number up, because the number has not failed there.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	j, _ := h.job("j", task.ClassNorm, 20)
	x := h.known()
	// Another sweep than that of the exhausted task: that one could decide about it twice, once with what follows.
	stop := background(t, h.Sweep)
	h.queue(j, single(17))
	first := h.subjects(schema.StreamTasks)
	h.exhaust(1, false)
	await(t, "the exhausted task is gone", func() bool {
		now := h.subjects(schema.StreamTasks)
		return len(now) == 1 && now[0] != first[0]
	})
	stop()
	background(t, h.Sweep)
	honest, liar := h.station("honest"), h.station("liar")
	var got []*worker.Delivery
	await(t, "the last attempt", func() bool { _, got = pull(t, honest, 1); return len(got) == 1 })
	last := got[0].Address
	holding := background(t, func(ctx context.Context) error { // however slowly the following goes, the attempt does not end
		for ; ctx.Err() == nil; stream.Sleep(ctx, 100*time.Millisecond) {
			got[0].Handle.InProgress()
		}
		return nil
	})
	h.record(honest, got[0])
	for _, attempt := range []int{1, 2} {
		if err := honest.Failed(t.Context(), last, attempt, failure("no")); err != nil {
			t.Fatal(err)
		}
	}
	if err := liar.Failed(t.Context(), last, schema.MaxDeliver, failure("a lie")); err != nil {
		t.Fatal(err)
	}
	if err := honest.Return(t.Context(), last, (&task.Return{Reason: task.Drained}).Encode()); err != nil {
		t.Fatal(err)
	}
	holding()
	ack(t, got)
	await(t, "it is queued again", func() bool { q := h.ranges("j"); return q == "17-1" })
	await(t, "the record is withdrawn", func() bool {
		e, err := x.find(t.Context(), &task.Job{ID: "j"}, single(17))
		return err == nil && e.Workers == 1 && e.workers["liar"] != nil
	})
	if left := h.subjects(schema.StreamDead); len(left) != 3 {
		t.Errorf("these records are left: %q", left)
	}
}

// TestUnseen: a process that has just begun to watch gives nothing up: it may not have seen the heartbeat of a
// worker that still runs the last attempt.
func TestUnseen(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: 5 * time.Second})
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.put(schema.DeadPrefix+"j.17-1.v", failure("no"))
	h.put(schema.DeadPrefix+"j.17-1.w", failure("no"))
	decide := func() attempt.Action {
		e, err := x.find(t.Context(), &task.Job{ID: "j"}, single(17))
		if err != nil {
			t.Fatal(err)
		}
		return e.Decide().Action
	}
	if do := decide(); do != attempt.Wait {
		t.Errorf("at the start: %v", do)
	}
	await(t, "it is given up", func() bool { return decide() == attempt.GiveUp })
}

// TestAliveByServerTime: whether a heartbeat is recent is decided by the server's clock, which wrote its time.
func TestAliveByServerTime(t *testing.T) {
	f := &Fleet{}
	now := time.Now()
	f.clock.observe(now, now, now.Add(-time.Hour)) // the clock of this machine is an hour ahead
	x := &Failures{f: f, ackWait: 30 * time.Second}
	for age, want := range map[time.Duration]int{time.Second: 1, time.Minute: 0} {
		list := []worker.Status{{Name: "w", Seen: now.Add(-time.Hour - age)}, {Name: "v", Seen: now.Add(-time.Hour)}}
		if got := x.alive(list, "w"); len(got) != want {
			t.Errorf("%v: %d processes", age, len(got))
		}
	}
}

// TestManyRecords: however many records a worker stores of one number, one decision reads few, and few are left.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	x := h.known()
	const many = 2000 // maxRecords are read
	h.put(schema.FailedPrefix+"j.1-1.0.3.v", failure("true"))
	for i := range many {
		subject := fmt.Sprintf("%sj.1-1.r%d.3.w", schema.FailedPrefix, i)
		if _, err := h.js.PublishMsgAsync(&nats.Msg{Subject: subject, Data: []byte("x")}, jetstream.WithStallWait(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	<-h.js.PublishAsyncComplete()
	for _, want := range []int{maxRecords + 1, keptRecords + 1} {
		began := time.Now()
		e, err := x.find(t.Context(), &task.Job{ID: "j"}, single(1))
		if err != nil || e.Failed != want || e.Workers != 2 {
			t.Fatalf("%+v, %v", e, err)
		}
		t.Logf("%v", time.Since(began))
		if left := len(h.subjects(schema.StreamDead)); left != keptRecords+1 {
			t.Errorf("%d records are left", left)
		}
	}
}

// TestForgedExhaustion: a worker uses up the deliveries of a number that another one computes, and stores failure
// records of its own in many rounds. The number is not given up, whether the other's heartbeats name its task or not.
func TestForgedExhaustion(t *testing.T) {
	t.Parallel()
	for name, named := range map[string]bool{"named": true, "not named": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{AckWait: time.Second})
			j, _ := h.job("j", task.ClassNorm, 20)
			x := h.known()
			h.queue(j, single(17))
			honest := h.station("honest")
			_, got := pull(t, honest, 1)
			if len(got) != 1 {
				t.Fatal("no task")
			}
			var tasks []string
			if named {
				tasks = []string{worker.TaskName(got[0].Address)}
			}
			h.beat(x, "honest", time.Now().Add(-time.Hour), tasks...)
			liar := h.station("liar")
			h.beat(x, "liar", time.Now().Add(-time.Hour))
			for attempt := 1; attempt <= schema.MaxDeliver; attempt++ { // the subject of the ack is easy to guess
				if err := got[0].Handle.NakWithDelay(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
				if attempt < schema.MaxDeliver {
					await(t, "the next delivery", func() bool { _, got = pull(t, liar, 1); return len(got) == 1 })
				}
			}
			for round := range 5 {
				for attempt := 1; attempt <= schema.MaxDeliver; attempt++ {
					a := task.Address{Job: "j", Range: single(17), Round: fmt.Sprint(round)}
					if err := liar.Failed(t.Context(), a, attempt, failure("a lie")); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := liar.Dead(t.Context(), "j", single(17), failure("a lie")); err != nil {
				t.Fatal(err)
			}
			background(t, h.Sweep)
			var next []*worker.Delivery
			await(t, "the number is queued again", func() bool {
				h.beat(x, "honest", time.Now().Add(-time.Hour), tasks...)
				_, next = pull(t, honest, 1)
				return len(next) == 1
			})
			if next[0].Range != single(17) || next[0].Round == task.FirstRound {
				t.Errorf("pulled %+v", next[0].Address)
			}
			if text := h.letters(); strings.Contains(text, schema.Sweeper) {
				t.Errorf("given up: %s", text)
			}
		})
	}
}

// TestKillsEveryWorker: a number that kills each of two workers is given up after four deaths, if they take it in
// turn; the letter names both.
func TestKillsEveryWorker(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	j, _ := h.job("j", task.ClassNorm, 20)
	x := h.known()
	h.queue(j, single(17))
	background(t, h.Sweep)
	deaths := 0
	workers := []*station{h.station("a"), h.station("b")}
	names := []string{"a", "b"}
	for n := 0; h.letters() == "" && n < 100; n++ {
		i := deaths % 2
		for _, name := range names { // both were started again
			h.beat(x, name, time.Now().Add(time.Hour))
		}
		_, got := pull(t, workers[i], 1)
		for _, d := range got {
			do := attempt.Arrive(attempt.Delivery{Attempt: d.Attempt, Count: 1}, attempt.Host{})
			switch {
			case do.Action == attempt.Return:
				if err := workers[i].Return(t.Context(), d.Address, (&task.Return{Reason: do.Reason}).Encode()); err != nil {
					t.Fatal(err)
				}
				ack(t, got)
				continue
			case do.Action == attempt.ComputeAlone:
				h.record(workers[i], d)
			}
			deaths++
		}
	}
	if got, want := h.letters(), "17-1 by sweeper, attempt 3: "+unresponsive+" (on a, b)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if deaths != 4 {
		t.Errorf("%d deaths", deaths)
	}
}
