package puller

import (
	"time"

	"factorfleet/internal/task"
)

// A skip is how a class is skipped. Tasks are counted since it began: those of the pull request that brought the
// first task which the worker cannot do, and later ones.
type skip struct {
	until     time.Time // until then the class is not requested
	length    time.Duration
	refused   int // calls of SkipClass
	delivered int
	latest    int // of the delivered ones, those of the last pull request
}

const (
	skipTime  = 30 * time.Second // for which a class is skipped at most
	firstSkip = 50 * time.Millisecond
)

// SkipClass makes Pull skip a class for a while. A worker that cannot do a kind of task hands the task back, and
// would otherwise get it again at once. While a class brings only such tasks, the n-th skip, n = 1, 2, ..., takes
//
//	min(50 ms * 2^(n-1), 30 s)
//
// A task of another kind in between starts the count anew. So a class is not lost to all other jobs because one
// submitter has queued tasks of a kind that does not exist. SkipClass implements worker.Source.
func (c *Client) SkipClass(class task.Class) {
	p := c.puller
	p.mu.Lock()
	defer p.mu.Unlock()
	s, now := p.skips[class], time.Now()
	switch {
	case now.Before(s.until): // one of the same pull request
		s.refused++
		p.skips[class] = s
		return
	case s.length == 0 || s.delivered-s.latest > s.refused:
		s.length = firstSkip
	default:
		s.length = min(2*s.length, skipTime)
	}
	p.skips[class] = skip{until: now.Add(s.length), length: s.length, refused: 1, delivered: s.latest, latest: s.latest}
}

// beginRequest notes that a pull request for a class begins.
func (p *puller) beginRequest(class task.Class) { p.count(class, func(s *skip) { s.latest = 0 }) }

// countDelivered notes that a task of a class is being delivered.
func (p *puller) countDelivered(class task.Class) {
	p.count(class, func(s *skip) { s.delivered++; s.latest++ })
}

// count changes the counts of a class, if it was ever skipped.
func (p *puller) count(class task.Class, change func(*skip)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.skips[class]; ok {
		change(&s)
		p.skips[class] = s
	}
}

// isSkipped reports whether SkipClass has the class skipped now.
func (p *puller) isSkipped(class task.Class) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.skips[class].until)
}
