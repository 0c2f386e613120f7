package job

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A journal is a log that several goroutines write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// A vandal stores what a broken or hostile producer stores. It returns what the log of the supervisor must name.
type vandal func(h *testFleet, nc *nats.Conn) (named []string)

// key stores a value of a key in a bucket.
func (h *testFleet) key(nc *nats.Conn, bucket, key string, value []byte) {
	h.t.Helper()
	if err := nc.Publish(schema.KeyPrefix(bucket)+key, value); err != nil {
		h.t.Error(err)
	}
}

// manifests are values of keys of FACTOR_JOBS that are no manifests of this version.
func manifests(h *testFleet, nc *nats.Conn) (named []string) {
	for i, value := range []string{
		"garbage", "{", "null", "[]", "0", `"x"`, "{}", strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 50_000), strings.Repeat("x", 512<<10),
		`{"id":%q,"state":5}`, `{"id":%q,"state":"sealed","count":-1}`, `{"id":%q,"state":"sealed","count":1e99}`, `{"id":%q,"state":"sealed","count":"3"}`,
		`{"id":%q,"schema":1,"kind":"square","class":"norm","state":"sealed","count":9223372036854775808}`,
		`{"id":%q,"schema":1,"kind":"square","class":"norm","state":"sealed","count":18446744073709551615}`,
		`{"id":%q,"schema":1,"kind":"square","class":"norm","state":"sealed","keep_ns":-1}`,
		`{"id":%q,"schema":1,"kind":"square","class":"norm","state":"poison"}`,
		`{"id":%q,"schema":1,"kind":"cube","class":"norm","state":"open"}`,
		`{"id":%q,"schema":1,"kind":"square","class":"urgent","state":"open"}`,
		`{"id":%q,"schema":3,"kind":"square","class":"norm","state":"sealed","count":3}`,
		`{"id":%q,"schema":1,"kind":"square","class":"norm","state":"open","created":"-001-01-01T00:00:00Z"}`,
		`{"id":%q,"schema":1,"kind":"square","class":"norm","state":"sealed","bad_count":0,"bad":[{}]}`,
		`{"id":"honest","schema":1,"kind":"square","class":"norm","state":"cancelled"}`,
	} {
		id := fmt.Sprintf("bad-%d", i)
		if strings.Contains(value, "%q") {
			value = fmt.Sprintf(value, id)
		}
		h.key(nc, schema.BucketJobs, id, []byte(value))
		named = append(named, "read job "+id+":")
	}
	return named
}

// wild are manifests that this program could have written, of jobs that can never end.
func wild(h *testFleet, nc *nats.Conn) (named []string) {
	for i, j := range []task.Job{
		{State: task.Sealed, Count: task.MaxPosition},
		{State: task.Sealed, Count: 5, Digest: strings.Repeat("x", 1000), Chunk: "\x1b[2J"},
		{State: task.Open, Created: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)},
		{State: task.Open, CutOff: true, Created: time.Time{}},
		{State: task.Done, Ended: new(time.Time{}), Expires: new(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))},
		{State: task.Cancelled, Ended: new(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)), Expires: new(time.Time{})},
		{State: task.Removed, Keep: 1<<63 - 1, Expires: new(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))},
		{State: task.Sealed, Budget: 1<<63 - 1, Keep: 1<<63 - 1, Work: 1<<63 - 1},
	} {
		j.ID, j.Schema, j.Kind, j.Class = fmt.Sprintf("wild-%d", i), 1, task.KindSquare, task.ClassNorm
		h.key(nc, schema.BucketJobs, j.ID, j.Encode())
	}
	return nil
}

// names are keys of FACTOR_JOBS and FACTOR_LEASES that are no job names, and subjects with them.
func names(h *testFleet, nc *nats.Conn) []string {
	sealed := []byte(`{"schema":1,"kind":"square","class":"norm","state":"sealed","count":3}`)
	for _, name := range []string{
		"UPPER", "a.b", "a.b.c", "-", "_", "x%y", "x!", strings.Repeat("n", 500), strings.Repeat("a.", 60) + "b", "worker", "worker.x.y", "worker.w%",
		"process.supervisor.x", "KV_FACTOR_JOBS", "\u202e", "\x01", "\xff\xfe", "\x1b]0;x",
	} {
		h.key(nc, schema.BucketJobs, name, sealed)
		h.key(nc, schema.BucketLeases, name, bytes.Repeat([]byte("\x1b"), 900))
		h.key(nc, schema.BucketLeases, "process.supervisor."+name, nil)
		nc.Publish(schema.TasksPrefix+"norm."+name+".0-3.0", []byte("x"))
		nc.Publish(schema.InputsPrefix+name+".0-3", task.EncodeBlock(nil))
	}
	return []string{"read job UPPER:", "is not a job id"}
}

// leases are leases without a time to live, of the honest job, and of a supervisor that does not live.
func leases(h *testFleet, nc *nats.Conn) []string {
	for _, key := range []string{"honest", "honest.feed", fleet.SupervisorLease("ghost1"), fleet.SupervisorLease("ghost2")} {
		h.key(nc, schema.BucketLeases, key, []byte("\x1b[2J"))
	}
	return []string{"removing a lease that the server has not let expire"}
}

