package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/observe"
	"factorfleet/internal/task"
)

// jobsRead notes which jobs are read.
type jobsRead struct{ ids chan string }

func (r jobsRead) Job(_ context.Context, id string) (*observe.JobView, error) {
	r.ids <- id
	return &observe.JobView{Job: &observe.Job{Job: &task.Job{ID: id}}}, nil
}

// TestReadJobs: the job that the user has chosen last is read at once, one that was chosen before it is not, and the same job
// is read again after a pause.
func TestReadJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		read, wanted, jobs := jobsRead{make(chan string, 9)}, make(chan string, 1), make(chan *observe.JobView, 9)
		replace(wanted, "old")
		replace(wanted, "a")
		go readJobs(ctx, read, wanted, jobs)
		began := time.Now()
		want := func(id string, after time.Duration) {
			t.Helper()
			if got := <-read.ids; got != id || time.Since(began) != after {
				t.Errorf("read %s after %v, not %s after %v", got, time.Since(began), id, after)
			}
		}
		want("a", 0)
		replace(wanted, "")
		synctest.Wait()
		replace(wanted, "b")
		want("b", 0)
		replace(wanted, "b")
		synctest.Wait()
		if len(read.ids) > 0 {
			t.Error("a job is read again at once")
		}
		time.Sleep(jobEvery)
		replace(wanted, "b")
		want("b", jobEvery)
		stop()
	})
}
