package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxPage is the most entries of a page of a list.
const MaxPage = 500

// ErrQuery is wrapped by errors about a query.
var ErrQuery = errors.New("invalid query")

// A Query selects and sorts a part of a list.
type Query struct {
	Search        string // entries that contain it, without regard to case; "" = all
	Sort          string // a field, or "-" and a field for the reverse order; "" = the order of the View
	Offset, Limit int    // entries to leave out, and to return: 0 to MaxPage
}

// A JobQuery is a Query of jobs.
type JobQuery struct {
	State string // all, active or ended; "" = all
	Query
}

// A JobPage is a part of the list of jobs.
type JobPage struct {
	Total int       `json:"total"` // jobs that the query selects
	Jobs  []JobLine `json:"jobs"`
}

// A WorkerPage is a part of the list of workers.
type WorkerPage struct {
	Total   int      `json:"total"` // workers that the query selects
	Workers []Worker `json:"workers"`
}

// jobOrders has the fields by which jobs can be sorted.
var jobOrders = map[string]func(a, b *JobLine) int{
	"id":            func(a, b *JobLine) int { return cmp.Compare(a.ID, b.ID) },
	"state":         func(a, b *JobLine) int { return cmp.Compare(a.State, b.State) },
	"kind":          func(a, b *JobLine) int { return cmp.Compare(a.Kind, b.Kind) },
	"priority":      func(a, b *JobLine) int { return cmp.Compare(a.Class, b.Class) },
	"created":       func(a, b *JobLine) int { return a.Created.Compare(b.Created) },
	"numbers":       func(a, b *JobLine) int { return cmp.Compare(a.Count, b.Count) },
	"answered":      func(a, b *JobLine) int { return cmp.Compare(a.Answered, b.Answered) },
	"share":         func(a, b *JobLine) int { return cmp.Compare(a.Share, b.Share) },
	"numbers_per_s": func(a, b *JobLine) int { return cmp.Compare(a.Rate, b.Rate) },
	"dead":          func(a, b *JobLine) int { return cmp.Compare(a.Dead, b.Dead) },
	"eta": func(a, b *JobLine) int { // a job whose end is not known ends last
		if a.Known != b.Known {
			return sooner(a.Known)
		}
		return cmp.Compare(a.ETA, b.ETA)
	},
}

// sooner returns -1 for true.
func sooner(is bool) int {
	if is {
		return -1
	}
	return 1
}

// workerOrders has the fields by which workers can be sorted.
var workerOrders = map[string]func(a, b *Worker) int{
	"name":          func(a, b *Worker) int { return cmp.Compare(a.Name, b.Name) },
	"host":          func(a, b *Worker) int { return cmp.Compare(a.Host, b.Host) },
	"state":         func(a, b *Worker) int { return cmp.Compare(a.State, b.State) },
	"slots":         func(a, b *Worker) int { return cmp.Compare(a.Slots, b.Slots) },
	"busy":          func(a, b *Worker) int { return cmp.Compare(a.Busy, b.Busy) },
	"numbers":       func(a, b *Worker) int { return cmp.Compare(a.Numbers, b.Numbers) },
	"numbers_per_s": func(a, b *Worker) int { return cmp.Compare(a.Rate, b.Rate) },
	"failures":      func(a, b *Worker) int { return cmp.Compare(a.Failures, b.Failures) },
	"version":       func(a, b *Worker) int { return cmp.Compare(a.Version, b.Version) },
	"strikes":       func(a, b *Worker) int { return cmp.Compare(len(a.Strikes), len(b.Strikes)) },
	"seen":          func(a, b *Worker) int { return a.Seen.Compare(b.Seen) },
}

// JobsOf selects jobs of a View. The error wraps ErrQuery.
func JobsOf(v *View, q JobQuery) (p JobPage, err error) {
	var keep func(*JobLine) bool
	switch q.State {
	case "", "all":
		keep = func(*JobLine) bool { return true }
	case "active":
		keep = func(l *JobLine) bool { return l.Active }
	case "ended":
		keep = func(l *JobLine) bool { return !l.Active }
	default:
		return p, fmt.Errorf("%w: state is all, active or ended", ErrQuery)
	}
	search := strings.ToLower(q.Search)
	p.Jobs, p.Total, err = selected(v.Lines, q.Query, jobOrders, func(l *JobLine) bool {
		return keep(l) && contains(search, l.ID, l.State, l.Kind, l.Route, l.Holder)
	})
	return p, err
}

// WorkersOf selects workers of a View. The error wraps ErrQuery.
func WorkersOf(v *View, q Query) (p WorkerPage, err error) {
	search := strings.ToLower(q.Search)
	p.Workers, p.Total, err = selected(v.Names, q, workerOrders, func(w *Worker) bool {
		return contains(search, append([]string{w.Name, w.Host, w.State, w.Version, w.Kernels}, w.Offers...)...)
	})
	return p, err
}

// Jobs selects jobs of a View as Latest returns it.
func (o *Observer) Jobs(ctx context.Context, q JobQuery) (JobPage, error) {
	v, err := o.Latest(ctx)
	if err != nil {
		return JobPage{}, err
	}
	return JobsOf(v, q)
}

// Workers selects workers of a View as Latest returns it.
func (o *Observer) Workers(ctx context.Context, q Query) (WorkerPage, error) {
	v, err := o.Latest(ctx)
	if err != nil {
		return WorkerPage{}, err
	}
	return WorkersOf(v, q)
}

// contains reports whether one of the texts contains the search, which is in lower case.
func contains(search string, texts ...string) bool {
	return search == "" || slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), search) })
}

// selected returns the entries of a list that keep selects, in the order of the query, and how many there are in all.
func selected[E any](list []E, q Query, orders map[string]func(a, b *E) int, keep func(*E) bool) (page []E, total int, err error) {
	field, reverse := strings.CutPrefix(q.Sort, "-")
	order := orders[field]
	if field != "" && order == nil {
		return nil, 0, fmt.Errorf("%w: cannot sort by %.40q", ErrQuery, field)
	}
	if q.Offset < 0 || q.Limit < 0 || q.Limit > MaxPage {
		return nil, 0, fmt.Errorf("%w: offset must not be negative, and limit is 0 to %d", ErrQuery, MaxPage)
	}
	var found []*E
	for i := range list {
		if keep(&list[i]) {
			found = append(found, &list[i])
		}
	}
	if order != nil {
		slices.SortStableFunc(found, func(a, b *E) int {
			if reverse {
				return order(b, a)
			}
			return order(a, b)
		})
	}
	first := min(q.Offset, len(found))
	page = make([]E, 0, min(q.Limit, len(found)-first)) // [] in JSON, not null
	for _, e := range found[first : first+cap(page)] {
		page = append(page, *e)
	}
	return page, len(found), nil
}
