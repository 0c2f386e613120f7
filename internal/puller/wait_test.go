package puller

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// countRequests returns a function that returns how many pull requests the server has got since the call before.
func (h *testFleet) countRequests() func() int {
	h.t.Helper()
	nc, _ := h.Connect()
	requests := make(chan *nats.Msg, 1000)
	if _, err := nc.ChanSubscribe("$JS.API.CONSUMER.MSG.NEXT.>", requests); err != nil {
		h.t.Fatal(err)
	}
	count := func() (n int) {
		if err := nc.Flush(); err != nil {
			h.t.Fatal(err)
		}
		for ; len(requests) > 0; n++ {
			<-requests
		}
		return n
	}
	count()
	return count
}

// awaitWaiting waits until requests wait at the durable of each class.
func (h *testFleet) awaitWaiting() {
	h.t.Helper()
	for _, class := range task.Classes {
		fleettest.Await(h.t, "a request waits for "+string(class), func() bool { return h.durable(class).NumWaiting > 0 })
	}
}

// TestWait: a worker without work sends one request to each durable and no other, until a task of any class comes.
func TestWait(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	requests := h.countRequests()
	for _, class := range task.Classes {
		j := h.job("j-"+string(class), class, 10)
		came := make(chan task.Class, 1)
		done := fleettest.Background(t, func(ctx context.Context) error {
			return w.Pull(ctx, 1, func(d *worker.Delivery) { came <- d.Class })
		})
		h.awaitWaiting()
		h.queue(j, fleettest.Single(5))
		if got := <-came; got != class {
			t.Errorf("%s: pulled %q", class, got)
		}
		done()
		if n := requests(); n != 8 { // each class in turn, then all, then the two that are withdrawn
			t.Errorf("%s: %d pull requests, want 8", class, n)
		}
		if text, _ := pull(t, w, 1); len(text) > 0 {
			t.Errorf("%s: %q was pulled twice", class, text)
		}
		requests()
	}
}

// TestWaitRepeats: a wait that brings nothing is followed by the next one, without other requests.
func TestWaitRepeats(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	w.puller.waitTime = 20 * time.Millisecond
	requests := h.countRequests()
	for i := range 5 {
		if text, _ := pull(t, w, 1); len(text) > 0 {
			t.Errorf("pulled %q", text)
		}
		want := 3
		if i == 0 {
			want = 6
		}
		if n := requests(); n != want {
			t.Errorf("wait %d: %d pull requests, want %d", i, n, want)
		}
	}
}

// TestWaitAtOnce: tasks of all classes that come at the same moment are each delivered once, n+2 at most.
func TestWaitAtOnce(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	const rounds, each = 5, 3
	var jobs []*task.Job
	for _, class := range task.Classes {
		jobs = append(jobs, h.job("j-"+string(class), class, rounds*each))
	}
	seen := make(map[string]int)
	for i := range rounds {
		var queued sync.WaitGroup
		done := make(chan []string, 1)
		go func() {
			w.puller.idle = true
			text, _ := pull(t, w, 2)
			done <- text
		}()
		fleettest.Await(t, "a request waits", func() bool { return h.durable(task.ClassNorm).NumWaiting > 0 })
		for _, j := range jobs {
			queued.Go(func() {
				for k := range each {
					h.queue(j, fleettest.Single(i*each+k))
				}
			})
		}
		text := <-done
		if len(text) == 0 || len(text) > 4 {
			t.Errorf("pulled %q", text)
		}
		queued.Wait()
		for len(text) > 0 {
			for _, s := range text {
				seen[s[:len(s)-2]]++ // without the attempt
			}
			text, _ = pull(t, w, 256)
		}
	}
	for s, n := range seen {
		if n != 1 {
			t.Errorf("%s: %d times", s, n)
		}
	}
	if len(seen) != len(jobs)*rounds*each {
		t.Errorf("%d tasks came", len(seen))
	}
}

// TestWaitMore: a worker that has waited with several free slots requests more tasks of the class that has come.
func TestWaitMore(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	j := h.job("j", task.ClassHi, 10)
	for i := range 3 {
		h.queue(j, fleettest.Single(i))
	}
	fleettest.Await(t, "the tasks", func() bool { return h.durable(task.ClassHi).NumPending == 3 })
	requests := h.countRequests()
	w.puller.idle = true
	if text, _ := pull(t, w, 4); len(text) != 3 {
		t.Errorf("pulled %q", text)
	}
	if n := requests(); n != 6 { // all, more of the class, then the two that are withdrawn
		t.Errorf("%d pull requests, want 6", n)
	}
}

