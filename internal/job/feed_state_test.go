package job

import (
	"errors"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// TestFeedTable states what the feeder does in each state at each event: act>next state, or
// the act alone if the state stays. "-" is impossible.
func TestFeedTable(t *testing.T) {
	t.Parallel()
	const table = `
	            matched            beyond    silent     ended           ended-short  broken        broken-short
	unknown     -                  -         -          -               -            -             -
	comparing   confirm>appending  -         nothing    -               fewer        -             unreadable
	appending   -                  store     store-all  seal>sealed     -            seal>sealed   -
	matching    nothing            more      nothing    seal>sealed     fewer        seal>sealed   unreadable
	restoring   nothing            nothing   nothing    restore>sealed  fewer        unreadable    unreadable
	sealed      -                  -         -          -               -            -             -`
	acts := []string{"-", "nothing", "confirm", "store", "store-all", "seal", "restore", "more", "fewer", "unreadable"}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != int(feedStates)+1 {
		t.Fatalf("%d states are described, there are %d", len(lines)-1, feedStates)
	}
	for i, line := range lines[1:] {
		state, fields := feedState(i), strings.Fields(line)
		if fields[0] != state.String() || len(fields) != int(feedEvents)+1 {
			t.Fatalf("line %q is of state %v", line, state)
		}
		for e := range feedEvents {
			step := feedTable[state][e]
			got := acts[step.act]
			if step.next != state && step.act != actImpossible {
				got += ">" + step.next.String()
			}
			if got != fields[e+1] {
				t.Errorf("%v, %v: %s, want %s", state, e, got, fields[e+1])
			}
		}
	}
}

// TestFeedRules: numbers are stored only if all that is stored is known to be the same, and
// no job is sealed whose input is shorter than what is stored.
func TestFeedRules(t *testing.T) {
	t.Parallel()
	for state := range feedStates {
		for e := range feedEvents {
			step := feedTable[state][e]
			if (step.act == actStore || step.act == actStoreAll) && state != feedAppending {
				t.Errorf("%v, %v: numbers are stored", state, e)
			}
			if (step.next == feedSealed) != (step.act == actSeal || step.act == actRestore) {
				t.Errorf("%v, %v: act %d leads to %v", state, e, step.act, step.next)
			}
			if step.act == actSeal && state == feedRestoring || step.act == actRestore && state != feedRestoring {
				t.Errorf("%v, %v: act %d", state, e, step.act)
			}
			if short := e == inputEndedShort || e == inputBrokenShort; short && step.next == feedSealed {
				t.Errorf("%v, %v: sealed", state, e)
			}
		}
	}
}

func TestFirstState(t *testing.T) {
	t.Parallel()
	const digest = "d"
	for name, test := range map[string]struct {
		job              task.Job
		existed          bool
		stored, compared uint64
		want             feedState
	}{
		"new":                              {task.Job{State: task.Open}, false, 0, 0, feedAppending},
		"new, the lease was lost":          {task.Job{State: task.Open}, false, 20, 10, feedComparing},
		"new, all that is stored was read": {task.Job{State: task.Open}, false, 20, 20, feedAppending},
		"being fed":                        {task.Job{State: task.Open}, true, 20, 0, feedComparing},
		"nothing stored":                   {task.Job{State: task.Open}, true, 0, 0, feedAppending},
		"sealed":                           {task.Job{State: task.Sealed, Count: 20, Digest: digest}, true, 20, 0, feedMatching},
		"done":                             {task.Job{State: task.Done, Count: 20, Digest: digest}, true, 20, 0, feedMatching},
		"done, of no numbers":              {task.Job{State: task.Done, Digest: digest}, true, 0, 0, feedMatching},
		"cut off":                          {task.Job{State: task.Done, Count: 20, Digest: digest, CutOff: true}, true, 20, 0, feedComparing},
		"cut off, read beyond":             {task.Job{State: task.Done, Count: 20, CutOff: true}, true, 20, 20, feedAppending},
		"lost":                             {task.Job{State: task.Sealed, Count: 20, Digest: digest}, true, 10, 0, feedRestoring},
		"all lost":                         {task.Job{State: task.Done, Count: 20, Digest: digest}, true, 0, 0, feedRestoring},
		"restored in part":                 {task.Job{State: task.Open, Digest: digest}, true, 10, 0, feedRestoring},
	} {
		if got := firstState(&test.job, test.existed, test.stored, test.compared); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestEndEvent(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, test := range []struct {
		err          error
		read, stored uint64
		want         feedEvent
	}{
		{nil, 5, 5, inputEnded}, {nil, 6, 5, inputEnded}, {nil, 4, 5, inputEndedShort}, {nil, 0, 0, inputEnded},
		{broken, 5, 5, inputBroken}, {broken, 6, 5, inputBroken}, {broken, 4, 5, inputBrokenShort},
	} {
		if got := endEvent(test.err, test.read, test.stored); got != test.want {
			t.Errorf("%v after %d of %d: %v, want %v", test.err, test.read, test.stored, got, test.want)
		}
	}
}
