package page_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"factorfleet/internal/observe"
)

// part returns one page of a list, and how long all of it is.
func part[T any](list []T, r *http.Request, has func(T, string) bool, compare func(string) func(a, b T) int) ([]T, int) {
	q := r.URL.Query()
	if search := strings.ToLower(q.Get("search")); search != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !has(x, search) })
	}
	field, down := strings.CutPrefix(q.Get("sort"), "-")
	if less := compare(field); less != nil {
		list = slices.Clone(list)
		slices.SortStableFunc(list, less)
		if down {
			slices.Reverse(list)
		}
	}
	offset, _ := strconv.Atoi(q.Get("offset"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	from := min(offset, len(list))
	return list[from:min(from+max(limit, 1), len(list))], len(list)
}

func listJobs(s *scene, r *http.Request) any {
	list := s.jobs
	if state := r.URL.Query().Get("state"); state == "active" || state == "ended" {
		list = slices.DeleteFunc(slices.Clone(list), func(j observe.JobLine) bool { return j.Active != (state == "active") })
	}
	jobs, total := part(list, r, func(j observe.JobLine, text string) bool { return strings.Contains(strings.ToLower(j.ID), text) }, func(field string) func(a, b observe.JobLine) int {
		return map[string]func(a, b observe.JobLine) int{
			"id":      func(a, b observe.JobLine) int { return cmp.Compare(a.ID, b.ID) },
			"state":   func(a, b observe.JobLine) int { return cmp.Compare(a.State, b.State) },
			"numbers": func(a, b observe.JobLine) int { return cmp.Compare(a.Count, b.Count) },
			"share":   func(a, b observe.JobLine) int { return cmp.Compare(a.Share, b.Share) },
			"dead":    func(a, b observe.JobLine) int { return cmp.Compare(a.Dead, b.Dead) },
			"created": func(a, b observe.JobLine) int { return a.Created.Compare(b.Created) },
		}[field]
	})
	return map[string]any{"total": total, "jobs": jobs}
}

func listWorkers(s *scene, r *http.Request) any {
	workers, total := part(s.workers, r, func(w workerRow, text string) bool { return strings.Contains(strings.ToLower(w.Name), text) }, func(field string) func(a, b workerRow) int {
		return map[string]func(a, b workerRow) int{
			"name":    func(a, b workerRow) int { return cmp.Compare(a.Name, b.Name) },
			"strikes": func(a, b workerRow) int { return cmp.Compare(len(a.Strikes), len(b.Strikes)) },
			"busy":    func(a, b workerRow) int { return cmp.Compare(a.Busy, b.Busy) },
		}[field]
	})
	return map[string]any{"total": total, "workers": workers}
}

func listLetters(s *scene, r *http.Request) any {
	letters, total := part(s.letters, r, func(l letter, text string) bool { return strings.Contains(strings.ToLower(fmt.Sprint(l)), text) }, func(string) func(a, b letter) int { return nil })
	return map[string]any{"total": total, "letters": letters}
}
