package events

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func names(list []Event) (names []Name) {
	for _, e := range list {
		names = append(names, e.Event)
	}
	return names
}

func TestJobChange(t *testing.T) {
	job := func(state task.State, change ...func(*task.Job)) *task.Job {
		j := &task.Job{ID: "j", State: state}
		for _, c := range change {
			c(j)
		}
		return j
	}
	paused := func(j *task.Job) { j.Paused, j.Throttled = true, true }
	rate := func(j *task.Job) { j.Rate, j.Throttled = 5, true }
	early := func(j *task.Job) { j.FinishedEarly = &now }
	stopped := func(j *task.Job) { j.Stopped = true }
	ended := func(j *task.Job) { j.Ended = &now }
	for _, test := range []struct {
		what          string
		before, after *task.Job
		want          []Name
	}{
		{"new", nil, job(task.Open), []Name{JobCreated}},
		{"new and sealed", nil, job(task.Sealed), []Name{JobCreated, JobSealed}},
		{"new and done", nil, job(task.Done), []Name{JobCreated, JobDone}},
		{"new and throttled", nil, job(task.Open, rate), []Name{JobCreated}},
		{"a tombstone", nil, job(task.Removed), []Name{JobRemoved}},
		{"same", job(task.Open), job(task.Open), nil},
		{"sealed", job(task.Open), job(task.Sealed), []Name{JobSealed}},
		{"done", job(task.Sealed), job(task.Done), []Name{JobDone}},
		{"done without sealed", job(task.Open), job(task.Done), []Name{JobDone}},
		{"cancelled", job(task.Sealed), job(task.Cancelled), []Name{JobCancelled}},
		{"removed", job(task.Done, ended), job(task.Removed, ended), []Name{JobRemoved}},
		{"removed by its submitter", job(task.Sealed), job(task.Removed, ended), []Name{JobDone, JobRemoved}},
		{"removed while active", job(task.Sealed), job(task.Removed, stopped), []Name{JobCancelled, JobRemoved}},
		{"cancelled, then removed", job(task.Cancelled, ended), job(task.Removed, ended, stopped), []Name{JobRemoved}},
		{"retried", job(task.Done), job(task.Sealed), []Name{JobReopened, JobSealed}[:1]},
		{"paused", job(task.Sealed), job(task.Sealed, paused), []Name{JobPaused}},
		{"resumed", job(task.Sealed, paused), job(task.Sealed), []Name{JobResumed}},
		{"changed", job(task.Sealed), job(task.Sealed, rate), []Name{JobChanged}},
		{"finish", job(task.Sealed), job(task.Sealed, early), []Name{JobFinish}},
	} {
		if got := names(JobChange(test.before, test.after)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.what, got, test.want)
		}
	}
}

