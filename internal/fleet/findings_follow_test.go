package fleet

import (
	"context"
	"errors"
	"testing"
	"time"

	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestFollowFindings: a process that waits is told what is missing or paused, once, and that all is well again; it ends
// if the streams are gone, or were made again.
func TestFollowFindings(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := serve(t, natsserver.Config{})
	for _, again := range []bool{false, true} {
		h.provision(Provision{})
		h.lookEvery = 20 * time.Millisecond
		news := make(chan []Finding, 10)
		ended := make(chan error, 1)
		following, stop := context.WithCancel(ctx)
		go func() { ended <- h.FollowFindings(following, func(list []Finding) { news <- list }) }()
		if _, err := h.js.PauseConsumer(ctx, schema.StreamTasks, schema.Durable(task.ClassLow), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if list := <-news; len(list) != 1 || list[0].Kind != Paused {
			t.Errorf("paused: %q", list)
		}
		if _, err := h.js.ResumeConsumer(ctx, schema.StreamTasks, schema.Durable(task.ClassLow)); err != nil {
			t.Fatal(err)
		}
		if list := <-news; len(list) != 0 {
			t.Errorf("resumed: %q", list)
		}
		for _, w := range wantedStreams(Provision{}) {
			if err := h.js.DeleteStream(ctx, w.config.Name); err != nil {
				t.Fatal(err)
			}
		}
		want := stream.ErrNotProvisioned
		if again { // a look may see one state or the other
			h.lookEvery, want = 20*time.Millisecond, ErrNoJob
			stop()
			<-ended
			old := h.Fleet
			h.provision(Provision{})
			old.lookEvery = time.Millisecond
			go func() { ended <- old.FollowFindings(ctx, func([]Finding) {}) }()
		}
		if err := <-ended; !errors.Is(err, want) {
			t.Errorf("created again %v: %v", again, err)
		}
		stop()
	}
}