// inputs are blocks that are none, of a job that is sealed.
func inputs(h *testFleet, nc *nats.Conn) (named []string) {
	for i, block := range [][]byte{nil, []byte("garbage"), task.EncodeBlock(make([]nat.Nat, 2)), bytes.Repeat([]byte{0xff}, 400<<10)} {
		id := fmt.Sprintf("input-%d", i)
		j := task.Job{ID: id, Schema: 1, Kind: task.KindSquare, Class: task.ClassNorm, State: task.Sealed, Count: 3}
		nc.Publish(schema.InputsPrefix+id+".0-3", block)
		nc.Publish(schema.InputsPrefix+id+".3-4097", block)
		nc.Publish(schema.InputsPrefix+id+".0-9007199254740991", block)
		h.key(nc, schema.BucketJobs, id, j.Encode())
		named = append(named, id)
	}
	return named
}

// tasks are tasks that are none, and of jobs that are none, and for ranges of the honest job.
func tasks(h *testFleet, nc *nats.Conn) []string {
	status := nats.NewMsg(schema.TasksPrefix + "norm.none.7-1.0") // looks like the end of a pull request
	status.Header.Set("Status", "404")
	status.Header.Set("Description", "No Messages")
	nc.PublishMsg(status)
	for _, at := range []string{
		"norm.none.0-1.0", "norm.none.0-1.zz", "norm.none.5-4096.0", "norm.none.x.0", "norm.none.00-1.0", "norm.none.0-1", "hi.none.0-1.0.0", "low.none",
		"hi.none.9007199254740990-9.0", "none.none.0-1.0", "hi.honest.0-3.zz", "hi.honest.999-9.zz",
	} {
		for i, content := range [][]byte{nil, []byte("garbage"), bytes.Repeat([]byte{8}, 400<<10), (&task.Task{Kind: "cube", Numbers: make([]nat.Nat, 1)}).Encode(), (&task.Task{Kind: task.KindSquare, Numbers: make([]nat.Nat, 3), Budget: -1}).Encode()} {
			m := nats.NewMsg(schema.TasksPrefix + at + strings.Repeat("y", i))
			m.Data = content
			m.Header.Set(schema.HeaderSpent, fmt.Sprint(-7*i))
			nc.PublishMsg(m)
		}
	}
	return nil
}

// letters are dead letters, records and returns that are none.
func letters(h *testFleet, nc *nats.Conn) []string {
	for _, at := range []string{"none.0-1", "honest.0-1", "honest.0-4097", "honest.999999-1", "honest.x", "honest.00-1", "none.9007199254740990-1"} {
		for _, data := range [][]byte{nil, []byte("\x1b[2J"), bytes.Repeat([]byte{0xff}, 400<<10)} {
			nc.Publish(schema.DeadPrefix+at+".w", data)
			nc.Publish(schema.DeadPrefix+at+".sweeper", data)
			nc.Publish(schema.FailedPrefix+at+".0.3.w", data)
			nc.Publish(schema.ReturnsPrefix+at+".0.w", data)
		}
	}
	return nil
}

// TestBrokenProducer: whatever a producer stores, supervisors, workers and other jobs go on, honest workers get no
// strike, and the log stays short and names what is wrong.
func TestBrokenProducer(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]vandal{
		"manifests": manifests, "wild": wild, "names": names, "leases": leases, "inputs": inputs, "tasks": tasks, "letters": letters,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			nc, js := h.connect()
			named := spoil(h, nc)
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			log := new(journal)
			supervisor, err := fleet.Open(t.Context(), nc, js, stream.Options{Log: zerolog.New(log)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the log:\n%.3000s", log.String())
				}
			})
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- Supervise(ctx, supervisor, zerolog.New(log), 0) }()
			h.worker("w", nil)
			if _, err := Feed(t.Context(), h.other(), submission("honest", text(0, 500)), Watch{}, func(string) {}); err != nil {
				t.Fatal(err)
			}
			await(t, "the honest job is done", func() bool { j, err := h.Job(t.Context(), "honest"); return err == nil && j.State == task.Done })
			again, _ := h.connect() // once more, beside a supervisor that runs
			spoil(h, again)
			if err := again.Flush(); err != nil {
				t.Fatal(err)
			}
			r := h.submit(h.other(), submission("second", text(0, 500)))
			r.clean()
			r.out.check(t, 0, 500)
			for _, want := range named {
				await(t, fmt.Sprintf("the log names %s", want), func() bool { return strings.Contains(log.String(), want) })
			}
			if lines := strings.Count(log.String(), "\n"); lines > 150 || len(log.String()) > 200_000 || strings.ContainsAny(log.String(), "\x1b\u202e") {
				t.Errorf("%d lines of log:\n%.3000s", lines, log.String())
			}
			jobs, err := h.Jobs(t.Context())
			if err != nil || len(jobs) < 2 {
				t.Errorf("%d jobs, %v", len(jobs), err)
			}
			if _, err := h.Supervisors(t.Context()); err != nil {
				t.Error(err)
			}
			if err := h.RemoveExpired(t.Context()); err != nil {
				t.Error(err)
			}
			if s := h.standing("w"); len(s.Strikes) > 0 {
				t.Errorf("the worker has strikes: %+v", s)
			}
			select {
			case err := <-ended:
				t.Fatalf("the supervisor has ended: %v", err)
			default:
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
