package observe

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/testsize"
	"factorfleet/internal/worker"
)

// publish stores messages without waiting for each, and then for all.
func (r *rig) publish(subject func(i int) string, body func(i int) []byte, count int) {
	r.t.Helper()
	for i := range count {
		if _, err := r.js.PublishAsync(subject(i), body(i)); err != nil {
			r.t.Fatal(err)
		}
	}
	select {
	case <-r.js.PublishAsyncComplete():
	case <-time.After(2 * time.Minute):
		r.t.Fatal("the server has not confirmed all messages")
	}
}

// heartbeats stores a heartbeat of each of so many workers.
func (r *rig) heartbeats(count int, status func(i int) worker.Status) {
	r.t.Helper()
	kv, err := r.js.KeyValue(r.t.Context(), schema.BucketWorkers)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := range count {
		body, err := json.Marshal(status(i))
		if err != nil {
			r.t.Fatal(err)
		}
		if _, err := kv.Put(r.t.Context(), fmt.Sprintf("w%04d.i", i), body); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestLoad: a View of 10,000 jobs and 1,000 workers is complete, and what an Observer keeps of them is bounded.
func TestLoad(t *testing.T) {
	jobs, workers := testsize.Of(10_000, 1_000), testsize.Of(1_000, 100)
	r := newRig(t)
	r.await("the fleet", func(v *View) bool { return v.Connected })
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	now := time.Now().UTC()
	r.publish(func(i int) string { return schema.KeyPrefix(schema.BucketJobs) + fmt.Sprintf("job%05d", i) }, func(i int) []byte {
		j := task.Job{ID: fmt.Sprintf("job%05d", i), Schema: 1, Kind: task.KindFactor, Class: task.ClassNorm, Chunk: "auto", State: task.Done, Created: now, Ended: &now, Count: 10, Verified: 10}
		if i%10 == 0 {
			j.State, j.Ended, j.Verified = task.Sealed, nil, 0
		}
		j.BadCount, j.Bad = 1, []task.BadToken{{Source: "-", Line: 1, Text: strings.Repeat("x", 40), Why: strings.Repeat("y", 40)}}
		return j.Encode()
	}, jobs)
	r.heartbeats(workers, func(i int) worker.Status {
		s := worker.Status{Host: "host", Version: "1", Stats: worker.Stats{State: worker.StateRunning, Slots: 4, Busy: 4, Numbers: uint64(i)}}
		for k := range worker.MaxActivities {
			s.Activities = append(s.Activities, worker.Activity{Job: "job00000", Position: uint64(k), NumberProgress: worker.NumberProgress{Method: "siqs", Digits: 90, Done: 1, Total: 10, Cores: 1, Left: time.Minute}})
		}
		return s
	})
	v := r.await("all of it", func(v *View) bool { return v.Total == jobs && v.Workers == workers })
	if v.Jobs != jobs/10 || len(v.Lines) != min(jobs, MaxJobs) || !v.Lines[jobs/10-1].Active || v.Lines[jobs/10].Active {
		t.Errorf("%d active jobs, %d lines", v.Jobs, len(v.Lines))
	}
	if want := min(MaxRunning, workers*worker.MaxActivities); len(v.Running) != want || v.Slots != 4*workers {
		t.Errorf("%d running numbers, want %d; %d slots", len(v.Running), want, v.Slots)
	}
	began := time.Now()
	for range 10 {
		if p, err := JobsOf(v, JobQuery{State: "ended", Query: Query{Search: "JOB0000", Sort: "-created", Limit: 5}}); err != nil || p.Total != 9 || len(p.Jobs) != 5 {
			t.Fatalf("a page of jobs: %d of %d, %v", len(p.Jobs), p.Total, err)
		}
	}
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("JSON of %d KB; 10 pages of a list in %v; %d KB of memory are kept, with the server's", len(body)>>10, time.Since(began), kept>>10)
	if limit := int64(jobs)*8<<10 + int64(workers)*32<<10; kept > limit {
		t.Errorf("%d bytes are kept, more than %d", kept, limit)
	}
}

// TestHostileHeartbeat: nothing that a worker writes has control characters, or is long, in a View.
func TestHostileHeartbeat(t *testing.T) {
	r := newRig(t)
	evil := "<script>alert(1)</script>\x1b[2J\u202e\n" + strings.Repeat("A", 600)
	r.heartbeats(1, func(int) worker.Status {
		return worker.Status{
			Name: "other", Instance: evil[:40], Version: evil, Kernels: evil[:50], Host: evil[:60], Offers: []string{evil, "gpu"}, Started: time.Now(),
			Stats: worker.Stats{State: evil[:40], Pause: evil[:45], Slots: -5, Busy: 1 << 30, Lost: -1, Held: 1 << 40, Numbers: 1 << 63, Failures: 1<<64 - 1,
				Activities: []worker.Activity{
					{Job: "a", Position: 1 << 60, NumberProgress: worker.NumberProgress{Method: "x"}},
					{Job: "a.b>*", NumberProgress: worker.NumberProgress{Method: "x"}},
					{Job: "a", Position: 3, NumberProgress: worker.NumberProgress{Method: evil[:48], Digits: -1, Done: 5, Total: 1, Cores: -7, Left: -1, Composite: "12;drop"}},
				}},
			Holding: []string{evil[:30], "a.0-1.r"},
		}
	})
	v := r.await("the worker", func(v *View) bool { return len(v.Names) == 1 })
	w := v.Names[0]
	if w.Name != "w0000" || w.Instance != "i" || w.Slots != 0 || w.Busy < 0 || len(v.Running) != 1 || v.Running[0].Share != 1 || v.Running[0].Left != 0 {
		t.Errorf("%+v, running %+v", w, v.Running)
	}
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "<script") {
		t.Error("the JSON has HTML that is not escaped")
	}
	checkTexts(t, body)
}

// checkTexts checks all texts of a JSON document.
func checkTexts(t *testing.T, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if len(v) > 400 || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("a text of %d bytes: %.80q", len(v), v)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for name, e := range v {
				walk(name)
				walk(e)
			}
		}
	}
	walk(value)
}

// TestWorkerRate: the rate of a worker is that of its heartbeats, whatever counts they claim.
func TestWorkerRate(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rates := make(workerRates)
	beat := func(seconds int, numbers uint64) float64 {
		list := []worker.Status{{Name: "w", Instance: "i", Seen: at.Add(time.Duration(seconds) * time.Second), Stats: worker.Stats{Numbers: numbers}}}
		names := Summarize(fleet.WorkerList{Workers: list}, nil)
		rates.set(names, list)
		return names[0].Rate
	}
	for _, step := range []struct {
		seconds int
		numbers uint64
		want    float64
	}{{0, 100, 0}, {5, 150, 0}, {10, 200, 10}, {15, 1000, 10}, {20, 300, 10}, {30, 100, 0}, {40, 200, 10}} {
		if got := beat(step.seconds, step.numbers); got != step.want {
			t.Errorf("after %d s: %v, want %v", step.seconds, got, step.want)
		}
	}
	rates.set(nil, nil)
	if len(rates) != 0 {
		t.Error("a worker that has left is kept")
	}
}
