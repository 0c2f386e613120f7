package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/plan"
)

var half = Status{Job: "01jd9x2k4m6p8", Workers: 2, Snapshot: plan.Snapshot{
	Done: 12345, Total: 100000, Sealed: true, Share: 0.123, Rate: 4567.2, ETA: 72 * time.Second, Known: true}}

func TestProgressLine(t *testing.T) {
	lines := half.lines()
	if want := "j 01jd9x2k4m6p8 [##..................] 12,345/100,000 numbers · 12.3% of the work · 4,567/s · 2 workers · ETA 1 min 12 s"; lines[0] != want {
		t.Errorf("%q, want %q", lines[0], want)
	}
	if want := "j 01jd… 12,345/"; !strings.HasPrefix(lines[2], want) {
		t.Errorf("%q, want %q...", lines[2], want)
	}
	nearly := Status{Job: "x", Snapshot: plan.Snapshot{Done: 999, Total: 1000, Sealed: true, Share: 0.9999}}
	if got, want := nearly.lines()[0], "j x [###################.] 999/1,000 numbers · 99.9% of the work · no workers"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	reading := Status{Job: "x", Workers: -1, Snapshot: plan.Snapshot{Done: 3, Total: 7, Rate: 0.25}}
	if got, want := reading.lines()[0], "j x 3 numbers done, still reading input · 15/min"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestProgressLinePaused: workers that take no tasks are counted apart, so that nobody waits for them without knowing it.
func TestProgressLinePaused(t *testing.T) {
	for _, test := range []struct {
		workers, paused int
		busy            bool
		want            string
	}{
		{0, 0, false, "no workers"}, {-1, 0, false, ""}, {1, 0, false, "1 worker"}, {1, 1, false, "1 worker, all paused"},
		{3, 1, false, "3 workers, 1 paused"}, {3, 3, false, "3 workers, all paused"}, {3, 1, true, ""}, {3, 3, true, "3 workers, all paused"},
	} {
		if got := (Status{Workers: test.workers, Paused: test.paused}).workers(test.busy); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

func TestDoneOf(t *testing.T) {
	for want, s := range map[string]plan.Snapshot{
		"483,328 of 2,000,000 numbers done":        {Done: 483_328, Total: 2_000_000, Sealed: true},
		"its number is not done":                   {Total: 1, Sealed: true},
		"its number is done":                       {Done: 1, Total: 1, Sealed: true},
		"the job has no numbers":                   {Sealed: true},
		"49,152 numbers done, still reading input": {Done: 49_152, Total: 60_000},
		"5 of 1,000 items done":                    {Done: 5, Total: 1000, Sealed: true, Noun: "item"},
		"its item is not done":                     {Total: 1, Sealed: true, Noun: "item"},
		"1 item done, still reading input":         {Done: 1, Total: 60_000, Noun: "item"},
	} {
		if got := DoneOf(s); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
}

// TestProgressLineWorking: when few numbers are left, the line shows the progress with one of them.
func TestProgressLineWorking(t *testing.T) {
	const working = "about 50 s left: sieve, 40,000 of about 85,000 relations (47%), 2 cores"
	const narrow = "about 50 s left: sieve 47%"
	status := func(done, total uint64, sealed bool) Status {
		return Status{Job: "x", Workers: 3, Working: []string{working, narrow}, Snapshot: plan.Snapshot{
			Done: done, Total: total, Sealed: sealed, Share: 0.5, Rate: 2, ETA: time.Minute, Known: sealed}}
	}
	for want, s := range map[string]Status{
		"j x " + working: status(0, 1, true),
		"j x [##########..........] 96/100 numbers · ETA 1 min 0 s · " + working:                          status(96, 100, true),
		"j x [##########..........] 95/100 numbers · 50.0% of the work · 2/s · 3 workers · ETA 1 min 0 s": status(95, 100, true),
		"j x 1/1 numbers · 50.0% of the work · 2/s · 3 workers":                                           status(1, 1, true),
		"j x 1 number done, still reading input · 2/s · 3 workers":                                        status(1, 1, false),
	} {
		if got := s.lines()[0]; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	want := []string{"j x " + working, working, "j x " + narrow, narrow}
	if got := status(0, 1, true).lines(); !slices.Equal(got[:4], want) { // the longest that fits is shown
		t.Errorf("lines %q, want %q...", got, want)
	}
	var lines strings.Builder
	status(0, 1, true).log(zerolog.New(&lines))
	if want := `"working":"` + working + `"`; !strings.Contains(lines.String(), want) {
		t.Errorf("log %q without %s", lines.String(), want)
	}
}

// TestProgressTyped: nothing is drawn while the user types the input.
func TestProgressTyped(t *testing.T) {
	s, out := terminal(60)
	typed := Status{Job: "x", Workers: 1, Typed: true, Snapshot: plan.Snapshot{Done: 1, Total: 1}}
	if s.Draw(typed.lines()...); out.String() != "" {
		t.Errorf("drawn while the user types: %q", out)
	}
	typed.Sealed, typed.Total = true, 2
	if s.Draw(typed.lines()...); !strings.Contains(out.String(), "1/2 numbers") {
		t.Errorf("drawn at the end of the input: %q", out)
	}
}

// TestProgressWidths: the ETA remains on a narrow terminal, the bar does not. A user sees at each width that no worker
// computes.
func TestProgressWidths(t *testing.T) {
	hard := Status{Job: "01jd9x2k4m6p8", Workers: 1, Working: []string{"about 50 s left: sieve, 40,000 of about 85,000 relations (47%), 2 cores", "about 50 s left: sieve 47%"},
		Snapshot: plan.Snapshot{Done: 5, Total: 8, Sealed: true, Share: 0.7, ETA: 95 * time.Second, Known: true}}
	unknown := Status{Job: "01jd9x2k4m6p8", Workers: 0, Snapshot: plan.Snapshot{Done: 0, Total: 8, Sealed: true}}
	reading := Status{Job: "01jd9x2k4m6p8", Workers: 12, Snapshot: plan.Snapshot{Done: 49_152, Total: 60_000, Rate: 4567}}
	paused := half
	paused.Waits, paused.Known = "paused", false
	for _, test := range []struct {
		s     Status
		width int
		want  string
	}{
		{half, 120, "j 01jd9x2k4m6p8 12,345/100,000 numbers · 12.3% of the work · 4,567/s · 2 workers · ETA 1 min 12 s"},
		{half, 130, "j 01jd9x2k4m6p8 [##..................] 12,345/100,000 numbers · 12.3% of the work · 4,567/s · 2 workers · ETA 1 min 12 s"},
		{half, 80, "12,345/100,000 numbers · 12.3% of the work · 4,567/s · ETA 1 min 12 s"},
		{half, 60, "12,345/100,000 numbers · 12.3% of the work · ETA 1 min 12 s"},
		{half, 40, "12,345/100,000 · 12.3% · ETA 1 min 12 s"},
		{half, 25, "12.3% · ETA 1 min 12 s"},
		{half, 15, "ETA 1 min 12 s"},
		{hard, 120, "j 01jd9x2k4m6p8 5/8 numbers · ETA 1 min 35 s · about 50 s left: sieve, 40,000 of about 85,000 relations (47%), 2 cores"},
		{hard, 80, "j 01jd9x2k4m6p8 5/8 numbers · ETA 1 min 35 s · about 50 s left: sieve 47%"},
		{hard, 40, "5/8 · 70.0% · ETA 1 min 35 s"},
		{unknown, 120, "j 01jd9x2k4m6p8 [....................] 0/8 numbers · 0.0% of the work · no workers"},
		{unknown, 80, "j 01jd9x2k4m6p8 0/8 numbers · 0.0% of the work · no workers"},
		{unknown, 40, "0/8 · 0.0% · no workers"},
		{reading, 80, "j 01jd9x2k4m6p8 49,152 numbers done, still reading input · 4,567/s · 12 workers"},
		{reading, 40, "49,152 done"},
		{paused, 40, "12,345/100,000 · 12.3% · paused"},
	} {
		if got := fit(test.width-1, test.s.lines()); got != test.want {
			t.Errorf("%d columns: %q, want %q", test.width, got, test.want)
		}
	}
}

func TestPerSecond(t *testing.T) {
	for rate, want := range map[float64]string{1e6: "1,000,000/s", 12.34: "12.3/s", 0.5: "0.5/s", 0.1: "6/min", 0.001: "3.6/h"} {
		if got := PerSecond(rate); got != want {
			t.Errorf("PerSecond(%v) = %q, want %q", rate, got, want)
		}
	}
}

// terminal returns a Screen whose two outputs share one terminal of the given width, and what it prints.
func terminal(width int) (*Screen, *strings.Builder) {
	var b strings.Builder
	return &Screen{stderr: &b, stdout: &b, terminal: true, shared: true, width: func() int { return width }}, &b
}

func TestScreen(t *testing.T) {
	s, out := terminal(11)
	expect := func(want string) {
		t.Helper()
		want = strings.ReplaceAll(want, "<", clearLine)
		if got := out.String(); got != want {
			t.Errorf("terminal got %q, want %q", got, want)
		}
		out.Reset()
	}
	s.Draw("one")
	expect("<one")
	s.Draw("one")
	expect("") // nothing changed
	fmt.Fprint(s.Stdout(), "15: 3 5\n")
	expect("<15: 3 5\n")
	fmt.Fprint(s, "log\n")
	expect("log\n")
	s.Draw("two")
	expect("<two")
	fmt.Fprint(s.Stdout(), "21: 3")
	expect("<21: 3")
	s.Draw("three") // would destroy the beginning of a result
	expect("")
	fmt.Fprint(s.Stdout(), " 7\n")
	s.Draw("three")
	expect(" 7\n<three")
	s.Draw("much too long", "too long")
	expect("<too long")
	s.Draw("äöüäöüäöüäöü")
	expect("<äöüäöüäöüä")
	s.Clear()
	s.Clear()
	expect("<")

	s.shared = false
	if s.Stdout() != s.stdout {
		t.Error("output to a file passes through the screen")
	}
}

func TestStartProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, out := terminal(60)
		calls := 0
		status := func() Status {
			calls++
			return Status{Job: "x", Snapshot: plan.Snapshot{Done: uint64(calls)}}
		}
		stop, err := StartProgress("auto", s, zerolog.Nop(), status)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second + time.Millisecond)
		stop()
		stop()
		if got := out.String(); calls != 5 || strings.Count(got, "done, still") != 5 || !strings.HasSuffix(got, clearLine) {
			t.Errorf("%d calls in a second, terminal got %q", calls, got)
		}

		s.terminal = false
		out.Reset()
		var lines strings.Builder
		stop, err = StartProgress("auto", s, zerolog.New(&lines), func() Status { return half })
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*time.Minute + time.Second)
		stop()
		want := `{"level":"info","job":"01jd9x2k4m6p8","done":12345,"total":100000,"work":"12.3%","rate":"4,567/s","workers":2,"eta":"1 min 12 s","message":"progress"}` + "\n"
		if lines.String() != want+want || out.Len() != 0 {
			t.Errorf("log %q, terminal %q", lines.String(), out.String())
		}

		stop, err = StartProgress("always", s, zerolog.Nop(), status)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		stop()
		if out.Len() == 0 {
			t.Error("always: nothing was drawn")
		}

		calls = 0
		stop, err = StartProgress("never", s, zerolog.Nop(), status)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		stop()
		if calls != 0 {
			t.Error("never: status was called")
		}
		if _, err := StartProgress("often", s, zerolog.Nop(), status); Code(err) != Usage {
			t.Errorf("unknown mode: %v", err)
		}
	})
}

// TestVisibleAnswers: what a command answers cannot control a terminal. A pipe gets its bytes.
func TestVisibleAnswers(t *testing.T) {
	const answer = "ok\x1b[2J\n"
	for _, shared := range []bool{true, false} {
		s, out := terminal(80)
		s.shared = shared
		io.WriteString(s.Stdout(), answer)
		s.visible = true
		if n, err := io.WriteString(s.Stdout(), answer); n != len(answer) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if want := answer + "ok\\x1b[2J\n"; out.String() != want {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
}

// TestFitNarrow: a text of a worker with wide characters does not make the status line longer than the terminal.
func TestFitNarrow(t *testing.T) {
	if got := fit(6, []string{"漢字漢字漢字", "漢e\u0301"}); got != "??????" {
		t.Errorf("%q", got)
	}
}
