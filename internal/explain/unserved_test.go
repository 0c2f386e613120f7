package explain

import (
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
		"norm+exec=resize":     "no worker that runs now offers command resize: start one with consumer run --exec resize=COMMAND; the job waits",
		"norm+exec=resize+gpu": "no worker that runs now offers command resize and label gpu: start one with consumer run --exec resize=COMMAND --label gpu; the job waits",
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

// TestAlone: what is said if one worker takes the tasks of a job with two replicas. Two processes of a name are one worker.
func TestAlone(t *testing.T) {
	offering := func(name string) worker.Status {
		return worker.Status{Name: name, Offers: []string{"exec=resize"}, Stats: worker.Stats{State: worker.StateRunning}}
	}
	a, b := offering("a"), offering("b")
	const want = "--replicas 2 needs two workers, and only a takes the tasks: start another one with consumer run --exec resize=COMMAND --name NAME"
	for i, test := range []struct {
		replicas int
		workers  []worker.Status
		want     string
	}{
		{1, []worker.Status{a}, ""}, {2, nil, ""}, {2, []worker.Status{a}, want}, {2, []worker.Status{a, a, {Name: "c"}}, want}, {2, []worker.Status{a, b}, ""},
	} {
		if got := Alone("norm+exec=resize", test.replicas, test.workers); got != test.want {
			t.Errorf("%d: %q", i, got)
		}
	}
}
