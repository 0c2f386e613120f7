package campaign

import (
	"slices"
	"time"
)

// Constants of curves, which messages and engines share.
const (
	GroupCurves   = 8 // curves of a group, the unit of a task
	EvidenceBytes = 8 // evidence of one curve in Yield.Data
)

// An Effort says how many curves were run, by B1, ascending.
type Effort []LevelEffort

// A LevelEffort is the curves of one B1.
type LevelEffort struct{ B1, Curves uint64 }

// A Curve names one curve with its bounds.
type Curve struct{ B1, B2, Sigma uint64 }

// A Level is the curves that find most factors of so many digits.
type Level struct {
	Digits int
	B1, B2 uint64
	Curves uint64 // of the whole level
}

// Levels is what a CurveMachine needs of the engine.
type Levels interface {
	// Next returns the level at which to go on after an effort, and how many curves it still needs, at least 1.
	Next(e Effort) (l Level, left uint64)
	// Digits returns the size of the factors that were missed with probability 1/e after an effort; 0: none.
	Digits(e Effort) float64
	// GroupTime predicts the time of a group of curves on one core of this machine.
	GroupTime(b1 uint64) time.Duration
}

// with returns e with more curves at b1.
func (e Effort) with(b1, curves uint64) Effort {
	i, ok := slices.BinarySearchFunc(e, b1, func(l LevelEffort, b1 uint64) int { return int(int64(l.B1) - int64(b1)) })
	if e = slices.Clone(e); ok {
		e[i].Curves += curves
		return e
	}
	return slices.Insert(e, i, LevelEffort{b1, curves})
}

// without returns e with fewer curves at b1. Requires that e has them.
func (e Effort) without(b1, curves uint64) Effort {
	e = slices.Clone(e)
	for i := range e {
		if e[i].B1 == b1 {
			e[i].Curves -= min(curves, e[i].Curves)
		}
	}
	return e
}

// max returns, for each B1, the greater number of curves of e and f.
func (e Effort) max(f Effort) Effort {
	for _, l := range f {
		if have := e.of(l.B1); l.Curves > have {
			e = e.with(l.B1, l.Curves-have)
		}
	}
	return e
}

// of returns the curves at b1.
func (e Effort) of(b1 uint64) uint64 {
	for _, l := range e {
		if l.B1 == b1 {
			return l.Curves
		}
	}
	return 0
}

// curves returns the curves of all levels.
func (e Effort) curves() (n uint64) {
	for _, l := range e {
		n += l.Curves
	}
	return n
}
