package test

import (
	"encoding/json"
	"strings"
	"testing"

	"factorfleet/internal/factor/kernels"
)

// TestWorkingOn: the list of workers, and a wait for a single number, show what is computed for the
// number, until the number is done.
func TestWorkingOn(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1 --name w")
	// Of the same length in bits as 10^93, so that the count of its digits does not follow from that of its bits.
	const hopeless = "1020000000000000000000000000000000000000000001358058379029886052961761414333334309768408987223"
	s.run("producer", "submit --detach --id j "+hopeless).wantCode(0)
	type activity struct {
		Job                string
		Position           uint64
		Digits, Cores      int
		Method             string
		B1, Total, Left_ns uint64
	}
	look := func() (all []activity) {
		var list []struct {
			Kernels    string
			Activities []activity
		}
		text := s.run("producer", "workers ls --json").wantCode(0).stdout.String()
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		for _, w := range list {
			if w.Kernels != kernels.Active().String() {
				t.Errorf("the worker's kernels are %q, want %v", w.Kernels, kernels.Active())
			}
			all = append(all, w.Activities...)
		}
		return all
	}
	eventually(t, "the worker says what it does", func() bool { return len(look()) > 0 })
	a := look()[0]
	if a.Job != "j" || a.Position != 0 || a.Digits != len(hopeless) || a.Cores != 1 || a.Method != "ecm" && a.Method != "p-1" && a.Method != "p+1" || a.B1 == 0 || a.Left_ns == 0 {
		t.Errorf("it says %+v", a)
	}
	if got := s.run("producer", "workers ls").wantCode(0).stdout.String(); !strings.Contains(got, "number 1 of j: 94 digits, ") || !strings.Contains(got, ", 1 core, about ") {
		t.Errorf("the list is\n%s", got)
	}
	w := s.start("producer", "wait --progress always j")
	w.await(&w.stderr, " left: curves ")
	s.run("producer", "cancel j").wantCode(0)
	w.wantCode(5)
	eventually(t, "the worker has nothing to say", func() bool { return len(look()) == 0 })
}