// TestWaitLate: a task that comes for an earlier request ends a wait, and is delivered.
func TestWaitLate(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	j := h.job("j", task.ClassNorm, 10)
	waiting := func(n int) func() bool { return func() bool { return h.durable(task.ClassNorm).NumWaiting == n } }
	if err := w.link.NC.PublishRequest(w.puller.requestSubject(task.ClassNorm), w.puller.inbox+"earlier", []byte("1")); err != nil {
		t.Fatal(err)
	}
	fleettest.Await(t, "the earlier request waits", waiting(1))
	w.puller.idle = true
	done := make(chan error, 1)
	came := ""
	go func() { done <- w.Pull(t.Context(), 1, func(d *worker.Delivery) { came += d.Range.String() }) }()
	fleettest.Await(t, "another one waits", waiting(2))
	h.queue(j, fleettest.Single(3))
	if err := <-done; err != nil || came != "3-1" {
		t.Errorf("pulled %q: %v", came, err)
	}
}

// TestPullOffline: without a connection nothing is requested: the client library would send it later, when nobody waits
// for its tasks.
func TestPullOffline(t *testing.T) {
	t.Parallel()
	h := newRestartable(t)
	w := h.client("w")
	h.Stop()
	fleettest.Await(t, "the connection is lost", func() bool { return !w.link.NC.IsConnected() })
	before, _ := w.link.NC.Buffered()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 3*offlinePause)
		if err := w.Pull(ctx, 1, func(*worker.Delivery) {}); err != nil {
			t.Error(err)
		}
		cancel()
	}
	if n, err := w.link.NC.Buffered(); err != nil || n != before {
		t.Errorf("%d bytes wait to be sent: %v", n-before, err)
	}
	h.Start(h.Config())
}

// TestWaitSilent: a wait whose requests the server has forgotten ends by itself, with an error.
func TestWaitSilent(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	nc, _ := h.Connect()
	if _, err := nc.SubscribeSync("mute.>"); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	w.link.API, w.puller.waitTime, w.puller.idle = "mute.", 20*time.Millisecond, true
	if err := w.Pull(t.Context(), 1, func(*worker.Delivery) {}); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
	if w.puller.idle || w.puller.silent != 1 {
		t.Errorf("idle %v, %d silent requests", w.puller.idle, w.puller.silent)
	}
}

// TestWaitForgotten: a worker with an account of its own notices soon that the server has forgotten its requests. One
// whose requests are known waits its full time.
func TestWaitForgotten(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	w.puller.rotates, w.puller.silence = true, 500*time.Millisecond
	w.puller.waitTime, w.puller.idle = 2*time.Second, true
	began := time.Now()
	if err := w.Pull(t.Context(), 1, func(*worker.Delivery) {}); err != nil || !w.puller.idle {
		t.Errorf("idle %v after %v: %v", w.puller.idle, time.Since(began), err)
	}
	nc, _ := h.Connect()
	if _, err := nc.SubscribeSync("mute.>"); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	w.link.API, w.puller.waitTime, w.puller.idle = "mute.", time.Hour, true
	if err := w.Pull(t.Context(), 1, func(*worker.Delivery) {}); err != nil || w.puller.idle {
		t.Errorf("idle %v: %v", w.puller.idle, err)
	}
}

// TestWaitSkipped: the requests wait at the durables of the classes that are not skipped, until one is skipped no
// more.
func TestWaitSkipped(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := &puller{skips: map[task.Class]skip{task.ClassHi: {until: now.Add(time.Second)}, task.ClassLow: {until: now}}}
	classes, limit := p.waitingClasses(task.Classes, now, waitTime)
	if !slices.Equal(slices.Sorted(slices.Values(classes)), []task.Class{task.ClassLow, task.ClassNorm}) || limit != time.Second {
		t.Errorf("%q for %v", classes, limit)
	}
	p.skips = nil
	if classes, limit = p.waitingClasses(task.Classes, now, waitTime); len(classes) != 3 || limit < 30*time.Second || limit > waitTime {
		t.Errorf("%q for %v", classes, limit)
	}
}

// TestWaitOrder: a worker that is told to pull again does so at once.
func TestWaitOrder(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	if err := w.Listen(t.Context(), Orders{}); err != nil {
		t.Fatal(err)
	}
	if err := w.link.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.Pull(t.Context(), 1, func(*worker.Delivery) {}) }()
	h.awaitWaiting()
	if err := h.RenewPulls(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || w.puller.idle {
		t.Errorf("%v; the next pull is to request all classes in turn: %v", err, !w.puller.idle)
	}
}