func TestPresent(t *testing.T) {
	p := new(Present)
	w := func(name, instance, pause string, positions ...uint64) worker.Status {
		s := worker.Status{Name: name, Instance: instance, Stats: worker.Stats{Pause: pause, Slots: 1}}
		for _, at := range positions {
			s.Activities = append(s.Activities, worker.Activity{Job: "j", Position: at})
		}
		return s
	}
	for i, step := range []struct {
		list []worker.Status
		want []Name
	}{
		{[]worker.Status{w("a", "1", "", 7)}, nil}, // was there before
		{[]worker.Status{w("a", "1", "", 7), w("b", "1", "", 8)}, []Name{WorkerJoined, NumberRunning}},
		{[]worker.Status{w("a", "1", "load", 7), w("b", "1", "", 8)}, []Name{WorkerPaused}},
		{[]worker.Status{w("a", "1", "", 7, 9), w("b", "1", "")}, []Name{WorkerResumed, NumberRunning}},
		{[]worker.Status{w("a", "2", ""), w("b", "1", "", 8)}, []Name{WorkerJoined, WorkerLeft, NumberRunning}}, // another process
		{nil, []Name{WorkerLeft, WorkerLeft}},
	} {
		if got := names(p.See(step.list, now)); !slices.Equal(got, step.want) {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
	empty := new(Present)
	empty.See(nil, now)
	if got := names(empty.See([]worker.Status{w("a", "1", "")}, now)); !slices.Equal(got, []Name{WorkerJoined}) {
		t.Errorf("the first worker: %v", got)
	}
	var many []worker.Status
	for i := range 3 {
		s := w("w"+string(rune('a'+i)), "1", "")
		for at := range uint64(6000) {
			s.Activities = append(s.Activities, worker.Activity{Job: "j", Position: at})
		}
		many = append(many, s)
	}
	if empty.See(many, now); len(empty.running) > maxRunning {
		t.Errorf("%d numbers are remembered", len(empty.running))
	}
}

func TestStandingChange(t *testing.T) {
	strike := fleet.Strike{Job: "j", Range: "0-1", Reason: "wrong"}
	struck := &fleet.Standing{Worker: "w", Strikes: []fleet.Strike{strike}}
	out := &fleet.Standing{Worker: "w", Strikes: []fleet.Strike{strike, strike, strike}, Quarantined: &now, Reason: "3 strikes"}
	good := &fleet.Standing{Worker: "w"}
	for _, test := range []struct {
		before, after *fleet.Standing
		want          []Name
	}{
		{good, struck, []Name{WorkerStrike}}, {struck, out, []Name{WorkerStrike, WorkerStrike, WorkerQuarantined}}, {out, good, []Name{WorkerReleased}}, {good, good, nil},
	} {
		if got := names(StandingChange(test.before, test.after, now)); !slices.Equal(got, test.want) {
			t.Errorf("%v, want %v", got, test.want)
		}
	}
}

// TestTracker: what is missing is said, and what is delivered again after a loss is not repeated.
func TestTracker(t *testing.T) {
	var gaps []Event
	at := func(seq uint64) *stream.Message {
		return &stream.Message{Seq: seq, Stored: now.Add(time.Duration(seq) * time.Second)}
	}
	begin := func(whole bool) *tracker {
		gaps = nil
		return &tracker{stream: "S", whole: whole, now: func() time.Time { return now }, emit: func(e Event) { gaps = append(gaps, e) }}
	}
	all := begin(true)
	all.next(at(5)) // where it begins says nothing
	all.next(at(6))
	all.reopened(false)
	all.next(at(7))
	if len(gaps) != 0 {
		t.Errorf("gaps %+v", gaps)
	}
	all.next(at(10))
	if len(gaps) != 1 || gaps[0].Missed != 2 || gaps[0].Stream != "S" {
		t.Errorf("gaps %+v", gaps)
	}
	all.reopened(true)
	if len(gaps) != 2 || gaps[1].Missed != 0 || gaps[1].Reason == "" {
		t.Errorf("gaps %+v", gaps)
	}
	for seq, fresh := range []bool{1: false, 9: false, 10: false, 11: true, 12: true} {
		if seq > 0 && (fresh || seq >= 9) && all.next(at(uint64(seq))) != fresh {
			t.Errorf("after the loss, message %d is new: %v", seq, !fresh)
		}
	}
	part := begin(false)
	part.next(at(5))
	part.next(at(9)) // messages of others are between
	if len(gaps) != 0 {
		t.Errorf("gaps %+v", gaps)
	}
	part.reopened(false)
	if len(gaps) != 1 || gaps[0].Missed != 0 {
		t.Errorf("gaps %+v", gaps)
	}
}

func TestMissedBeats(t *testing.T) {
	m := new(missedBeats)
	for i, step := range []struct {
		observed  time.Duration
		connected bool
		look, gap bool
	}{
		{0, true, true, false}, {time.Second, true, true, false}, {2 * time.Second, false, false, false}, {3 * time.Second, true, true, false},
		{0, false, false, true}, {0, false, false, false}, {time.Second, true, false, false}, {settled, true, true, false}, {settled + time.Second, true, true, false},
	} {
		if look, gap := m.next(step.observed, step.connected); look != step.look || gap != step.gap {
			t.Errorf("step %d: look %v, gap %v", i, look, gap)
		}
	}
}

func TestRecords(t *testing.T) {
	hostile := strings.Repeat("\x1b[2J\n", 1000)
	failure := task.Failure{Kind: "factor", Err: hostile, Attempt: 2, Numbers: []nat.Nat{nat.New(15)}, Elapsed: time.Second}
	for subject, want := range map[string]Name{
		"FACTOR.dead.j.0-1.sweeper": DeadLetter, "FACTOR.dead.j.0-1.w": DeadClaim, "FACTOR.failed.j.0-1.0.1.w": AttemptFailed, "FACTOR.failed.j.0-1.0.3.w": LastAttempt,
		"FACTOR.dead.*.0-1.w": "", "FACTOR.failed.j.0-1.0.01.w": "",
	} {
		m := &stream.Message{Subject: subject, Data: failure.Encode(), Stored: now}
		m.Header = map[string][]string{schema.HeaderRecord: {`{"record":"given up"}`}}
		e, ok := RecordEvent(m)
		if ok != (want != "") || e.Event != want {
			t.Errorf("%s: %+v", subject, e)
		}
		if line := e.Line(); strings.ContainsAny(line, "\x1b\n") || len(line) > 1000 {
			t.Errorf("%s: %q", subject, line)
		}
		m.Data = []byte("junk")
		if e, ok := RecordEvent(m); ok && e.Error == "" {
			t.Errorf("%s with junk: %+v", subject, e)
		}
	}
	if e, ok := ResultEvent(&stream.Message{Subject: "FACTOR.results.j.0-2.w", Data: []byte{0xff}, Stored: now}); !ok || e.Error == "" || e.Numbers != 2 {
		t.Errorf("%+v", e)
	}
}

// TestOutput: stored events of several sources come in the order of their times, new ones as they come, and events that are
// not wanted never.
func TestOutput(t *testing.T) {
	var printed []string
	o := &output{options: &Options{Job: "j", Groups: map[string]bool{"job": true}}, waiting: 2, print: func(list []Event) error {
		for _, e := range list {
			printed = append(printed, e.Reason)
		}
		return nil
	}}
	event := func(after int, job, reason string) Event {
		return Event{Event: JobDone, Job: job, Time: now.Add(time.Duration(after)), Reason: reason}
	}
	o.take(event(3, "j", "c"), event(1, "j", "a"), event(0, "k", "other job"), Event{Event: ChunkAnswered, Job: "j"})
	if o.caughtUp(); len(printed) != 0 {
		t.Errorf("printed too early: %v", printed)
	}
	o.take(event(2, "j", "b"), Event{Event: Gap, Time: now.Add(9), Reason: "gap"})
	if _, err := o.caughtUp(); err != nil {
		t.Error(err)
	}
	o.take(event(1, "j", "late"))
	if want := []string{"a", "b", "c", "gap", "late"}; !slices.Equal(printed, want) {
		t.Errorf("%v, want %v", printed, want)
	}
}

// TestForget: what is remembered of jobs does not grow: a manifest that is gone is forgotten, and its id is then that of a
// new job.
func TestForget(t *testing.T) {
	w := &watcher{o: &Options{}, jobs: make(map[string]*task.Job), foreign: make(map[string]bool)}
	removed := &task.Job{ID: "j", State: task.Removed}
	w.changed(&task.Job{ID: "j", State: task.Open})
	if got := names(w.changed(removed)); !slices.Equal(got, []Name{JobRemoved}) {
		t.Errorf("%v", got)
	}
	w.gone("j")
	if len(w.jobs) != 0 {
		t.Errorf("%d jobs are remembered", len(w.jobs))
	}
	if got := names(w.changed(&task.Job{ID: "j", State: task.Open})); !slices.Equal(got, []Name{JobCreated}) {
		t.Errorf("%v", got)
	}
}

// TestOutputFails: an error of print at the end of what is stored is not taken for the end.
func TestOutputFails(t *testing.T) {
	full := errors.New("full")
	o := &output{options: &Options{Groups: map[string]bool{"job": true}}, waiting: 1, print: func([]Event) error { return full }}
	if err := o.take(Event{Event: JobCreated}); err != nil {
		t.Errorf("an event that is not printed yet: %v", err)
	}
	if all, err := o.caughtUp(); !all || err != full {
		t.Errorf("caughtUp: %v, %v; want true, %v", all, err, full)
	}
}
