package puller

import (
	"context"
	"errors"
	"slices"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A class with a route has a durable while it is in use. A worker pulls from those of which it offers the whole route. It
// learns of them in three ways:
//
//	the order schema.RoutesOrder   from whoever creates one, and from each process that sweeps, every 2 s
//	PollRoutes                     looks for the durables of its own offers, at the start and once in pollInterval
//	a pull request without answer  a durable was removed: the worker looks at all that it knows, and forgets that one
//
// A worker knows at most maxRoutes of them.
const (
	maxRoutes    = 48
	maxPolled    = 32 // routes that PollRoutes looks for
	pollInterval = time.Minute
)

// Offer sets what the worker offers, sorted: see task.Serves. It must be called before any other method.
func (c *Client) Offer(offers []string) { c.puller.offers = offers }

// learn takes over the classes of a list that have a route which this worker offers. It ends the wait for a task if one of
// them is new, so that it is requested at once.
func (p *puller) learn(classes []task.Class) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = time.Now()
	grown := false
	for _, class := range classes {
		if class.Route() == "" || !task.Serves(p.offers, class.Route()) || slices.Contains(p.routed, class) || len(p.routed) >= maxRoutes {
			continue
		}
		p.routed, grown = append(slices.Clip(p.routed), class), true
	}
	if grown {
		slices.Sort(p.routed)
		p.grown = true
		if p.wakes != nil {
			p.wakes()
		}
	}
}

// known returns the classes with a route from which this worker pulls. It must not be changed.
func (p *puller) known() []task.Class {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.routed
}

// classes returns all classes from which this worker pulls, the priorities first. Only the goroutine of Pull calls it.
func (p *puller) classes() []task.Class {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grown = false
	if len(p.routed) == 0 {
		return task.Classes
	}
	return slices.Concat(task.Classes, p.routed)
}

// ofPriority returns the classes of a priority to request now: those with a route, except such that were empty within
// hiInterval, and the priority itself. Another one is the first in each pull, so that none is left out for long.
func (p *puller) ofPriority(priority task.Class, now time.Time) []task.Class {
	list := []task.Class{priority}
	for _, class := range p.known() {
		if class.Priority() == priority && now.Sub(p.emptyAt[class]) >= hiInterval {
			list = append(list, class)
		}
	}
	first := int(p.pulls % uint64(len(list)))
	return slices.Concat(list[first:], list[:first])
}

// noteEmpty notes that a request for a class has brought no task.
func (p *puller) noteEmpty(class task.Class, now time.Time) {
	if class.Route() != "" {
		p.emptyAt[class] = now
	}
}

// forgetMissing forgets the classes with a route whose durables do not exist, and reports whether there were any. It ends
// with the first look that has no answer: the server is electing a leader, or is not there.
func (p *puller) forgetMissing(ctx context.Context) (found bool) {
	for _, class := range p.known() {
		_, err := lookAtDurable(ctx, p.link, schema.Durable(class))
		if err != nil && !errors.Is(err, stream.ErrNotProvisioned) {
			return found
		}
		if err != nil {
			found = true
			p.mu.Lock()
			p.routed = slices.DeleteFunc(slices.Clone(p.routed), func(c task.Class) bool { return c == class })
			p.mu.Unlock()
			delete(p.emptyAt, class)
		}
	}
	return found
}

// ackerOf returns the acker of the durable of a class.
func (p *puller) ackerOf(class task.Class) *acker {
	a := p.acks[class]
	if a == nil {
		a = &acker{link: p.link}
		p.acks[class] = a
	}
	return a
}
