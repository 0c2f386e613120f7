package puller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// route creates the durables of classes.
func (h *testFleet) route(classes ...task.Class) {
	h.t.Helper()
	for _, class := range classes {
		if err := h.EnsureRoute(h.t.Context(), class); err != nil {
			h.t.Fatal(err)
		}
	}
}

// offering opens the access of a worker that offers labels and obeys orders.
func (h *testFleet) offering(name string, offers ...string) *Client {
	h.t.Helper()
	c := h.client(name)
	c.Offer(offers)
	if err := c.Listen(h.t.Context(), Orders{}); err != nil {
		h.t.Fatal(err)
	}
	if err := c.link.NC.Flush(); err != nil {
		h.t.Fatal(err)
	}
	return c
}

// routed creates a job of a class with a route.
func (h *testFleet) routed(id string, class task.Class, count int) *task.Job {
	h.t.Helper()
	h.job(id, class.Priority(), count)
	j, err := h.ChangeJob(h.t.Context(), id, func(j *task.Job) error { j.Route = class.Route(); return nil })
	if err != nil {
		h.t.Fatal(err)
	}
	return j
}

// pulling pulls from c until the test ends, and sends each task to the channel.
func (h *testFleet) pulling(c *Client) <-chan string {
	got := make(chan string, 100)
	fleettest.Background(h.t, func(ctx context.Context) error {
		for ctx.Err() == nil {
			err := c.Pull(ctx, 1, func(d *worker.Delivery) {
				got <- fmt.Sprintf("%s %s %v", d.Class, d.Job, d.Range)
				go d.Handle.Ack(context.WithoutCancel(ctx))
			})
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})
	return got
}

// TestRoutePull: an idle worker has a request waiting at each durable whose route it offers, and at no other one. It learns
// at once of a durable that is created while it waits.
func TestRoutePull(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	h.route("norm+gpu", "norm+ssd")
	c := h.offering("w", "gpu", "large", "tpu")
	c.poll(t.Context(), polledRoutes(c.puller.offers))
	got := h.pulling(c)
	waits := func(class task.Class, n int) {
		t.Helper()
		fleettest.Await(t, fmt.Sprintf("%d requests at %s", n, class), func() bool { return h.durable(class).NumWaiting == n })
	}
	for _, class := range []task.Class{"hi", "norm", "low", "norm+gpu"} {
		waits(class, 1)
	}
	h.route("low+gpu+tpu", "hi+ssd")
	waits("low+gpu+tpu", 1)
	for _, class := range []task.Class{"norm+ssd", "hi+ssd"} {
		if n := h.durable(class).NumWaiting; n != 0 {
			t.Errorf("%d requests at %s", n, class)
		}
	}
	h.queue(h.routed("ssd", "norm+ssd", 1), fleettest.Single(0))
	for _, class := range []task.Class{"low+gpu+tpu", "norm+gpu", "norm"} {
		id := strings.ReplaceAll(string(class), "+", "-")
		h.queue(h.routed(id, class, 1), fleettest.Single(0))
		if text, want := <-got, fmt.Sprintf("%s %s 0-1", class, id); text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	}
	if n := h.durable("norm+ssd").NumPending; n != 1 {
		t.Errorf("%d tasks wait at norm+ssd", n)
	}
}

// TestRouteRemoved: a durable that is removed while a request waits there is forgotten, and the others go on without a
// pause; one that is created again is known again.
func TestRouteRemoved(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	h.route("norm+gpu")
	c := h.offering("w", "gpu")
	c.puller.learn([]task.Class{"norm+gpu"})
	got := h.pulling(c)
	for range 2 {
		fleettest.Await(t, "a request waits", func() bool { return h.durable("norm+gpu").NumWaiting == 1 })
		if err := h.js.DeleteConsumer(t.Context(), schema.StreamTasks, "workers-norm+gpu"); err != nil {
			t.Fatal(err)
		}
		fleettest.Await(t, "it is forgotten", func() bool { return len(c.puller.known()) == 0 })
		fleettest.Await(t, "it goes on", func() bool { return h.durable("norm").NumWaiting == 1 })
		if err := h.EnsureRoutes(t.Context(), []task.Class{"norm+gpu"}); err != nil {
			t.Fatal(err)
		}
		fleettest.Await(t, "its durable is created again", func() bool {
			return h.EnsureRoutes(t.Context(), []task.Class{"norm+gpu"}) == nil && len(c.puller.known()) == 1
		})
	}
	h.queue(h.routed("j", "norm+gpu", 1), fleettest.Single(0))
	if text := <-got; text != "norm+gpu j 0-1" {
		t.Errorf("got %q", text)
	}
}

// TestRouteOrder: the priorities hold across routes, and within one priority no class is left out for long.
func TestRouteOrder(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	classes := []task.Class{"low", "low+gpu", "norm", "norm+gpu", "hi", "hi+gpu"}
	h.route("low+gpu", "norm+gpu", "hi+gpu")
	for _, class := range classes {
		j := h.routed(strings.ReplaceAll(string(class), "+", "-"), class, 20)
		for i := range 20 {
			h.queue(j, fleettest.Single(i))
		}
		fleettest.Await(t, "they are queued", func() bool { return h.durable(class).NumPending == 20 })
	}
	c := h.offering("w", "gpu")
	c.puller.learn([]task.Class{"low+gpu", "norm+gpu", "hi+gpu"})
	count := make(map[task.Class]int)
	for range 24 {
		c.puller.hiChecked = time.Time{} // as if hiInterval had passed
		_, deliveries := pull(t, c, 1)
		for _, d := range deliveries {
			count[d.Class]++
		}
	}
	if count["hi"] != 12 || count["hi+gpu"] != 12 {
		t.Errorf("24 pulls: %v", count)
	}
	clear(count)
	for range 24 {
		c.puller.hiChecked = time.Now().Add(time.Hour)
		_, deliveries := pull(t, c, 1)
		for _, d := range deliveries {
			count[d.Class]++
		}
	}
	if low, norm := count["low"]+count["low+gpu"], count["norm"]+count["norm+gpu"]; low != 3 || norm != 21 || min(count["norm"], count["norm+gpu"]) < 8 {
		t.Errorf("24 pulls without hi: %v", count)
	}
}

// TestNoOffers: a worker without labels sends no request more, however many routes there are.
func TestNoOffers(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	requests := make(chan *nats.Msg, 1000)
	if _, err := h.nc.ChanSubscribe("$JS.API.CONSUMER.*.>", requests); err != nil {
		t.Fatal(err)
	}
	count := func(c *Client) (subjects map[string]int) {
		t.Helper()
		for _, nc := range []*nats.Conn{c.link.NC, h.nc} { // earlier requests have arrived
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		for len(requests) > 0 {
			<-requests
		}
		go c.PollRoutes(t.Context())
		if text, _ := pull(t, c, 1); text != nil {
			t.Fatalf("got %v", text)
		}
		if err := c.link.NC.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := h.nc.Flush(); err != nil {
			t.Fatal(err)
		}
		subjects = make(map[string]int)
		for len(requests) > 0 {
			m := <-requests
			subjects[m.Subject]++
		}
		return subjects
	}
	plain := h.client("plain")
	before := count(plain)
	for i := range 5 {
		h.route(task.ClassNorm.Routed(fmt.Sprint("r", i)))
	}
	c := h.offering("large", "large")
	c.puller.learn([]task.Class{"norm+r1", "norm+r2"})
	if after := count(c); len(before) == 0 || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("requests %v, before %v", after, before)
	}
}

// TestPullOthersRoutes: a task of a part ends for tasks with a route of any priority; only hi itself has tasks of parts.
func TestPullOthersRoutes(t *testing.T) {
	p := &puller{offers: []string{"gpu"}}
	p.learn([]task.Class{"hi+gpu", "low+gpu", "norm+ssd", "norm"})
	if got := p.ordinary(); !slices.Equal(got, []task.Class{"norm", "low", "hi+gpu", "low+gpu"}) {
		t.Errorf("%v", got)
	}
}

// TestHostileRoutes: a worker pulls from a bounded number of durables.
func TestHostileRoutes(t *testing.T) {
	p := &puller{offers: []string{"a", "b", "c", "d", "e", "f", "g", "h"}}
	var many []task.Class
	for _, route := range polledRoutes(p.offers) {
		for _, priority := range task.Classes {
			many = append(many, priority.Routed(route))
		}
	}
	for range 2 {
		p.learn(many)
		if len(p.known()) != maxRoutes {
			t.Errorf("%d of %d", len(p.known()), len(many))
		}
	}
}

func TestPolledRoutes(t *testing.T) {
	for offers, want := range map[string]string{
		"": "", "large": "", "gpu": "gpu", "gpu large": "gpu large gpu+large",
		"a b c d": "a b c d a+b a+c a+d b+c b+d c+d a+b+c a+b+d a+c+d b+c+d a+b+c+d",
	} {
		if got := strings.Join(polledRoutes(strings.Fields(offers)), " "); got != want {
			t.Errorf("%s: %s", offers, got)
		}
	}
	var many []string
	for i := range task.MaxWorkerOffers {
		many = append(many, fmt.Sprintf("l%02d", i))
	}
	if n := len(polledRoutes(many)); n != maxPolled {
		t.Errorf("%d routes", n)
	}
}
