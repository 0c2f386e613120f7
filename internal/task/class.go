package task

import (
	"fmt"
	"slices"
	"strings"
)

// A Class names a queue: a priority, and after it what a worker must offer to get the tasks. Each class has its own
// durable.
//
//	class = priority [ "+" route ]
//	route = offer { "+" offer }       ascending, distinct, at most MaxOffers
//	offer = "exec=" NAME | LABEL      see CheckOffer
//
// So "norm" is for all workers, and "hi+exec=resize+gpu" for those that run the command resize and have the label gpu.
type Class string

// The classes without a route: the priorities.
const (
	ClassHi   Class = "hi"
	ClassNorm Class = "norm"
	ClassLow  Class = "low"
)

// Classes lists the priorities, the most urgent first.
var Classes = []Class{ClassHi, ClassNorm, ClassLow}

// MaxOffers is the number of offers of a route at most.
const MaxOffers = 4

// Routed returns the class of a priority and a route, which may be empty.
func (c Class) Routed(route string) Class {
	if route == "" {
		return c.Priority()
	}
	return c.Priority() + "+" + Class(route)
}

// Priority returns the priority of c: hi, norm or low.
func (c Class) Priority() Class {
	priority, _, _ := strings.Cut(string(c), "+")
	return Class(priority)
}

// Route returns the route of c, "" if it has none.
func (c Class) Route() string {
	_, route, _ := strings.Cut(string(c), "+")
	return route
}

// CheckPriority returns an error that lists the priorities if c is not one of them.
func CheckPriority(c Class) error {
	switch c {
	case ClassHi, ClassNorm, ClassLow:
		return nil
	}
	return fmt.Errorf("%.40q is not a priority: use hi, norm or low", string(c))
}

// CheckClass returns an error unless c is a priority, with or without a route.
func CheckClass(c Class) error {
	if err := CheckPriority(c); err == nil {
		return nil
	}
	if err := CheckPriority(c.Priority()); err != nil {
		return err
	}
	return CheckRoute(c.Route())
}

// CheckRoute returns an error unless route has 1 to MaxOffers offers, ascending and distinct.
func CheckRoute(route string) error {
	offers := strings.Split(route, "+")
	if len(offers) > MaxOffers {
		return fmt.Errorf("%.80q asks for more than %d properties of a worker", route, MaxOffers)
	}
	for i, offer := range offers {
		if err := CheckOffer(offer); err != nil {
			return err
		}
		if i > 0 && offers[i-1] >= offer {
			return fmt.Errorf("%.80q is not a route: its parts are not in order", route)
		}
	}
	return nil
}

// ExecName returns the name of the command of a kind "exec:NAME"; false for other kinds and names that are none.
func ExecName(kind string) (name string, ok bool) {
	name, ok = strings.CutPrefix(kind, ExecPrefix)
	return name, ok && isName(name, labelChar, maxLabel)
}

// Limits of what one worker may offer, and of the classes with a route that an order names.
const (
	MaxWorkerOffers = 32
	MaxRoutes       = 256
)

// With returns c with an offer more in its route. ok is false if the route would be too long.
func (c Class) With(offer string) (with Class, ok bool) {
	var offers []string
	if c.Route() != "" {
		offers = strings.Split(c.Route(), "+")
	}
	if !slices.Contains(offers, offer) {
		offers = append(offers, offer)
		slices.Sort(offers)
	}
	return c.Routed(strings.Join(offers, "+")), len(offers) <= MaxOffers
}

// EncodeClasses returns the payload of an order that names classes, one a line: the first MaxRoutes of them.
func EncodeClasses(classes []Class) []byte {
	var b []byte
	for _, c := range classes[:min(len(classes), MaxRoutes)] {
		b = append(append(b, c...), '\n')
	}
	return b
}

// DecodeClasses is the inverse of EncodeClasses for any bytes: lines that are no class with a route are left out.
func DecodeClasses(b []byte) (classes []Class) {
	for line := range strings.Lines(string(b)) {
		c := Class(strings.TrimSuffix(line, "\n"))
		if len(classes) < MaxRoutes && c.Route() != "" && CheckClass(c) == nil {
			classes = append(classes, c)
		}
	}
	return classes
}

// Queue returns the class of the job's tasks: its priority, the labels of its route, and its command.
func (j *Job) Queue() Class {
	name, exec := ExecName(j.Kind)
	if !exec {
		return j.Class.Routed(j.Route)
	}
	offers := []string{ExecOffer(name)}
	if j.Route != "" {
		offers = append(offers, strings.Split(j.Route, "+")...)
	}
	slices.Sort(offers)
	return j.Class.Routed(strings.Join(slices.Compact(offers), "+"))
}
