package top

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/worker"
)

var at = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// seenFleet is a fleet with two jobs, a number that takes long, and a worker.
func seenFleet() *observe.View {
	v := &observe.View{V: 1, Time: at, Connected: true, Rate: 1234.5, Total: 2, Dead: 3}
	v.Jobs, v.Workers, v.Slots, v.Busy, v.Supervisors = 1, 1, 4, 2, 1
	v.Queue = []fleet.ClassStatus{{Class: "hi"}, {Class: "norm", Queued: 1500, Running: 2}}
	v.Lines = []observe.JobLine{
		{ID: "ended", State: "done", Class: "norm", Count: 10, Sealed: true, Answered: 10, Share: 1, Dead: 3, Created: at.Add(-time.Minute)},
		{ID: "monday", State: "sealed", Class: "norm", Count: 100, Sealed: true, Answered: 25, Share: 0.125, Rate: 3.25, ETA: 90 * time.Second, Known: true, Created: at.Add(-time.Hour), Active: true},
	}
	v.Running = []observe.Running{{Job: "monday", Position: 6, Worker: "attic", Host: "h", Digits: 92, Method: "siqs", Share: 0.43, Left: 50 * time.Second, Cores: 2}}
	v.Names = []observe.Worker{{Status: worker.Status{Name: "attic", Seen: at.Add(-2 * time.Second), Stats: worker.Stats{State: "running", Slots: 4, Busy: 2, Numbers: 12345}}, Alive: true, Rate: 12}}
	return v
}

