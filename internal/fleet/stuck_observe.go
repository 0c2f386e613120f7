package fleet

import (
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/worker"
)

// An unsettled is a task that was delivered and is not known to be settled.
type unsettled struct {
	at    schema.Place
	spent int           // deliveries of earlier rounds, by its header
	most  int           // task.Task.MaxAttempts
	put   time.Duration // the longest delay of task.Task.Backoff

	unnamed  time.Time        // since when no heartbeat names it, as far as observed; zero = not observed yet
	holders  []Holder         // those whose heartbeats named it at the last look
	dropped  map[string]int   // by worker: how often it stopped to name the task; nil = nobody did
	decision attempt.Decision // if it is stuck
}

// maxDrops is how often a worker may stop to name a task and name it again: its heartbeats may be late, or
// the server was down. After that the word of this worker does not count for this task. A live process
// that has stopped to name it does so at once: it has dropped the task, and cannot have it back in the same
// round without a redelivery. Without this rule a worker could keep a task for ever that it names now and
// then: package job counts the time for which a task was named without interruption.
const maxDrops = 3

// observe notes which tasks heartbeats name now.
func (w *stuckWatch) observe(workers []worker.Status, now time.Time) {
	live := make(map[Holder]bool, len(workers))
	for i := range workers {
		live[Holder{Worker: workers[i].Name, Instance: workers[i].Instance}] = true
	}
	for _, t := range w.tasks {
		t.observe(w.beats.Holders(worker.TaskName(t.at.Address)), live, now)
	}
}

// observe notes the holders of the task. live has the processes of all live workers, without times.
func (t *unsettled) observe(holders []Holder, live map[Holder]bool, now time.Time) {
	for _, before := range t.holders {
		switch since, named := sinceOf(holders, before); {
		case named && !since.Equal(before.Since):
			t.drop(before.Worker, 1)
		case !named && live[Holder{Worker: before.Worker, Instance: before.Instance}]:
			t.drop(before.Worker, maxDrops)
		}
	}
	t.holders = holders
	if t.unnamed.IsZero() {
		t.unnamed = now
	}
	for _, h := range holders {
		if t.dropped[h.Worker] < maxDrops {
			t.unnamed = now
		}
	}
}

// drop notes that a worker has stopped to name the task.
func (t *unsettled) drop(name string, times int) {
	if t.dropped == nil {
		t.dropped = make(map[string]int)
	}
	t.dropped[name] += times
}

// sinceOf returns since when the process of h names the task, and whether it does.
func sinceOf(holders []Holder, h Holder) (time.Time, bool) {
	for _, x := range holders {
		if x.Worker == h.Worker && x.Instance == h.Instance {
			return x.Since, true
		}
	}
	return time.Time{}, false
}

// unheld returns what attempt decides upon.
func (t *unsettled) unheld(ackWait, interval time.Duration, now time.Time) attempt.Unheld {
	return attempt.Unheld{Count: t.at.Range.Count, Spent: t.spent, Most: t.most, Put: t.put, Unnamed: now.Sub(t.unnamed), AckWait: ackWait, Beat: interval}
}
