package puller

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func TestPull(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	j := h.job("j", task.ClassNorm, 100)
	for i := range 10 {
		h.queue(j, fleettest.Single(i))
	}
	w := h.client("w")
	text, deliveries := pull(t, w, 3)
	if want := "norm j 0-1 1;norm j 1-1 1;norm j 2-1 1"; strings.Join(text, ";") != want {
		t.Errorf("pulled %q, want %s", text, want)
	}
	for _, d := range deliveries {
		if d.Round != task.FirstRound || d.Schema != task.Schema {
			t.Errorf("%+v", d)
		}
	}
	text, _ = pull(t, w, 1000)
	if len(text) != 7 {
		t.Errorf("pulled %q, 7 tasks were left", text)
	}
	if text, _ = pull(t, w, 1); len(text) != 0 {
		t.Errorf("pulled %q of nothing", text)
	}
}

// TestPullOrder: hi comes first once in hiInterval, and low has its turn although norm is never empty.
func TestPullOrder(t *testing.T) {
	t.Parallel()
	p := &puller{}
	now := time.Now()
	first := func(at time.Time) string {
		var text []string
		for _, c := range p.order(at) {
			text = append(text, string(c))
		}
		return strings.Join(text, " ")
	}
	counts := make(map[string]int)
	for i := range 1000 {
		counts[first(now.Add(time.Duration(i)*time.Millisecond))]++
	}
	if counts["hi norm low"]+counts["hi low norm"] != 10 || counts["norm low"] < 860 || counts["low norm"]+counts["hi low norm"] != 125 {
		t.Errorf("%v", counts)
	}
}

func TestPullClasses(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	for _, c := range task.Classes {
		j := h.job("j-"+string(c), c, 100)
		for i := range 20 {
			h.queue(j, fleettest.Single(i))
		}
	}
	for _, c := range task.Classes { // a durable sees a task a moment after it is stored
		fleettest.Await(t, "durable "+string(c)+" has its tasks", func() bool { return h.durable(c).NumPending == 20 })
	}
	w := h.client("w")
	text, _ := pull(t, w, 1)
	if text[0] != "hi j-hi 0-1 1" {
		t.Errorf("the first is %q", text)
	}
	seen := make(map[string]int)
	for range 59 { // none is empty
		text, _ := pull(t, w, 1)
		for _, s := range text {
			seen[strings.Fields(s)[0]]++
		}
	}
	if seen["hi"] != 19 || seen["norm"] != 20 || seen["low"] != 20 {
		t.Errorf("%v", seen)
	}
}

// TestPullSkipped: a worker gets no task of a class that it skips, and Pull returns if it
// skips all of them.
func TestPullSkipped(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	jobs := make(map[task.Class]*task.Job)
	for _, c := range task.Classes {
		jobs[c] = h.job("j-"+string(c), c, 100)
	}
	for i, test := range []struct {
		skipped []task.Class
		want    string // the classes of the tasks that come, sorted
	}{
		{task.Classes, ""},
		{[]task.Class{task.ClassNorm, task.ClassLow}, "hi"},
		{[]task.Class{task.ClassHi, task.ClassLow}, "norm"},
		{[]task.Class{task.ClassHi, task.ClassNorm}, "low"},
		{[]task.Class{task.ClassHi}, "low norm"},
	} {
		for _, c := range task.Classes {
			h.queue(jobs[c], fleettest.Single(i))
			fleettest.Await(t, "durable "+string(c)+" has a task", func() bool { return h.durable(c).NumPending > 0 })
		}
		w := h.client("w")
		for _, c := range test.skipped {
			w.puller.skips[c] = skip{until: time.Now().Add(skipTime)}
		}
		seen := make(map[string]bool)
		for range 3 { // one for each class
			w.puller.hiChecked = time.Now() // hi does not come first
			text, _ := pull(t, w, 10)
			for _, s := range text {
				seen[strings.Fields(s)[0]] = true
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(seen)), " "); got != test.want {
			t.Errorf("%q are skipped: the tasks are of %q, want %q", test.skipped, got, test.want)
		}
	}
}

