package test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

var (
	idleTombstones = flag.Int("idle", 300, "tombstones in the store of TestIdle")
	idleOpen       = flag.Int("idle-jobs", 30, "open jobs in the store of TestIdle, whose tasks are all queued")
	idleSettle     = flag.Duration("idle-settle", 0, "how long TestIdle waits before it measures")
	idleTime       = flag.Duration("idle-time", time.Second, "over what time TestIdle measures")
)

// TestIdle measures what `embedded run` costs while it has nothing to do: CPU time as a share
// of one core, memory, and consumers of each stream. Documents quote
//
//	go test ./test -run TestIdle -v -idle 50000 -idle-jobs 0 -idle-settle 40s -idle-time 60s
func TestIdle(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	fillIdle(t, store)
	node, url := serveStore(t, "-n 0 --store "+store)
	_, js := (&server{program: node, url: url}).connect()
	time.Sleep(*idleSettle)
	pid := node.cmd.Process.Pid
	before, start := cpuTime(t, pid), time.Now()
	time.Sleep(*idleTime)
	share := 100 * float64(cpuTime(t, pid)-before) / float64(time.Since(start))
	t.Logf("%d tombstones, %d open jobs: %.2f %% of a core, %d MB", *idleTombstones, *idleOpen, share, residentMB(t, pid))
	if share > 2 && *idleTime >= 30*time.Second { // else a tick of 10 ms is too coarse
		t.Errorf("%.2f %% of a core, not less than 2", share)
	}
	for name, most := range map[string]int{
		schema.StreamInputs: 0, schema.StreamTasks: len(task.Classes), schema.StreamResults: 0, schema.StreamReturns: 1, schema.StreamDead: 1,
		schema.BucketStream(schema.BucketJobs): 2, schema.BucketStream(schema.BucketLeases): 0, schema.BucketStream(schema.BucketWorkers): 1,
	} {
		s, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		state := s.CachedInfo().State
		t.Logf("%-17s %d consumers, %d messages", name, state.Consumers, state.Msgs)
		if state.Consumers > most {
			t.Errorf("%s has %d consumers, not at most %d", name, state.Consumers, most)
		}
	}
	finishIdle(&server{program: node, url: url})
}

// finishIdle checks that other programs can use a server with all these jobs, and that all
// jobs are done when a worker comes.
func finishIdle(s *server) {
	s.t.Helper()
	s.run("producer", "submit --detach --id late 33").wantCode(0)
	if p := s.run("producer", "ls").wantCode(0); !strings.Contains(p.stdout.String(), "\nlate ") {
		s.t.Errorf("job late is not listed:\n%.500s", p.stdout.String())
	}
	if report[struct{ Holder string }](s, "status late").Holder == "" {
		s.t.Error("no process looks after job late")
	}
	if f, _ := s.status(); f.Jobs != *idleOpen+1 {
		s.t.Errorf("%d active jobs, not %d", f.Jobs, *idleOpen+1)
	}
	began := time.Now()
	s.consumer("-n 1")
	eventually(s.t, "all jobs are done", func() bool { f, _ := s.status(); return f.Jobs == 0 })
	s.t.Logf("all jobs are done after %v", time.Since(began).Round(time.Second/10))
}

// fillIdle makes a store with tombstones and with open jobs.
func fillIdle(t *testing.T, store string) {
	t.Helper()
	server, err := natsserver.Start(natsserver.Config{Store: store, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Fatal(err)
		}
	}()
	nc, err := nats.Connect("", nats.InProcessServer(server))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fleet.Init(t.Context(), js, fleet.Provision{TaskBytes: -1}); err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Open(t.Context(), nc, js, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i := range *idleTombstones {
		expires := now.Add(fleet.TombstoneAge)
		j := &task.Job{
			ID: task.NewJobID(now.Add(-time.Duration(i) * time.Second)), Schema: 1, Kind: task.KindFactor, Class: task.ClassNorm, Chunk: "auto",
			State: task.Removed, Created: now, Ended: &now, Expires: &expires, Count: 1000, Verified: 1000, Digest: strings.Repeat("0", 64),
		}
		if _, err := js.PublishAsync(schema.KeyPrefix(schema.BucketJobs)+j.ID, j.Encode(), jetstream.WithStallWait(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	<-js.PublishAsyncComplete()
	for i := range *idleOpen {
		queueJob(t, f, fmt.Sprint("open", i))
	}
}

// queueJob makes a job whose numbers are all queued.
func queueJob(t *testing.T, f *fleet.Fleet, id string) {
	t.Helper()
	j := &task.Job{
		ID: id, Schema: 1, Kind: task.KindFactor, Class: task.ClassNorm, Chunk: "auto", Keep: time.Hour,
		State: task.Sealed, Created: time.Now(), Count: 2,
	}
	if err := f.CreateJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	in, err := f.Inputs(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	err = in.Append(t.Context(), 0, []nat.Nat{nat.New(15), nat.New(21)})
	if err == nil {
		err = f.Requeue(t.Context(), j, in, []task.Range{task.Span(0, 2)})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// cpuTime returns the CPU time of a process.
func cpuTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest) // from the state on: utime and stime are the 12th and 13th
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on Linux
}

// residentMB returns the resident memory of a process in units of 10^6 bytes.
func residentMB(t *testing.T, pid int) int {
	t.Helper()
	mb := resident(pid)
	if mb == 0 {
		t.Skipf("the memory of process %d is not known", pid)
	}
	return mb
}

// resident is residentMB; 0 if it is not known.
func resident(pid int) (mb int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		return 0
	}
	return n * os.Getpagesize() / 1e6
}
