package events

import (
	"slices"
	"strings"
	"sync"
)

// maxBacklog is how many events that are stored already are sorted by time. More are printed in blocks of so many.
const maxBacklog = 100_000

// An output takes the events of all sources, one after the other. Events that were stored before the start come from
// several streams: they are kept until all sources have caught up, and then printed in the order of their times.
type output struct {
	options *Options
	print   func([]Event) error

	mu      sync.Mutex
	waiting int     // guarded by mu; sources that have not caught up yet
	backlog []Event // guarded by mu
	err     error   // guarded by mu; the first one of print
}

// take takes events. Its error is that of print.
func (o *output) take(list ...Event) error {
	list = slices.DeleteFunc(list, func(e Event) bool { return !o.options.wants(&e) })
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting > 0 && len(o.backlog) < maxBacklog {
		o.backlog = append(o.backlog, list...)
		return o.err
	}
	o.flushLocked()
	o.printLocked(list)
	return o.err
}

// caughtUp notes that a source has delivered what was stored. It reports whether all have. Its error is that of print.
func (o *output) caughtUp() (all bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting--; o.waiting == 0 {
		o.flushLocked()
	}
	return o.waiting == 0, o.err
}

func (o *output) flushLocked() {
	slices.SortStableFunc(o.backlog, func(a, b Event) int { return a.Time.Compare(b.Time) })
	o.printLocked(o.backlog)
	o.backlog = nil
}

func (o *output) printLocked(list []Event) {
	if len(list) > 0 && o.err == nil {
		o.err = o.print(list)
	}
}

// wants reports whether the user wants an event.
func (o *Options) wants(e *Event) bool {
	if e.Event == Gap {
		return true
	}
	if o.Job != "" && e.Job != o.Job {
		return false
	}
	for group, prefixes := range Groups {
		if o.Groups[group] && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(string(e.Event), p) }) {
			return true
		}
	}
	return false
}