// TestPullEnd: Pull requests nothing after the end of its context, but delivers what the server has
// sent by then.
func TestPullEnd(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	j := h.job("j", task.ClassNorm, 100)
	for i := range 10 {
		h.queue(j, fleettest.Single(i))
	}
	w := h.client("w")
	ctx, cancel := context.WithCancel(t.Context())
	got := 0
	err := w.Pull(ctx, 10, func(*worker.Delivery) { got++; cancel() })
	if err != nil || got != 10 {
		t.Errorf("%d deliveries, %v", got, err)
	}
	h.queue(j, fleettest.Single(50))
	if err := w.Pull(ctx, 10, func(d *worker.Delivery) { t.Errorf("%v was pulled after the end", d.Range) }); err != nil {
		t.Error(err)
	}
}

// TestPullStrange: messages that are not tasks are ignored, and those of the queue removed.
func TestPullStrange(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	j := h.job("j", task.ClassNorm, 100)
	fleettest.Put(t, h.js, "FACTOR.tasks.norm.j.nonsense.0", []byte("x"))
	h.queue(j, fleettest.Single(1))
	w := h.client("w")
	if err := w.link.NC.Publish(w.puller.inbox+"x", []byte("hello")); err != nil { // any client that knows the inbox may publish to it
		t.Fatal(err)
	}
	var got []string
	for range 3 {
		text, _ := pull(t, w, 1)
		got = append(got, text...)
	}
	if w.puller.silent != 0 {
		t.Error("a message that is no task counts as a request without an answer")
	}
	if strings.Join(got, ";") != "norm j 1-1 1" {
		t.Errorf("pulled %q", got)
	}
	fleettest.Await(t, "the message with a strange subject has left the queue", func() bool {
		return len(fleettest.Subjects(t, h.js, schema.StreamTasks, "FACTOR.tasks.norm.j.nonsense.0")) == 0
	})
}

// TestNoAnswer: without answers the subscription is replaced, then the connection; then the process
// must restart. A durable that does not exist is reported.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	j := h.job("j", task.ClassNorm, 100)
	h.queue(j, fleettest.Single(1))
	w := h.client("w")
	noAnswer := func() error { // as if a request had got no answer
		w.puller.silent++
		return w.puller.noAnswer(0)
	}
	w.puller.silent = maxSilent - 2
	inbox := w.puller.inbox
	if err := noAnswer(); err == nil || !strings.Contains(err.Error(), "replacing the subscription") || w.puller.inbox == inbox {
		t.Errorf("%v", err)
	}
	if text, _ := pull(t, w, 1); len(text) != 1 {
		t.Errorf("pulled %q by the new subscription", text)
	}
	if w.puller.silent != 0 {
		t.Error("an answer does not end the silence")
	}
	w.puller.silent = 2*maxSilent - 2
	if err := noAnswer(); err == nil || !strings.Contains(err.Error(), "reconnecting") {
		t.Errorf("%v", err)
	}
	fleettest.Await(t, "the reconnect", w.link.NC.IsConnected)
	w.puller.silent = 3*maxSilent - 2
	if err := noAnswer(); !errors.Is(err, worker.ErrRestart) {
		t.Errorf("%v", err)
	}
	w.puller.silent = 0
	for _, class := range task.Classes {
		if err := h.js.DeleteConsumer(t.Context(), schema.StreamTasks, schema.Durable(class)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Pull(t.Context(), 1, func(*worker.Delivery) {}); err == nil || !strings.Contains(err.Error(), "the durable does not exist") {
		t.Errorf("%v", err)
	}
	w.link.NC.Close()
	if err := w.Pull(t.Context(), 1, func(*worker.Delivery) {}); !errors.Is(err, worker.ErrRestart) || !errors.Is(err, natsconn.ErrConnect) {
		t.Errorf("without a connection: %v", err)
	}
}

func TestStatusError(t *testing.T) {
	t.Parallel()
	for status, fine := range map[string]bool{
		"404 No Messages": true, "408 Request Timeout": true, "409 Server Shutdown": true, "409 Leadership Change": true,
		"409 Exceeded MaxWaiting": false, "409 Consumer Deleted": false, "503 ": false, "400 Bad Request": false,
	} {
		code, description, _ := strings.Cut(status, " ")
		if err := statusError(code, description); (err == nil) != fine {
			t.Errorf("%s: %v", status, err)
		}
	}
}

// TestSettle: the server acts on each settlement of a delivery.
func TestSettle(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{AckWait: time.Second})
	j := h.job("j", task.ClassNorm, 100)
	for i := range 4 {
		h.queue(j, fleettest.Single(i))
	}
	w := h.client("w")
	if w.AckWait() != time.Second {
		t.Errorf("ack wait %v", w.AckWait())
	}
	_, d := pull(t, w, 4)
	if err := d[0].Handle.Ack(t.Context()); err != nil {
		t.Error(err)
	}
	if err := d[1].Handle.Term(t.Context(), "bad\nnumber"); err != nil {
		t.Error(err)
	}
	if got := h.ranges("j"); got != "2-1 3-1" {
		t.Errorf("queued: %s", got)
	}
	began := time.Now()
	if err := d[2].Handle.NakWithDelay(t.Context(), 300*time.Millisecond); err != nil {
		t.Error(err)
	}
	stop := fleettest.Background(t, func(ctx context.Context) error { // keeps d[3]
		for stream.Sleep(ctx, 100*time.Millisecond) == nil {
			if err := d[3].Handle.InProgress(); err != nil {
				return err
			}
		}
		return nil
	})
	var text []string
	fleettest.Await(t, "the redelivery", func() bool { text, _ = pull(t, w, 10); return len(text) > 0 })
	if d := time.Since(began); strings.Join(text, ";") != "norm j 2-1 2" || d < 300*time.Millisecond {
		t.Errorf("%q was redelivered after %v", text, d)
	}
	for time.Since(began) < 1500*time.Millisecond {
		text, _ := pull(t, w, 10)
		for _, s := range text {
			if strings.Contains(s, " 3-1 ") {
				t.Errorf("%s was redelivered although it sends heartbeats", s)
			}
		}
	}
	stop()
	fleettest.Await(t, "the redelivery of the abandoned task", func() bool {
		text, _ = pull(t, w, 10)
		return strings.Contains(strings.Join(text, ";"), "norm j 3-1 2")
	})
}

