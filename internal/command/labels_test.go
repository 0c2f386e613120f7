package command

import (
	"strings"
	"testing"

	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestUnserved: what is said if no worker takes the tasks of a class.
func TestUnserved(t *testing.T) {
	running := worker.Stats{State: worker.StateRunning}
	workers := []worker.Status{
		{Stats: running}, {Stats: running, Offers: []string{"gpu", "large"}},
		{Stats: worker.Stats{State: worker.StateDraining}, Offers: []string{"exec=resize", "ssd"}},
	}
	for class, want := range map[task.Class]string{
		"norm": "", "hi+gpu": "", "low+large": "",
		"norm+ssd":             "no worker that runs now offers label ssd: start one with consumer run --label ssd; the job waits",
		"norm+gpu+ssd":         "no worker that runs now offers label gpu, ssd: start one with consumer run --label gpu --label ssd; the job waits",
		"norm+exec=resize":     "no worker that runs now runs command resize: start one with consumer run --exec resize=COMMAND; the job waits",
		"norm+exec=resize+gpu": "no worker that runs now runs command resize and offers label gpu: start one with consumer run --exec resize=COMMAND --label gpu; the job waits",
	} {
		if got := Unserved(class, workers); got != want {
			t.Errorf("%s: %q", class, got)
		}
	}
	if got := Unserved("norm+large", workers[:1]); got != "no worker that runs now accepts numbers of any size: start one with consumer run without --max-digits; the job waits" {
		t.Errorf("large: %q", got)
	}
	if got := Unserved("norm", nil); got != "" {
		t.Errorf("no worker at all: %q", got)
	}
}

// TestLacksSecond: a job with --replicas 2 waits as long as all workers that take its tasks have one name.
func TestLacksSecond(t *testing.T) {
	running := worker.Stats{State: worker.StateRunning}
	offers := []string{"exec=resize"}
	v := worker.Status{Name: "v", Instance: "1", Stats: running, Offers: offers}
	v2, w, other, draining := v, v, v, v
	v2.Instance, w.Name, other.Name, other.Offers, draining.Name, draining.State = "2", "w", "other", nil, "draining", worker.StateDraining
	for what, c := range map[string]struct {
		replicas int
		workers  []worker.Status
		lacks    bool
	}{
		"one": {2, []worker.Status{v, other, draining}, true}, "two processes": {2, []worker.Status{v, v2}, true},
		"two": {2, []worker.Status{v, w}, false}, "none": {2, []worker.Status{other}, false}, "no replicas": {0, []worker.Status{v}, false},
	} {
		j := &task.Job{Kind: "exec:resize", Class: task.ClassNorm, Replicas: c.replicas}
		if got := LacksSecond(j, c.workers); (got != "") != c.lacks || c.lacks && !strings.HasPrefix(got, "only worker v runs, ") {
			t.Errorf("%s: %q", what, got)
		}
	}
}
