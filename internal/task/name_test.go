package task

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChecks(t *testing.T) {
	for _, test := range []struct {
		name    string
		check   func(string) error
		good    []string
		badOnes []string
	}{
		{"CheckJob", CheckJob, []string{"a", "A_b-9", strings.Repeat("x", 40)}, []string{"", "a.b", "a b", "é", "a*", ">", "a\n", strings.Repeat("x", 41)}},
		{"CheckWorker", CheckWorker, []string{"a", "lab-3", strings.Repeat("x", 32)}, []string{"", "A", "a_b", "a.b", "a\n", "é", strings.Repeat("x", 33)}},
		{"CheckRound", CheckRound, []string{"0", "1", "mhk3z0ab", "zzzzzzzzzzzz"}, []string{"", "00", "01", "-1", "A", "1.2", "0\n", "1000000000000"}},
		{"CheckClass", func(s string) error { return CheckClass(Class(s)) }, []string{"hi", "norm", "low"}, []string{"", "HI", "high", "exec-x"}},
	} {
		for _, s := range test.good {
			if err := test.check(s); err != nil {
				t.Errorf("%s(%q): %v", test.name, s, err)
			}
		}
		for _, s := range test.badOnes {
			if test.check(s) == nil {
				t.Errorf("%s(%q): accepted", test.name, s)
			}
		}
	}
}

func TestWorkerName(t *testing.T) {
	for text, want := range map[string]string{
		"lab3": "lab3", "Lab3.Example.ORG": "lab3-example-org", "": "worker", "---": "worker", "é": "worker", "_x_": "x", "a\x00b": "a-b",
		strings.Repeat("x", 32): strings.Repeat("x", 32), "-" + strings.Repeat("x", 32) + "-": strings.Repeat("x", 32),
		strings.Repeat("x", 31) + ".y":                     "xxxxxxxxxxxxxx-xxxxxx-y-gcb1f3e8",
		"factorfleet-consumer-deployment-7f9c6d5b8-x2x9z":  "factorfleet-co-b8-x2x9z-f57bsa53",
		"Factorfleet-Consumer-deployment-7f9c6d5b8-x2x9z":  "factorfleet-co-b8-x2x9z-f57bsa53",
		"factorfleet-consumer-deployment-7f9c6d5b8-q8k4m":  "factorfleet-co-b8-q8k4m-3az57y8k",
		"ip-10-31-7-41.eu-west-1.compute.internal.example": "ip-10-31-7-41-example-s8f9pbcf",
		"ip-10-31-7-42.eu-west-1.compute.internal.example": "ip-10-31-7-42-example-hecvxnvy",
	} {
		if got := WorkerName(text); got != want {
			t.Errorf("WorkerName(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzWorkerName(f *testing.F) {
	f.Add("Lab3.Example.ORG")
	f.Add("\xff\x00é")
	f.Add(strings.Repeat("-x", 30))
	f.Fuzz(func(t *testing.T, text string) {
		name := WorkerName(text)
		if err := CheckWorker(name); err != nil {
			t.Error(err)
		}
		if WorkerName(name) != name {
			t.Errorf("WorkerName(%q) = %q, and of that %q", text, name, WorkerName(name))
		}
	})
}

func TestNewJobID(t *testing.T) {
	start := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 1000 {
		id := NewJobID(start.Add(time.Duration(i) * time.Millisecond))
		if len(id) != 13 || CheckJob(id) != nil {
			t.Errorf("%q is not a job id of 13 characters", id)
		}
		ids = append(ids, id)
	}
	if !slices.IsSorted(ids) {
		t.Error("ids are not sorted by time")
	}
	if a, b := NewJobID(time.UnixMilli(1<<44-1)), NewJobID(start); a < b {
		t.Errorf("%s of the year 2527 sorts before %s", a, b)
	}
	seen := make(map[string]bool)
	for range 100 {
		seen[NewJobID(start)] = true
	}
	if len(seen) < 99 {
		t.Errorf("%d different ids of 100 in one millisecond", len(seen))
	}
}

func TestRounds(t *testing.T) {
	if err := CheckRound(FirstRound); err != nil {
		t.Error(err)
	}
	now := time.UnixMilli(1795171200123)
	round := NewRound(now)
	if err := CheckRound(round); err != nil || round == FirstRound {
		t.Errorf("NewRound = %q, %v", round, err)
	}
	if later := NewRound(now.Add(time.Millisecond)); later <= round || len(later) != len(round) {
		t.Errorf("a millisecond after %q is %q", round, later)
	}
}

func TestFinished(t *testing.T) {
	for state, want := range map[State]bool{Open: false, Sealed: false, Done: true, Cancelled: true, Removed: true} {
		if got := (&Job{State: state}).Finished(); got != want {
			t.Errorf("Finished of %s = %v", state, got)
		}
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[Status]string{Prime: "P", PRP: "PRP", Composite: "C", Value: "V", 0: "Status(0)", 9: "Status(9)"} {
		if got := status.String(); got != want {
			t.Errorf("Status %d is %q, want %q", uint8(status), got, want)
		}
	}
}
