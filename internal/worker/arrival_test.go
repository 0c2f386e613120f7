package worker

import (
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/attempt"
)

// TestNotHere: a task that names this worker is left to others at once. The return says why.
func TestNotHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(3, 1)
		d.NotHere = true
		r.offer(d)
		r.start()
		time.Sleep(time.Second)
		r.wantJournal("return 3-1 elsewhere", "ack")
		if got := r.outbox.returns["3-1"]; got == nil || got.Detail != attempt.NotHereDetail {
			t.Errorf("%+v", got)
		}
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}