func screen(v *observe.View, job *observe.JobView, s *State, size Size) string {
	var b strings.Builder
	for _, l := range Render(v, job, s, size) {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

func TestRender(t *testing.T) {
	for _, test := range []struct {
		keys  string
		width int
		want  string
	}{
		{"", 80, `jobs 1 of 2 workers 1 busy 2/4 numbers 1,234/s dead letters 3 supervisors 1
queue (waiting+running) hi 0+0 norm 1,500+2

[1 jobs 2]  2 numbers 1  3 workers 1  4 dead letters 3  by newest
JOB     STATE     DONE  NUMBERS   RATE         ETA  DEAD  PRIORITY     AGE
monday  sealed   12.5%   25/100  3.2/s  1 min 30 s        norm      60 min
ended   done    100.0%    10/10                        3  norm        60 s
q quit  ? help  1-4 tab pane  s sort  r reverse  enter job
`},
		{"2", 80, `jobs 1 of 2 workers 1 busy 2/4 numbers 1,234/s dead letters 3 supervisors 1
queue (waiting+running) hi 0+0 norm 1,500+2

1 jobs 2  [2 numbers 1]  3 workers 1  4 dead letters 3  by time left
JOB     NUMBER  DIGITS  METHOD   DONE  LEFT  CORES  WORKER  HOST
monday       7      92  siqs    43.0%  50 s      2  attic   h
q quit  ? help  1-4 tab pane  s sort  r reverse  enter job
`},
		{"3ss", 40, `jobs 1 of 2 workers 1 busy 2/4 numbers …
queue (waiting+running) hi 0+0 norm 1,5…

1 jobs 2  2 numbers 1  [3 workers 1]  4…
WORKER  STATE    BUSY  RATE  NUMBERS
attic   running   2/4  12/s   12,345
q quit  ? help  1-4 tab pane  s sort  r…
`},
		{"4", 60, `jobs 1 of 2 workers 1 busy 2/4 numbers 1,234/s dead letters…
queue (waiting+running) hi 0+0 norm 1,500+2

1 jobs 2  2 numbers 1  3 workers 1  [4 dead letters 3]  by …
JOB    STATE  DEAD  NUMBERS  READ THEM BY
ended  done      3       10  producer dead show ended
q quit  ? help  1-4 tab pane  s sort  r reverse  enter job
`},
	} {
		v, s := seenFleet(), new(State)
		for _, key := range Decode([]byte(test.keys)) {
			s.Key(key, v)
		}
		if got := screen(v, nil, s, Size{test.width, 24}); got != test.want {
			t.Errorf("%q:\n%s\nnot\n%s", test.keys, got, test.want)
		}
	}
}

// TestRenderFits: whatever is seen, and whatever keys were pressed, nothing is wider or longer than the terminal, and there
// are no control characters of workers.
func TestRenderFits(t *testing.T) {
	v := seenFleet()
	hostile := "\x1b[2J<script>\u202e漢字e\u0301" + strings.Repeat("x", 300)
	v.Connected, v.Reason, v.Missing = false, hostile, []string{hostile}
	for i := range 300 {
		v.Lines = append(v.Lines, observe.JobLine{ID: fmt.Sprint("job", i), State: hostile, Count: 1 << 60, Answered: 1 << 59, Active: i%2 == 0, Known: i%3 == 0, ETA: time.Duration(i) * time.Hour, Waits: []string{hostile}})
		v.Running = append(v.Running, observe.Running{Job: hostile, Method: hostile, Host: hostile, Worker: hostile, Share: 7, Left: -1})
		v.Names = append(v.Names, observe.Worker{Status: worker.Status{Name: hostile, Kernels: hostile, Stats: worker.Stats{Pause: hostile, State: hostile}}})
	}
	random := rand.New(rand.NewPCG(1, 2))
	keys := []string{"1", "2", "3", "4", Tab, "s", "r", Up, Down, PageDn, PageUp, Home, End, Enter, Escape, "?", "x"}
	s := new(State)
	for range 3000 {
		key := keys[random.IntN(len(keys))]
		if s.Key(key, v) {
			t.Fatalf("%s quits", key)
		}
		size := Size{1 + random.IntN(120), 1 + random.IntN(40)}
		lines := Render(v, nil, s, size)
		if len(lines) > size.Height {
			t.Fatalf("%d lines of %d", len(lines), size.Height)
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l.Text) > size.Width || strings.ContainsAny(l.Text, "\x1b\n\r\u202e漢\u0301") {
				t.Fatalf("width %d: %q", size.Width, l.Text)
			}
		}
	}
}

// TestSelection: the selected row stays in sight, and enter looks at its job.
func TestSelection(t *testing.T) {
	v, s := seenFleet(), new(State)
	for i := range 100 {
		v.Lines = append(v.Lines, observe.JobLine{ID: fmt.Sprint("job", i), Created: at.Add(-time.Duration(i) * 24 * time.Hour)})
	}
	selected := func() string {
		for _, l := range Render(v, nil, s, Size{80, 12}) {
			if l.Style == Selected {
				return strings.Fields(l.Text)[0]
			}
		}
		return ""
	}
	for _, step := range []struct{ key, want string }{
		{"x", "monday"}, {Up, "monday"}, {Down, "job0"}, {"j", "ended"}, {PageDn, "job10"}, {End, "job99"}, {"k", "job98"}, {PageUp, "job88"}, {Home, "monday"}, {"r", "job99"},
	} {
		if step.key == "r" { // those that have not ended remain the first ones in each order but the reversed
			s.Key("r", v)
		} else {
			s.Key(step.key, v)
		}
		if got := selected(); got != step.want {
			t.Errorf("after %s: %s, not %s", step.key, got, step.want)
		}
	}
	s.Key(Enter, v)
	if s.Job() != "job99" {
		t.Errorf("looks at %s", s.Job())
	}
	s.Key(Escape, v)
	if s.Job() != "" || !s.Key("q", v) || !s.Key(Break, v) {
		t.Error("cannot leave")
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{0: "", 0.0004: "0.0%", 0.125: "12.5%", 0.99999: "99.9%", 1: "100.0%", 7: "100.0%"} {
		if got := percent(share); got != want {
			t.Errorf("%v: %q, not %q", share, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	got := fmt.Sprint(Decode([]byte("q\x1b[A\x1bOB\x1b[5~\x1b[1;5C\x1b\r\té\x03\x1b[")))
	if want := fmt.Sprint([]string{"q", Up, Down, PageUp, Escape, Enter, Tab, "é", Break}); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestFrame(t *testing.T) {
	lines := []Line{{"a", Bold}, {"b", Selected}, {"c", Plain}}
	if got := Frame(lines, true); got != "\x1b[H\x1b[1ma\x1b[m\x1b[K\r\n\x1b[7mb\x1b[m\x1b[K\r\nc\x1b[K\x1b[J" {
		t.Errorf("%q", got)
	}
	if got := Frame(lines, false); got != "\x1b[Ha\x1b[K\r\n\x1b[7mb\x1b[m\x1b[K\r\nc\x1b[K\x1b[J" {
		t.Errorf("without colours: %q", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("q\x1b[A"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if keys := Decode(b); len(keys) > len(b) {
			t.Errorf("%d keys of %d bytes", len(keys), len(b))
		}
	})
}
