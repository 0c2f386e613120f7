package job

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

var manyJobs = flag.Int("jobs", 60, "jobs of TestManyJobs; from 1000 on it also waits until the leases have expired")

// A footprint is what a server keeps of jobs.
type footprint struct {
	messages, bytes uint64
	consumers       int
	keys            int    // of FACTOR_JOBS
	leases          int    // counted in messages
	disk            int64  // bytes of the store. A server keeps removed messages in a block until it compacts it
	heap            uint64 // bytes, server and clients together
}

// footprint measures the server. Leases are counted only if all of them have had the time to expire.
func (h *testFleet) footprint(leases bool) (f footprint) {
	h.t.Helper()
	names := []string{
		schema.StreamInputs, schema.StreamTasks, schema.StreamResults, schema.StreamReturns, schema.StreamDead, schema.BucketStream(schema.BucketJobs),
	}
	if leases {
		names = append(names, schema.BucketStream(schema.BucketLeases))
	}
	for _, name := range names {
		s, err := h.js.Stream(h.t.Context(), name)
		if err != nil {
			h.t.Fatal(err)
		}
		state := s.CachedInfo().State
		f.messages, f.bytes, f.consumers = f.messages+state.Msgs, f.bytes+state.Bytes, f.consumers+state.Consumers
		switch name {
		case schema.BucketStream(schema.BucketJobs):
			f.keys = int(state.NumSubjects)
		case schema.BucketStream(schema.BucketLeases):
			f.leases = int(state.NumSubjects)
		}
	}
	filepath.WalkDir(h.server.Config().Store, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // a file that was removed meanwhile
		}
		if info, err := d.Info(); err == nil && d.Type().IsRegular() {
			f.disk += info.Size()
		}
		return nil
	})
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap = m.HeapAlloc
	return f
}

// TestManyJobs: jobs that were submitted, answered and removed, and whose tombstones have expired, leave nothing.
//
//	go test ./internal/job -run TestManyJobs -v -jobs 100000 -timeout 0
func TestManyJobs(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	h.worker("w", nil)
	ctx, cancel := context.WithCancel(t.Context())
	var supervisor sync.WaitGroup
	supervisor.Go(func() { Supervise(ctx, h.other(), zerolog.Nop(), 0) })
	defer supervisor.Wait()
	defer cancel()
	await(t, "the supervisor", func() bool { names, err := h.Supervisors(t.Context()); return err == nil && len(names) == 1 })
	long := *manyJobs >= 1000
	before := h.footprint(long)
	began := time.Now()
	h.runJobs(*manyJobs)
	t.Logf("%d jobs in %v", *manyJobs, time.Since(began).Round(time.Millisecond))
	after := h.footprint(long)
	t.Logf("before %+v", before)
	t.Logf("with tombstones %+v", after)
	await(t, "all tombstones are removed", func() bool {
		after = h.footprint(long)
		return after.keys == before.keys && after.messages == before.messages && after.consumers <= before.consumers
	})
	t.Logf("after %+v", after)
	if slack := uint64(after.leases * 100); after.bytes > before.bytes+slack { // a lease may have one header more
		t.Errorf("%d bytes; before %d", after.bytes, before.bytes)
	}
}

// runJobs submits n jobs, a few at the same time, waits for each, and has the tombstones expire.
func (h *testFleet) runJobs(n int) {
	h.t.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		f := h.other()
		group.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				s := submission("", text(int(i), 3))
				s.Keep = 0
				var out output
				w := out.watch()
				w.Private = true
				var id string
				_, err := Submit(h.t.Context(), f, s, w, func(job string) { id = job })
				if err == nil && out.len() != 3 {
					err = fmt.Errorf("%d answers", out.len())
				}
				if err == nil {
					err = f.Remove(h.t.Context(), id)
				}
				if err == nil {
					_, err = f.ChangeJob(h.t.Context(), id, func(j *task.Job) error {
						past := j.Created
						j.Expires = &past
						return nil
					})
				}
				if err != nil {
					h.t.Errorf("job %s: %v", id, err)
					return
				}
			}
		})
	}
	group.Wait()
}
