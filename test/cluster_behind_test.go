package test

import (
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A replica of FACTOR_JOBS may not have the manifest of a job that was just created through another server. A change
// of the job asks again. Here the job is created once the replica has answered that there is none.
func TestClusterJobBehind(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "")
	nc, js := c.connect()
	f, err := fleet.Open(t.Context(), nc, js, stream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	creator, creatorJS := c.connect()
	other, err := fleet.Open(t.Context(), creator, creatorJS, stream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reads, err := nc.SubscribeSync("$JS.API.DIRECT.GET." + schema.BucketStream(schema.BucketJobs) + ".>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	changed := make(chan error, 1)
	go func() {
		_, err := f.ChangeJob(t.Context(), "late", func(j *task.Job) error { j.Paused = true; return nil })
		changed <- err
	}()
	if _, err := reads.NextMsg(time.Minute); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	j := &task.Job{ID: "late", Schema: 1, Kind: task.KindFactor, Class: task.ClassNorm, Chunk: "auto", State: task.Open, Created: now}
	if err := other.CreateJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if err := <-changed; err != nil {
		t.Errorf("a job that was created a moment ago: %v", err)
	}
}
