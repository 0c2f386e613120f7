package fleet_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
)

// A worker cannot have an answer of the server, not even a task, sent to a subject that it may not
// publish to: neither one that the fleet's account stores or subscribes to, nor one that other workers obey.
func TestAnswersElsewhere(t *testing.T) {
	t.Parallel()
	c := newCastle(t)
	w := c.enter(schema.RoleWorker, "w", schema.PermissionsOf(schema.RoleWorker, "w"))
	other := c.enter(schema.RoleWorker, "other", schema.PermissionsOf(schema.RoleWorker, "other"))
	requests := []struct{ subject, body string }{
		{"$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm", `{"batch":1,"no_wait":true}`}, // a task
		{"$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-low", `{"batch":1,"no_wait":true}`},  // that there is none
		{"$JS.API.CONSUMER.INFO.FACTOR_TASKS.workers-norm", ""},
		{"FACTOR.results.j.0-1.w", "x"},
		{"$JS.ACK.FACTOR_TASKS.workers-norm.1.1.1.1.0", "+WPI"},
	}
	for _, place := range []string{
		"FACTOR.inputs.j.0-1", "FACTOR.tasks.norm.j.0-1.0", "FACTOR.results.j.0-1.other", "FACTOR.returns.j.0-1.0.other", "FACTOR.dead.j.0-1.sweeper",
		"FACTOR.failed.j.0-1.0.1.other", "$KV.FACTOR_WORKERS.other.x", "$KV.FACTOR_JOBS.j", "$KV.FACTOR_LEASES.j",
		"$JS.API.STREAM.PURGE.FACTOR_TASKS", "$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-hi", "$SRV.PING", "FACTOR.status.other",
		"FACTOR.ctl.cancel.j", "FACTOR.ctl.quarantine.other",
	} {
		c.clean()
		if _, _, err := c.job(c.Fleet, t.Context()); err != nil {
			t.Fatal(err)
		}
		c.awaitQueued(2)
		ears := map[string]*nats.Subscription{"the fleet's account": c.listen(c.admin, place)}
		if covers(schema.OrderSubject, place) {
			ears["another worker"] = c.listen(other, place)
		}
		for _, r := range requests {
			if err := w.nc.PublishRequest(r.subject, place, []byte(r.body)); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range requests { // when these are answered, so are those
			if _, err := w.nc.RequestWithContext(w.ctx, r.subject, []byte(r.body)); err != nil {
				t.Fatalf("%s: %v", r.subject, err)
			}
		}
		durable, err := c.js.Consumer(t.Context(), schema.StreamTasks, "workers-norm")
		if err != nil {
			t.Fatal(err)
		}
		// A server sends no task to a subject without subscribers.
		sent, imports := 1, append(schema.WorkerRequests(), schema.OrderSubject)
		if slices.ContainsFunc(imports, func(subject string) bool { return covers(subject, place) }) {
			sent = 2
		}
		if n := durable.CachedInfo().NumAckPending; n != sent {
			t.Errorf("%s: %d tasks were sent there and to the worker, want %d", place, n, sent)
		}
		for _, v := range []*visitor{c.admin, other} {
			if err := v.nc.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		for who, sub := range ears {
			if n, _, err := sub.Pending(); err != nil || n > 0 {
				t.Errorf("%s: %s got %d answers, %v", place, who, n, err)
			}
			sub.Unsubscribe()
		}
	}
	if refused := append(w.leave(), other.leave()...); len(refused) > 0 {
		t.Errorf("refused: %q", refused)
	}
}

// awaitQueued waits until the durable of class norm has so many tasks. It has a task a moment after
// the task is stored, and a request with no_wait may come before.
func (c *castle) awaitQueued(tasks uint64) {
	c.t.Helper()
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		durable, err := c.js.Consumer(c.t.Context(), schema.StreamTasks, "workers-norm")
		switch {
		case err != nil:
			c.t.Fatal(err)
		case durable.CachedInfo().NumPending == tasks:
			return
		case time.Now().After(late):
			c.t.Fatalf("the durable knows of %d tasks, not of %d", durable.CachedInfo().NumPending, tasks)
		}
	}
}

// listen subscribes, and returns once the server knows the subscription.
func (c *castle) listen(v *visitor, subject string) *nats.Subscription {
	c.t.Helper()
	sub, err := v.nc.SubscribeSync(subject)
	if err == nil {
		err = v.nc.Flush()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return sub
}
