package test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A worker that is killed in the middle of a chunk has stored what it finished up to 5 s before. Other workers compute
// the rest, and nothing twice.
func TestKilledInChunk(t *testing.T) {
	t.Parallel()
	const count = 400                     // numbers of 60 ms: 24 s
	s := startFleetWith(t, 4*time.Second) // the whole chunk is overdue after four of them
	dying := s.consumer("-n 1 --name dying")
	w := s.record()
	numbers := slow(0, count, 89)
	p := s.start("producer", "submit --id j --json --chunk 400", feed(numbers))
	eventually(t, "the first numbers are stored", func() bool { return w.resultCount() > 0 })
	dying.kill()

	var stored task.Set
	w.mu.Lock()
	for _, r := range w.results {
		if at, err := schema.ParseSubject(r.subject); err == nil {
			stored.Add(at.Range)
		}
	}
	w.mu.Unlock()
	s.consumer("-n 16 --name other")
	p.wantCode(0)

	of := make(map[string]uint64)
	for line := range strings.Lines(p.stdout.String()) {
		var answer struct{ Worker string }
		if err := json.Unmarshal([]byte(line), &answer); err != nil {
			t.Fatal(err)
		}
		of[answer.Worker]++
	}
	// The killed worker may have stored a result that the recorder has not seen yet.
	if of["dying"] < max(stored.Len(), 20) || of["dying"]+of["other"] != count {
		t.Errorf("answers by worker: %v, %d were stored before the kill", of, stored.Len())
	}
	for _, r := range w.queuedAgain() {
		if r.Count < count && stored.Overlaps(r) {
			t.Errorf("%v was queued again, and is answered", r)
		}
	}
}
