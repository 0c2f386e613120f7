package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// TestOldRegistry: init and serve replace a bucket of heartbeats of an earlier release, and say so.
func TestOldRegistry(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	_, js := s.connect()
	makeOld := func() {
		t.Helper()
		if err := js.DeleteKeyValue(t.Context(), "FACTOR_WORKERS"); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "FACTOR_WORKERS", TTL: 30 * time.Second, LimitMarkerTTL: time.Minute, MaxValueSize: 16 << 10}); err != nil {
			t.Fatal(err)
		}
	}
	const line = " bucket FACTOR_WORKERS again: with its old settings a worker could remove the heartbeats of others; the workers fill it again\n"
	makeOld()
	s.run("producer", "init --dry-run").wantCode(0).wantStdout("would create" + line)
	s.run("producer", "init").wantCode(0).wantStdout("created" + line)
	s.run("producer", "init").wantCode(0).wantStdout("all streams exist with these settings\n")
	makeOld()
	p := s.start("producer", "serve --listen none")
	p.await(&p.stderr, "supervising")
	p.wantSaid("created" + strings.TrimSuffix(line, "\n"))
	s.run("producer", "init").wantCode(0).wantStdout("all streams exist with these settings\n")
	s.consumer("-n 1 --name late")
	eventually(t, "the worker is listed", func() bool { return s.workerReport("late").Alive })
}

// TestCrowdedRegistry: a worker with 20,000 heartbeats of the largest size hides no other worker from `workers ls`, which
// names it.
func TestCrowdedRegistry(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1 --name honest")
	eventually(t, "the worker is listed", func() bool { return s.workerReport("honest").Alive })
	nc, js := s.connect()
	text := fmt.Sprintf(`{"state":"running","slots":1,"version":"%s"}`, strings.Repeat("x", 4000))
	for i := range 20_000 {
		if err := nc.Publish(fmt.Sprint("$KV.FACTOR_WORKERS.crowd.", i), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := js.Publish(t.Context(), "$KV.FACTOR_WORKERS.crowd.last", []byte(text)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p := s.run("producer", "workers ls").wantCode(0)
	list := p.stdout.String()
	t.Logf("listed in %v, CPU %v", time.Since(began), p.cmd.ProcessState.UserTime()+p.cmd.ProcessState.SystemTime())
	if cpu := p.cmd.ProcessState.UserTime(); cpu > 3*time.Second {
		t.Errorf("workers ls took %v of CPU time", cpu)
	}
	if !strings.Contains(list, "\nhonest ") || !strings.Contains(list, " heartbeats, 256 shown\n") || strings.Count(list, "\n") != 4 {
		t.Errorf("the list is\n%.2000s", list)
	}
}

// TestOldRegistryInCluster: init replaces the bucket of a cluster, too.
func TestOldRegistryInCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "")
	_, js := c.connect()
	if err := js.DeleteKeyValue(t.Context(), "FACTOR_WORKERS"); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "FACTOR_WORKERS", TTL: 30 * time.Second, LimitMarkerTTL: time.Minute, Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	c.consumer("-n 1 --name before")
	eventually(t, "the worker is listed", func() bool { return c.workerReport("before").Alive })
	p := c.run("producer", "init --replicas 3").wantCode(0)
	if !strings.HasPrefix(p.stdout.String(), "created bucket FACTOR_WORKERS again: ") {
		t.Errorf("init says %q", p.stdout.String())
	}
	eventually(t, "the worker is listed again", func() bool { return c.workerReport("before").Alive })
}
