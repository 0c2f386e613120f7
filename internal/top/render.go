package top

import (
	"fmt"
	"strings"

	"factorfleet/internal/observe"
	"factorfleet/internal/text"
)

// A Style is how a line looks.
type Style int

// The styles.
const (
	Plain    Style = iota
	Bold           // headings
	Selected       // the row of the cursor
	Alarm          // what is wrong
	Faint          // help
)

// A Line is a line of the screen, without control characters.
type Line struct {
	Text  string
	Style Style
}

// A Size is that of the terminal, in characters.
type Size struct{ Width, Height int }

// Render returns at most size.Height lines of at most size.Width characters. job is what is known of the job at which the
// user looks, nil = nothing. It keeps the selection of s within the rows.
func Render(v *observe.View, job *observe.JobView, s *State, size Size) []Line {
	if s.help {
		return clip(helpLines(), size)
	}
	lines := headLines(v)
	if s.job != "" {
		lines = append(lines, jobLines(s, job)...)
	}
	lines = append(lines, Line{}, Line{tabs(s, v), Bold})
	t := tableOf(s, v)
	room := max(size.Height-len(lines)-2, 1) // the heading of the table, and the last line
	s.at = max(min(s.at, t.count-1), 0)
	s.first = max(min(s.first, s.at, t.count-room), s.at-room+1, 0)
	end := min(s.first+room, t.count)
	for i, row := range t.lines(size.Width, s.first, end) {
		style := Plain
		switch {
		case i == 0:
			style = Bold
		case s.first+i-1 == s.at:
			style = Selected
		}
		lines = append(lines, Line{row, style})
	}
	if t.count == 0 {
		lines = append(lines, Line{emptyText(s), Faint})
	}
	lines = clip(lines, Size{size.Width, size.Height - 1})
	foot := "q quit  ? help  1-4 tab pane  s sort  r reverse  enter job"
	if t.count > room {
		foot = fmt.Sprintf("%d-%d of %d  ", s.first+1, end, t.count) + foot
	}
	return append(lines, Line{cut(foot, size.Width), Faint})
}

// clip cuts what does not fit.
func clip(lines []Line, size Size) []Line {
	lines = lines[:min(len(lines), max(size.Height, 0))]
	for i := range lines {
		lines[i].Text = cut(lines[i].Text, size.Width)
	}
	return lines
}

// headLines returns the figures of the fleet, and what is wrong.
func headLines(v *observe.View) (lines []Line) {
	add := func(style Style, format string, args ...any) {
		lines = append(lines, Line{clean(fmt.Sprintf(format, args...), 300), style})
	}
	if !v.Connected {
		reason := v.Reason
		if reason == "" {
			reason = "connecting"
		}
		add(Alarm, "not connected: %s", reason)
	}
	add(Bold, "jobs %d of %d  workers %d  busy %d/%d  numbers %s  dead letters %s  supervisors %d", v.Jobs, v.Total, v.Workers, v.Busy, v.Slots,
		orNone(rate(v.Rate)), text.Thousands(v.Dead), v.Supervisors)
	var queue []string
	for _, c := range v.Queue {
		queue = append(queue, fmt.Sprintf("%s %s+%d", c.Class, text.Thousands(c.Queued), c.Running))
	}
	add(Plain, "queue (waiting+running)  %s", strings.Join(queue, "  "))
	if v.Connected && v.Supervisors == 0 {
		add(Alarm, "unsupervised: run `producer serve`")
	}
	for _, f := range v.Findings[:min(len(v.Findings), maxFindings)] {
		add(Alarm, "%s", f)
	}
	for _, m := range v.Missing[:min(len(v.Missing), 1)] {
		add(Faint, "not shown: %s", m)
	}
	return lines
}

// maxFindings is how many findings are shown.
const maxFindings = 2

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// jobLines returns the facts about the job at which the user looks.
func jobLines(s *State, job *observe.JobView) (lines []Line) {
	if job == nil || job.Job == nil || job.ID != s.job {
		return []Line{{"job " + clean(s.job, 40) + " ...", Plain}}
	}
	l := &job.Line
	facts := []string{"job " + l.ID, l.State, numbersOf(l), percent(l.Share), rate(l.Rate)}
	if e := eta(l); e != "" {
		facts = append(facts, "ETA "+e)
	}
	if l.Dead > 0 {
		facts = append(facts, text.Count(l.Dead, "dead letter"))
	}
	var said []string
	for _, f := range facts {
		if f != "" {
			said = append(said, f)
		}
	}
	lines = append(lines, Line{clean(strings.Join(said, "  "), 300), Plain})
	for _, f := range job.Facts[:min(len(job.Facts), 3)] {
		lines = append(lines, Line{clean("  "+f.String(), 300), Plain})
	}
	return lines
}

// tabs returns the names of the panes, the present one in brackets, and the order.
func tabs(s *State, v *observe.View) string {
	counts := [panes]int{Jobs: v.Total, Numbers: len(v.Running), Workers: len(v.Names), Dead: int(min(v.Dead, 1<<30))}
	var b strings.Builder
	for p := range panes {
		name := fmt.Sprintf("%d %s %d", p+1, paneNames[p], counts[p])
		if p == s.pane {
			name = "[" + name + "]"
		}
		b.WriteString(name + "  ")
	}
	b.WriteString("by " + orderNames[s.pane][s.sorts[s.pane]])
	if s.reverse[s.pane] {
		b.WriteString(", reversed")
	}
	return b.String()
}

// emptyText says what an empty table means, and what to do.
func emptyText(s *State) string {
	switch s.pane {
	case Jobs:
		return "no jobs: `producer submit 10403` makes one"
	case Numbers:
		return "no number takes long now"
	case Workers:
		return "no workers: `consumer run` starts one"
	}
	return "no dead letters"
}

// helpLines returns the keys.
func helpLines() (lines []Line) {
	lines = append(lines, Line{"producer top: keys", Bold}, Line{})
	for _, row := range [][2]string{
		{"1 2 3 4, tab", "jobs, numbers that take long, workers, dead letters"},
		{"up down, j k", "another row; page up, page down, home, end too"},
		{"enter", "only the job of the row; escape shows all jobs again"},
		{"s, r", "the next order; the reverse of it"},
		{"q, Ctrl-C", "quit"},
	} {
		lines = append(lines, Line{fmt.Sprintf("  %-14s%s", row[0], row[1]), Plain})
	}
	return append(lines, Line{}, Line{"Methods, shares and times left are claims of the workers. Any key closes this.", Faint})
}
