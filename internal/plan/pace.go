package plan

import (
	"math"
	"time"
)

const (
	// rateMemory is T, the time constant of the rates. With less the ETA jumps with every chunk
	// of hard numbers; with more it follows slowly when workers start or stop.
	rateMemory = 10 * time.Second
	// rateStep is the shortest interval of the integrals. Shorter ones are merged: thousands of
	// results may arrive in a second.
	rateStep = 250 * time.Millisecond
	// rateTrust is how long the rate must be observed before it is shown.
	rateTrust = time.Second
	// lightCost is the mean CPU time of answers, in seconds, below which the messages and not the
	// cores limit the rate.
	lightCost = 100e-6
	// lightMessage is what a light number costs a slot besides its CPU time until that is measured, in seconds.
	lightMessage = 3e-6
	// expectedWeight is how long, in seconds, the cores must be observed until what was observed
	// counts as much as the expectation that all of them compute.
	expectedWeight = 1.0
)

// A pace measures the speed of a job. Light numbers, whose answers take less than lightCost, are limited by messages,
// heavy ones by cores. So the speed of the ones says nothing of that of the others, and there are two rates. Each is an
// exponentially weighted mean with T = 10 s of the intervals in which such numbers were done:
//
//	efficiency   = heavy / capacity   CPU time that was spent on the job, for each second of each core
//	light rate   = light / lightTime  numbers a second
//
// A light number that is done beside heavy ones counts as cores/(light rate) of CPU time. Intervals begin with the first
// answer, or with the first running number, so that the wait for the first worker does not count.
type pace struct {
	started bool
	last    time.Time // the end of the last interval
	gap     float64   // moving average of the intervals, in seconds

	fresh, freshLight float64 // numbers done since last
	spent             float64 // CPU time of all heavy answers and running numbers at last

	numbers, weight  float64 // of all numbers: numbers, and seconds, 0 to T
	heavy, capacity  float64 // seconds
	light, lightTime float64 // numbers, seconds
	observed         float64 // seconds of intervals with heavy numbers
}

// begin starts the measurement, unless it has started. spent is the CPU time of heavy numbers so far.
func (p *pace) begin(now time.Time, spent func() float64) (begun bool) {
	if p.started {
		return false
	}
	p.started, p.last, p.spent = true, now, spent()
	return true
}

// due reports whether the interval that ends at the time now is long enough for fold.
func (p *pace) due(now time.Time) bool { return now.Sub(p.last) >= rateStep }

// fold ends an interval at the time now, which is due. cores are those of the workers of the job.
func (p *pace) fold(now time.Time, spent, cores float64) {
	dt := now.Sub(p.last).Seconds()
	keep, weight := decay(dt)
	did, per := spent-p.spent, weight/dt
	p.numbers, p.weight = p.numbers*keep+p.fresh*per, p.weight*keep+weight
	if p.freshLight > 0 && did < 0.1*cores*dt {
		p.light, p.lightTime = p.light*keep+p.freshLight*per, p.lightTime*keep+weight
	} else {
		did += p.freshLight * p.message(cores)
		p.heavy, p.capacity = max(0, p.heavy*keep+did*per), p.capacity*keep+cores*weight
		p.observed += dt
	}
	if p.gap == 0 {
		p.gap = dt
	}
	p.gap += (dt - p.gap) / 4
	p.last, p.spent, p.fresh, p.freshLight = now, spent, 0, 0
}

// message returns what a light number costs in all, in seconds of a core.
func (p *pace) message(cores float64) float64 {
	if p.light > 0 && p.lightTime > 0 {
		return cores * p.lightTime / p.light
	}
	return lightMessage
}

// silent returns the pace at the time now. Time without an answer counts only from 2*gap + 1 s on, since answers to hard
// numbers are far apart.
func (p pace) silent(now time.Time, cores float64) pace {
	if !p.started {
		return p
	}
	extra := now.Sub(p.last).Seconds() - 2*p.gap - rateTrust.Seconds()
	if extra <= 0 {
		return p
	}
	keep, more := decay(extra)
	p.numbers, p.weight = p.numbers*keep, p.weight*keep+more
	p.heavy, p.capacity = p.heavy*keep, p.capacity*keep+cores*more
	p.light, p.lightTime = p.light*keep, p.lightTime*keep+more
	p.observed += extra
	return p
}

// efficiency returns the CPU time that the job gets of each core, in seconds a second: above 0. expected says that the
// cores are known, so that it is about 1 until more was observed.
func (p *pace) efficiency(cores float64, expected bool) float64 {
	var prior float64
	if expected {
		prior = cores * expectedWeight * math.Exp(-p.observed/(3*expectedWeight))
	}
	if p.capacity+prior <= 0 {
		return 0
	}
	return max((p.heavy+prior)/(p.capacity+prior), 1e-6)
}

// rate returns the numbers a second, 0 if they are unknown.
func (p *pace) rate() float64 {
	if p.weight < decayed(rateTrust) {
		return 0
	}
	return p.numbers / p.weight
}

// decay returns e^(-dt/T), by which an integral shrinks in dt seconds, and the weight of
// these seconds, T * (1 - e^(-dt/T)).
func decay(dt float64) (keep, weight float64) {
	memory := rateMemory.Seconds()
	keep = math.Exp(-dt / memory)
	return keep, memory * (1 - keep)
}

// decayed returns the weight after an observation of the given length.
func decayed(d time.Duration) float64 {
	_, weight := decay(d.Seconds())
	return weight * 0.999
}
