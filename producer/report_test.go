package main

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// TestPositions: users count positions from 1.
func TestPositions(t *testing.T) {
	for r, want := range map[task.Range]string{
		{First: 0, Count: 1}: "1", {First: 16, Count: 1}: "17", {First: 16, Count: 43}: "17 to 59",
	} {
		if got := text.Positions(r.First, r.Count); got != want {
			t.Errorf("%v: %q, want %q", r, got, want)
		}
	}
	list := []worker.Activity{{Job: "j", Position: 0, NumberProgress: worker.NumberProgress{Digits: 94, Method: "siqs", Cores: 1}}, {}}
	if got, want := workingOn(list), "number 1 of j: 94 digits, siqs, 1 core; 1 more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLetter(t *testing.T) {
	digits, _ := new(big.Int).SetString(strings.Repeat("1", 70), 10)
	long := nat.FromBig(digits)
	for want, l := range map[string]fleet.DeadLetter{
		"?; ":                         {},
		"15; embedded submit -n 1 15": {Failure: task.Failure{Kind: task.KindFactor, Numbers: []nat.Nat{nat.New(15)}}},
		"15; embedded submit -n 1 --kind square --budget 2s --certify 15": {Failure: task.Failure{
			Kind: task.KindSquare, Budget: 2 * time.Second, Certify: true, Numbers: []nat.Nat{nat.New(15)}}},
		"11111111111111111111...1111111111 (70 digits) and 1 more; ": {Failure: task.Failure{Numbers: []nat.Nat{long, nat.New(2)}}},
	} {
		if got := numbersOf(&l) + "; " + reproduce(&l); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSupervision(t *testing.T) {
	for want, r := range map[string]observe.Job{
		"finished":                {Job: &task.Job{State: task.Done}, Holder: "p"},
		"supervised by process p": {Job: &task.Job{State: task.Open}, Holder: "p"},
		"no process supervises it (run `producer serve`, or `producer wait j`)": {Job: &task.Job{ID: "j", State: task.Sealed}},
	} {
		if got := supervision(&r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestAnswered: the report says how many answers have a composite factor left over.
func TestAnswered(t *testing.T) {
	for want, r := range map[string]observe.Job{
		"7":                {Job: &task.Job{}, Answered: 7},
		"at most 7":        {Job: &task.Job{}, Answered: 7, AtMost: true},
		"7 (2 unfinished)": {Job: &task.Job{Unfinished: 2}, Answered: 7},
	} {
		if got := answered(&r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestHandedBack: the status says what workers have handed back, and nothing if that is queued again.
func TestHandedBack(t *testing.T) {
	j, b := &task.Job{Kind: "exec:a"}, new(fleet.Backlog)
	if got := observe.HandedBack(j, b); got != nil {
		t.Errorf("%q", got)
	}
	b.AddReturn(task.Range{First: 3, Count: 2})
	if got := observe.HandedBack(j, b); len(got) != 1 || !strings.HasPrefix(got[0], "2 items handed back by workers") {
		t.Errorf("%q", got)
	}
}