// TestSettleAcrossReconnect: a settlement survives the loss of its connection.
func TestSettleAcrossReconnect(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	j := h.job("j", task.ClassNorm, 100)
	h.queue(j, fleettest.Single(0))
	h.queue(j, fleettest.Single(1))
	w := h.client("w")
	_, d := pull(t, w, 2)
	if err := w.link.NC.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	fleettest.Ack(t, d[:1])
	if got := h.ranges("j"); got != "1-1" {
		t.Errorf("queued: %s", got)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	because := errors.New("enough")
	cancel(because)
	if err := d[1].Handle.NakWithDelay(ctx, time.Hour); !errors.Is(err, because) {
		t.Errorf("%v", err)
	}
	w.link.NC.Close()
	for name, err := range map[string]error{"ack": d[1].Handle.Ack(t.Context()), "term": d[1].Handle.Term(t.Context(), "")} {
		if !errors.Is(err, natsconn.ErrConnect) {
			t.Errorf("%s without a connection: %v", name, err)
		}
	}
}

// TestAckGroups: many acks at once are all confirmed, and all tasks leave the queue.
func TestAckGroups(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	j := h.job("j", task.ClassNorm, 200)
	for i := range 200 {
		h.queue(j, fleettest.Single(i))
	}
	w := h.client("w")
	_, d := pull(t, w, 200)
	var group sync.WaitGroup
	for _, d := range d {
		group.Go(func() {
			if err := d.Handle.Ack(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := h.ranges("j"); got != "" {
		t.Errorf("still queued: %s", got)
	}
}

// TestSkipGrows: one task of an unknown kind costs the others of its class little, many in a row cost the class.
func TestSkipGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puller{skips: make(map[task.Class]skip)}
		c := &Client{puller: p}
		// next returns for how long the class is skipped because of a pull request that brings such tasks and others.
		next := func(such, others int) time.Duration {
			p.beginRequest(task.ClassNorm)
			for range such + others {
				p.countDelivered(task.ClassNorm)
			}
			for range such {
				c.SkipClass(task.ClassNorm)
			}
			length := time.Until(p.skips[task.ClassNorm].until)
			time.Sleep(length)
			return length
		}
		for i, want := 1, firstSkip; want < skipTime; i, want = i+1, want*2 {
			if got := next(1+i*7%10, 0); got != want {
				t.Errorf("skipped for %v, want %v", got, want)
			}
		}
		if got := next(1, 0); got != skipTime {
			t.Errorf("skipped for %v at most", got)
		}
		next(2, 1)
		if got := next(3, 0); got != firstSkip || p.isSkipped(task.ClassHi) {
			t.Errorf("skipped for %v after a task of another kind", got)
		}
	})
}
