package main

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/worker"
)

// TestWorkersTable: the processes of a name are one row, and what is long is below it.
func TestWorkersTable(t *testing.T) {
	synctest.Test(t, testWorkersTable) // time stands still
}

func testWorkersTable(t *testing.T) {
	now := time.Now()
	process := func(name, instance, host string, slots int, seen time.Duration) worker.Status {
		return worker.Status{
			Name: name, Instance: instance, Host: host, PID: 17, Started: now.Add(-3 * time.Hour), Seen: now.Add(-seen),
			Stats: worker.Stats{State: worker.StateRunning, Slots: slots, Busy: slots, Numbers: 1000, Failures: 1, CPU: time.Minute},
		}
	}
	busy := process("busy", "i", "host-1", 2, 5*time.Second)
	busy.Activities = []worker.Activity{
		{Job: "j", Position: 6, NumberProgress: worker.NumberProgress{Digits: 75, Method: "siqs", Done: 5, Total: 10, Cores: 2, Left: time.Minute}},
		{Job: "j", Position: 7, NumberProgress: worker.NumberProgress{Digits: 75, Method: "siqs", Cores: 1}},
	}
	busy.Offers, busy.MaxDigits = []string{"exec=resize", "gpu", "large", "ssd"}, 90
	twin := process("twin", "b", "host-3", 4, 2*time.Second)
	twin.State = worker.StateDraining
	twin.Activities = []worker.Activity{{Job: "cpart", Position: 8192, NumberProgress: worker.NumberProgress{Digits: 90, Method: "sieve", Cores: 1}}}
	active := fleet.WorkerList{
		Workers: []worker.Status{busy, process("crowd", "i", strings.Repeat("h", 300), 1, time.Second), process("twin", "a", "host-2", 3, 9*time.Second), twin},
		Crowds:  []fleet.Crowd{{Worker: "crowd", Heartbeats: 20000, Shown: 1}},
	}
	night := process("night", "i", "host-4", 8, time.Second)
	night.State, night.Pause, night.Busy = worker.StateSleeping, "sleeping until 22:00 CET", 0
	active.Workers = append(active.Workers, night)
	standings := []fleet.Standing{
		{Worker: "away", Quarantined: &now, Strikes: make([]fleet.Strike, 3)},
		{Worker: "crowd", Complaints: map[fleet.Complaint]uint64{fleet.ComplaintReturn: 12, fleet.ComplaintHeld: 3, fleet.ComplaintHeartbeats: 19999}},
	}
	var got strings.Builder
	if err := printWorkers(&got, observe.Summarize(active, standings), now); err != nil {
		t.Fatal(err)
	}
	const want = `NAME   STATE        BUSY  NUMBERS  FAILURES  STRIKES  CPU        UP   SEEN     HOST
away   quarantined  -     -        -         3        -          -    -        -
busy   running      2/2   1000     1         0        1 min 0 s  3 h  5 s ago  host-1, pid 17
  offers: labels gpu, ssd; commands resize; numbers of up to 90 digits
  computes number 7 of j: 75 digits, siqs 50% of 10 relations, 2 cores, about 60 s left; 1 more
crowd  running      1/1   1000     1         0        1 min 0 s  3 h  1 s ago  hhhhhhhhhhhhhhhhhhhhhhhhhhhhh..., pid 17
  20,000 heartbeats, 1 shown
  complaints: 19,999 heartbeats too many, 12 returns dropped, 3 ranges held and not answered
night  sleeping     0/8   1000     1         0        1 min 0 s  3 h  1 s ago  host-4, pid 17
  sleeping until 22:00 CET
twin   draining     7/7   2000     2         0        2 min 0 s  3 h  2 s ago  2 processes
  computes part cpart: 90 digits, sieve, 1 core
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

// TestComplaints: each kind of complaint has a text of its own.
func TestComplaints(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, kind := range []fleet.Complaint{
		fleet.ComplaintReturn, fleet.ComplaintHeld, fleet.ComplaintStuck, fleet.ComplaintHeartbeats, fleet.ComplaintResults,
		fleet.ComplaintFailure, fleet.ComplaintUnfinished, "something new",
	} {
		one, many := complaintsText(map[fleet.Complaint]uint64{kind: 1}), complaintsText(map[fleet.Complaint]uint64{kind: math.MaxUint64})
		if seen[one] || !strings.HasPrefix(one, "1 ") || !strings.HasPrefix(many, "18,446,744,073,709,551,615 ") {
			t.Errorf("%s: %q, %q", kind, one, many)
		}
		seen[one] = true
		if kind == "something new" && one != "1 complaint something new" {
			t.Errorf("%q", one)
		}
	}
}
