package main

import (
	"regexp"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

func TestLetterFilter(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	letter := fleet.DeadLetter{
		Writer: "sweeper", Failure: task.Failure{Err: "no answer within 40s", Time: now, Seen: []task.Seen{{Worker: "lab4"}}},
	}
	attempts := []fleet.DeadLetter{
		{Writer: "lab3", Failure: task.Failure{Err: "panic: index out of range"}},
		{Writer: "lab5", Begun: true, Failure: task.Failure{Err: "began"}},
	}
	for _, test := range []struct {
		what  string
		f     letterFilter
		since time.Time
		want  bool
	}{
		{"nothing", letterFilter{}, time.Time{}, true},
		{"its own error", letterFilter{failure: regexp.MustCompile("within [0-9]+s$")}, time.Time{}, true},
		{"the error of an attempt", letterFilter{failure: regexp.MustCompile("^panic")}, time.Time{}, true},
		{"another error", letterFilter{failure: regexp.MustCompile("memory")}, time.Time{}, false},
		{"an attempt that has begun has no error", letterFilter{failure: regexp.MustCompile("began")}, time.Time{}, false},
		{"a worker that has failed", letterFilter{worker: "lab3"}, time.Time{}, true},
		{"a worker that was seen", letterFilter{worker: "lab4"}, time.Time{}, true},
		{"a worker that died", letterFilter{worker: "lab5"}, time.Time{}, true},
		{"another worker", letterFilter{worker: "lab6"}, time.Time{}, false},
		{"the writer", letterFilter{worker: "sweeper"}, time.Time{}, true},
		{"written then", letterFilter{}, now, true},
		{"written before", letterFilter{}, now.Add(1), false},
		{"both", letterFilter{worker: "lab3", failure: regexp.MustCompile("memory")}, time.Time{}, false},
	} {
		if got := test.f.selects(&letter, attempts, test.since); got != test.want {
			t.Errorf("%s: %v", test.what, got)
		}
	}
}
