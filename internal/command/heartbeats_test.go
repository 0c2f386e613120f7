package command

import (
	"testing"
	"time"

	"factorfleet/internal/worker"
)

// TestIsNews: a composite that takes long is announced once, whichever slot computes it.
func TestIsNews(t *testing.T) {
	t.Parallel()
	activity := func(position uint64, composite string, left time.Duration) worker.Activity {
		return worker.Activity{Job: "j", Position: position, NumberProgress: worker.NumberProgress{Composite: composite, Left: left}}
	}
	long, short, small := activity(1, "77", time.Hour), activity(2, "91", time.Second), activity(3, "", time.Hour)
	moved := activity(4, "77", time.Minute)
	for _, test := range []struct {
		list, last []worker.Activity
		want       bool
	}{
		{nil, nil, false},
		{[]worker.Activity{short, small}, nil, false},
		{[]worker.Activity{short, long}, nil, true},
		{[]worker.Activity{long}, []worker.Activity{small, short}, true},
		{[]worker.Activity{long, short}, []worker.Activity{small, long}, false},
		{[]worker.Activity{moved}, []worker.Activity{long}, false},
		{nil, []worker.Activity{long}, false},
	} {
		if got := isNews(test.list, test.last); got != test.want {
			t.Errorf("%v after %v: %v", test.list, test.last, got)
		}
	}
}
