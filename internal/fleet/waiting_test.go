package fleet

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestWaitingRequests: a process that sweeps warns of pull requests that the living workers cannot have sent, and
// not of those of many workers.
func TestWaitingRequests(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	var log bytes.Buffer
	f, err := Open(t.Context(), h.nc, h.js, stream.Options{Log: zerolog.New(&log).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := newProbe(x)
	look := func() string {
		t.Helper()
		log.Reset()
		if err := p.search(t.Context(), task.ClassNorm, make(map[task.Address]task.Class)); err != nil {
			t.Fatal(err)
		}
		return log.String()
	}
	nc, _ := h.connect()
	sub, err := nc.SubscribeSync(nc.NewInbox() + ".*")
	if err != nil {
		t.Fatal(err)
	}
	park := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			if err := nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm", strings.TrimSuffix(sub.Subject, "*")+fmt.Sprint(i), nil); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "requests wait", func() bool {
			info, err := h.durable(t.Context(), task.ClassNorm)
			return err == nil && info.NumWaiting == to
		})
	}
	for i := range 20 {
		if err := h.station(fmt.Sprint("w", i)).Beat(worker.Status{}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "20 workers", func() bool { list, err := h.Workers(t.Context()); return err == nil && len(list) == 20 })
	most := fewWaiting + 2*20
	park(0, most)
	for range 3 {
		if got := look(); got != "" {
			t.Errorf("%d requests of 20 workers: %s", most, got)
		}
	}
	park(most, most+1)
	if got := look(); got != "" {
		t.Errorf("at the first look: %s", got)
	}
	want := fmt.Sprintf("%d pull requests wait at durable workers-norm, but only 20 worker processes are alive", most+1)
	if got := look(); !strings.Contains(got, want) {
		t.Errorf("logged %q, want %s", got, want)
	}
	if got := look(); got != "" {
		t.Errorf("again within ten minutes: %s", got)
	}
	p.waiting.warned = time.Now().Add(-waitingWarning)
	if got := look(); !strings.Contains(got, want) {
		t.Errorf("ten minutes later: %q", got)
	}
	if err := sub.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	p.waiting.warned = time.Time{}
	await(t, "no request waits", func() bool {
		look()
		info, err := h.durable(t.Context(), task.ClassNorm)
		return err == nil && info.NumWaiting <= fewWaiting
	})
}
