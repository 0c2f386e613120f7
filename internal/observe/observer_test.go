package observe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/nat"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

func TestMain(m *testing.M) { fleettest.Main(m) }

// A rig is a server with the fleet's streams, and an Observer that runs.
type rig struct {
	t testing.TB
	*fleet.Fleet
	js     jetstream.JetStream
	o      *Observer
	server *fleettest.Server
}

// newRig starts a server and an Observer, which ends with the test.
func newRig(t testing.TB) *rig {
	t.Helper()
	server := fleettest.NewServer(t, natsserver.Config{})
	nc, js := server.Connect()
	if _, err := fleet.Init(t.Context(), js, fleet.Provision{}); err != nil {
		t.Fatal(err)
	}
	fl, err := fleet.Open(t.Context(), nc, js, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t, fl, js, New(), server}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); r.o.Run(ctx, fl) }()
	t.Cleanup(func() { cancel(); <-ended })
	return r
}

// await returns the first View of which ok holds.
func (r *rig) await(what string, ok func(*View) bool) *View {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Minute)
	defer cancel()
	var last *View
	for v := range r.o.Watch(ctx) {
		if last = v; ok(v) {
			return v
		}
	}
	last.History, last.Lines = nil, last.Lines[:min(len(last.Lines), 3)]
	r.t.Fatalf("%s: not seen; the last view is %.2000v", what, *last)
	return nil
}

// job stores a sealed job of the numbers first, first+1, ...
func (r *rig) job(id string, first uint64, count int) *task.Job {
	r.t.Helper()
	j := &task.Job{
		ID: id, Schema: 1, Kind: task.KindFactor, Class: task.ClassNorm, Chunk: "auto", State: task.Sealed, Count: uint64(count),
		Work: time.Duration(count) * time.Millisecond, Created: time.Now().UTC(),
	}
	if err := r.CreateJob(r.t.Context(), j); err != nil {
		r.t.Fatal(err)
	}
	numbers := make([]nat.Nat, count)
	for i := range numbers {
		numbers[i] = nat.New(first + uint64(i))
	}
	if count > 0 {
		if err := r.EmptyInputs(id).Append(r.t.Context(), 0, numbers); err != nil {
			r.t.Fatal(err)
		}
	}
	return j
}

// TestView: an Observer shows jobs as they come, change and go.
func TestView(t *testing.T) {
	r := newRig(t)
	v := r.await("an empty fleet", func(v *View) bool { return v.Connected })
	if v.Total != 0 || len(v.Lines) != 0 || len(v.Missing) != 0 || v.Outdated || len(v.Queue) != 3 {
		t.Errorf("an empty fleet: %+v", v)
	}
	r.job("a", 100, 5)
	v = r.await("a job", func(v *View) bool { return v.Total == 1 && len(v.Classes) == 1 })
	if l := v.Lines[0]; l.ID != "a" || l.State != "sealed" || l.Count != 5 || !l.Active || v.Jobs != 1 {
		t.Errorf("the line of a job: %+v", l)
	}
	if c := v.Classes[0]; c.Class != "1-9 digits" || c.Count != 5 || c.Answered != 0 || c.Estimated {
		t.Errorf("size classes: %+v", v.Classes)
	}
	page, err := r.o.Job(t.Context(), "a")
	if err != nil || page.Stored != 5 || page.Line.ID != "a" || page.Slowest == nil {
		t.Errorf("the page of a job: %+v, %v", page, err)
	}
	if _, err := r.ChangeJob(t.Context(), "a", func(j *task.Job) error {
		now := time.Now().UTC()
		j.State, j.Ended, j.Verified = task.Done, &now, 5
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	v = r.await("the end of the job", func(v *View) bool { return v.Jobs == 0 && v.Total == 1 })
	if l := v.Lines[0]; l.State != "done" || l.Answered != 5 || l.Share != 1 || l.Active {
		t.Errorf("the line of a job that is done: %+v", l)
	}
}

// TestLatestEnds: a caller of Latest that waits for a View is not kept waiting when Run ends.
func TestLatestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := New()
		o.setSession(&session{})
		began, ended := time.Now(), make(chan error, 1)
		go func() {
			_, err := o.Latest(t.Context())
			ended <- err
		}()
		synctest.Wait()
		o.setSession(nil)
		if err := <-ended; !errors.Is(err, ErrUnknown) || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
