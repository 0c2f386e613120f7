package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/observe"
	"factorfleet/internal/text"
)

// orderNames has the names of the orders of each pane; the first one is that of the beginning.
var orderNames = [panes][]string{
	Jobs:    {"newest", "time left", "rate", "done", "name"},
	Numbers: {"time left", "digits", "job", "worker"},
	Workers: {"name", "busy", "rate", "numbers", "strikes"},
	Dead:    {"count", "job"},
}

// jobRows returns the jobs, those that have not ended first.
func jobRows(s *State, v *observe.View) []observe.JobLine {
	list := slices.Clone(v.Lines)
	if s.pane == Dead {
		list = slices.DeleteFunc(list, func(l observe.JobLine) bool { return l.Dead == 0 })
	}
	sortRows(s, list, func(a, b *observe.JobLine, order string) int {
		if a.Active != b.Active {
			return first(a.Active)
		}
		switch order {
		case "time left":
			if a.Known != b.Known {
				return first(a.Known)
			}
			return cmp.Compare(a.ETA, b.ETA)
		case "rate":
			return cmp.Compare(b.Rate, a.Rate)
		case "done":
			return cmp.Compare(b.Share, a.Share)
		case "count":
			return cmp.Compare(b.Dead, a.Dead)
		case "newest":
			return b.Created.Compare(a.Created)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return list
}

// numberRows returns the numbers that take long, of the job that the user looks at.
func numberRows(s *State, v *observe.View) []observe.Running {
	list := slices.Clone(v.Running)
	if s.job != "" {
		list = slices.DeleteFunc(list, func(r observe.Running) bool { return r.Job != s.job })
	}
	sortRows(s, list, func(a, b *observe.Running, order string) int {
		switch order {
		case "digits":
			return cmp.Compare(b.Digits, a.Digits)
		case "job":
			return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Position, b.Position))
		case "worker":
			return cmp.Compare(a.Worker, b.Worker)
		}
		return cmp.Compare(b.Left, a.Left)
	})
	return list
}

// workerRows returns the workers.
func workerRows(s *State, v *observe.View) []observe.Worker {
	list := slices.Clone(v.Names)
	sortRows(s, list, func(a, b *observe.Worker, order string) int {
		switch order {
		case "busy":
			return cmp.Compare(b.Busy, a.Busy)
		case "rate":
			return cmp.Compare(b.Rate, a.Rate)
		case "numbers":
			return cmp.Compare(b.Numbers, a.Numbers)
		case "strikes":
			return cmp.Compare(len(b.Strikes), len(a.Strikes))
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return list
}

// sortRows sorts the rows of the pane by its order.
func sortRows[E any](s *State, list []E, compare func(a, b *E, order string) int) {
	order := orderNames[s.pane][s.sorts[s.pane]]
	slices.SortStableFunc(list, func(a, b E) int {
		if s.reverse[s.pane] {
			return compare(&b, &a, order)
		}
		return compare(&a, &b, order)
	})
}

// first returns -1 for true.
func first(is bool) int {
	if is {
		return -1
	}
	return 1
}

// jobsOfRows returns the job of each row of the pane.
func jobsOfRows(s *State, v *observe.View) (ids []string) {
	if s.pane == Numbers {
		for _, r := range numberRows(s, v) {
			ids = append(ids, r.Job)
		}
		return ids
	}
	for _, l := range jobRows(s, v) {
		ids = append(ids, l.ID)
	}
	return ids
}

// tableOf returns the table of the pane.
func tableOf(s *State, v *observe.View) (t table) {
	switch s.pane {
	case Jobs:
		t.columns = []column{{"JOB", 9, false}, {"STATE", 8, false}, {"DONE", 7, true}, {"NUMBERS", 5, true}, {"RATE", 4, true}, {"ETA", 6, true}, {"DEAD", 3, true}, {"PRIORITY", 2, false}, {"AGE", 1, true}, {"WAITS", 0, false}}
		rowsOf(&t, jobRows(s, v), func(l *observe.JobLine) []string {
			return []string{l.ID, l.State, percent(l.Share), numbersOf(l), rate(l.Rate), eta(l), count(l.Dead), string(l.Class), text.Age(v.Time.Sub(l.Created)), strings.Join(l.Waits, "; ")}
		})
	case Numbers:
		t.columns = []column{{"JOB", 6, false}, {"NUMBER", 7, true}, {"DIGITS", 5, true}, {"METHOD", 9, false}, {"DONE", 8, true}, {"LEFT", 8, true}, {"CORES", 3, true}, {"WORKER", 4, false}, {"HOST", 1, false}}
		rowsOf(&t, numberRows(s, v), func(r *observe.Running) []string {
			return []string{r.Job, fmt.Sprint(r.Position + 1), count(uint64(max(r.Digits, 0))), r.Method, percent(r.Share), left(r.Left), fmt.Sprint(r.Cores), r.Worker, r.Host}
		})
	case Workers:
		t.columns = []column{{"WORKER", 9, false}, {"STATE", 8, false}, {"BUSY", 8, true}, {"RATE", 5, true}, {"NUMBERS", 4, true}, {"FAILURES", 2, true}, {"STRIKES", 6, true}, {"SEEN", 3, true}, {"KERNELS", 1, false}, {"NOW", 7, false}}
		rowsOf(&t, workerRows(s, v), func(w *observe.Worker) []string {
			return []string{w.Name, w.State, fmt.Sprintf("%d/%d", w.Busy, w.Slots), rate(w.Rate), text.Thousands(w.Numbers), count(w.Failures), count(uint64(len(w.Strikes))), seen(w, v.Time), w.Kernels, now(w)}
		})
	case Dead:
		t.columns = []column{{"JOB", 9, false}, {"STATE", 8, false}, {"DEAD", 8, true}, {"NUMBERS", 7, true}, {"READ THEM BY", 6, false}}
		rowsOf(&t, jobRows(s, v), func(l *observe.JobLine) []string {
			return []string{l.ID, l.State, count(l.Dead), text.Thousands(l.Count), "producer dead show " + l.ID}
		})
	}
	return t
}

// rowsOf sets the rows of a table, one of each element.
func rowsOf[E any](t *table, list []E, row func(*E) []string) {
	t.count, t.row = len(list), func(i int) []string { return row(&list[i]) }
}

func percent(share float64) string {
	if share <= 0 {
		return ""
	}
	if share < 1 { // what is not complete is never 100.0%
		return fmt.Sprintf("%.1f%%", min(share*100, 99.9))
	}
	return "100.0%"
}

// numbersOf returns the answered numbers of a job, of those that are known.
func numbersOf(l *observe.JobLine) string {
	answered := text.Thousands(l.Answered)
	if l.AtMost {
		answered = "<=" + answered
	}
	if !l.Sealed {
		return answered + "/" + text.Thousands(l.Count) + "+"
	}
	return answered + "/" + text.Thousands(l.Count)
}

func rate(perSecond float64) string {
	switch {
	case perSecond <= 0:
		return ""
	case perSecond < 10:
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return text.Thousands(uint64(perSecond)) + "/s"
}

func eta(l *observe.JobLine) string {
	if !l.Active || !l.Known {
		return ""
	}
	return text.Duration(l.ETA)
}

func left(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return text.Rough(d)
}

// count returns "" for 0.
func count(n uint64) string {
	if n == 0 {
		return ""
	}
	return text.Thousands(n)
}

func seen(w *observe.Worker, at time.Time) string {
	if !w.Alive {
		return ""
	}
	return text.Age(at.Sub(w.Seen))
}

// now says what a worker does that takes longest, or why it takes no tasks.
func now(w *observe.Worker) string {
	switch {
	case w.Quarantined != nil:
		return w.Reason
	case w.Pause != "":
		return w.Pause
	case len(w.Activities) > 0:
		a := &w.Activities[0]
		return fmt.Sprintf("%d digits: %s", a.Digits, a.NumberProgress)
	}
	return ""
}
