package task

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// TestJobCheck: only manifests that this program writes are believed, and no text of them reaches a terminal as
// it is.
func TestJobCheck(t *testing.T) {
	good := Job{ID: "j", Schema: 1, Kind: KindFactor, Class: ClassNorm, State: Sealed, Count: MaxPosition}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	if err := (&Job{ID: "j", State: Removed}).Check(); err != nil {
		t.Errorf("tombstone: %v", err)
	}
	for what, spoil := range map[string]func(*Job){
		"newer":        func(j *Job) { j.Schema = 3 },
		"schema":       func(j *Job) { j.Schema = -1 },
		"state":        func(j *Job) { j.State = "poison" },
		"no state":     func(j *Job) { j.State = "" },
		"kind":         func(j *Job) { j.Kind = "cube" },
		"class":        func(j *Job) { j.Class = "urgent" },
		"count":        func(j *Job) { j.Count = MaxPosition + 1 },
		"2^64-1":       func(j *Job) { j.Verified = 1<<64 - 1 },
		"budget":       func(j *Job) { j.Budget = -1 },
		"keep":         func(j *Job) { j.Keep = -1 },
		"work":         func(j *Job) { j.Work = -1 },
		"effort":       func(j *Job) { j.WorkDigits = MaxWorkDigits + 1 },
		"bad effort":   func(j *Job) { j.WorkDigits = math.NaN() },
		"bad count":    func(j *Job) { j.Bad = make([]BadToken, 3); j.BadCount = 2 },
		"one square":   func(j *Job) { j.Kind, j.One = KindSquare, true },
		"retries":      func(j *Job) { j.Retries = "a.b" },
		"campaign":     func(j *Job) { j.Campaign = "often" },
		"too many bad": func(j *Job) { j.Bad = make([]BadToken, MaxBad+1); j.BadCount = MaxBad + 1 },
	} {
		j := good
		spoil(&j)
		if err := j.Check(); err == nil || errors.Is(err, ErrNewer) != (what == "newer") {
			t.Errorf("%s: %v", what, err)
		}
	}
	j := good
	j.Note, j.Chunk = "a\x1b[2J\nb"+strings.Repeat("x", 5000), "auto\x07"
	j.BadCount, j.Bad = 1, []BadToken{{Source: "\u202e", Text: "\x00", Why: "w\r"}}
	if err := j.Check(); err != nil || len(j.Note) > maxNote || strings.ContainsAny(j.Note+j.Chunk+j.Bad[0].Source+j.Bad[0].Text+j.Bad[0].Why, "\x1b\x07\n\r\x00\u202e") {
		t.Errorf("%v: %+v", err, j)
	}
}

// TestSetSchema: programs that do not know what a manifest says must leave its job alone.
func TestSetSchema(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		j    Job
		want int
	}{
		"numbers":     {Job{Kind: KindFactor}, 1},
		"items":       {Job{Kind: "exec:a"}, 2},
		"replicas":    {Job{Kind: "exec:a", Replicas: 2}, 2},
		"throttled":   {Job{Kind: KindFactor, Throttled: true}, 2},
		"a deadline":  {Job{Kind: KindFactor, Deadline: &now}, 2},
		"attempts":    {Job{Kind: KindFactor, MaxAttempts: 1}, 2},
		"pauses":      {Job{Kind: KindFactor, Backoff: []time.Duration{1}}, 2},
		"a route":     {Job{Kind: KindFactor, Route: "gpu"}, 2},
		"slow square": {Job{Kind: KindSquare, Sleep: 1}, 2},
		"one factor":  {Job{Kind: KindFactor, One: true}, 2}, // else they would refuse its answers
		"a retry":     {Job{Kind: KindFactor, Retries: "j"}, 1},
	} {
		if test.j.SetSchema(); test.j.Schema != test.want {
			t.Errorf("%s: schema %d, want %d", name, test.j.Schema, test.want)
		}
	}
}
