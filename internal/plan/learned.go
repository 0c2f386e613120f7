package plan

import (
	"cmp"
	"math"
	"slices"
)

// What is believed of the CPU times that workers claim. A claim counts as 1/4096 to 128 times the prediction: the numbers
// of a list may all be primes, or all be products of two large primes, on a slow machine. If three workers or more have
// answered numbers of a class, the mean of each counts as at most outlier times their median, and at least 1/outlier of
// it. So the answers of one worker that lies cannot change what is expected of a class by more than that. What it states of
// running numbers can, as long as it states them.
const (
	leastClaim = 1.0 / 4096
	mostClaim  = 128
	outlier    = 8
	// heardWorkers are told apart in a class; the others share the last entry.
	heardWorkers = 8
)

// A claims has what workers have claimed for the answers of one class.
type claims struct {
	names []string // at most heardWorkers; an entry may stand for several
	sums  []amount // of each
}

// add adds answers of a worker.
func (c *claims) add(worker string, a amount) {
	i := slices.Index(c.names, worker)
	switch {
	case i >= 0:
	case len(c.names) < heardWorkers:
		i = len(c.names)
		c.names, c.sums = append(c.names, worker), append(c.sums, amount{})
	default:
		i = heardWorkers - 1
	}
	c.sums[i].add(a)
}

// bounded returns the answers with their CPU time, in which no worker's mean differs from the median of all by more than
// outlier.
func (c *claims) bounded() (sum amount) {
	if c == nil {
		return sum
	}
	least, most := 0.0, math.Inf(1)
	if len(c.sums) >= 3 {
		means := make([]float64, 0, heardWorkers)
		for _, s := range c.sums {
			means = append(means, s.cpu/s.work)
		}
		slices.SortFunc(means, cmp.Compare[float64])
		median := means[len(means)/2]
		least, most = median/outlier, median*outlier
	}
	for _, s := range c.sums {
		s.cpu = min(max(s.cpu, s.work*least), s.work*most)
		sum.add(s)
	}
	return sum
}

// priorWeight is how many answers the prediction counts for as evidence of the time of a class. A few answers of random
// numbers are mostly easy ones, so that a prediction that seems too long is given up more slowly.
const (
	priorWeight     = 0.5
	priorWeightEasy = 4
	// nearClasses is the distance, in classes, in which the weight of the evidence of another class falls to 1/e.
	nearClasses = 2.0
	// mostNear bounds the answers of another class that count.
	mostNear = 8
)

// nearness has the weight of the evidence of a class by distance.
var nearness = func() (table [allClasses]float64) {
	for distance := range table {
		table[distance] = math.Exp(-float64(distance) / nearClasses)
	}
	return table
}()

// A belief is what is expected of the numbers of each class: the ratio of their CPU time to the prediction.
type belief struct {
	ratio   [allClasses]float64
	learned [allClasses]bool // from answers or running numbers of this class or the next ones
}

// believe returns what follows from evidence, the answers and the running numbers of each class.
func believe(evidence *[allClasses]amount) (b belief) {
	var have []int
	for class, e := range evidence {
		if e.numbers > 0 && e.work > 0 {
			have = append(have, class)
		}
	}
	for class := range b.ratio {
		near, weight := priorWeight, priorWeight // the prediction: a ratio of 1
		for _, other := range have {
			e := &evidence[other]
			distance := max(class-other, other-class)
			if class == mixed || other == mixed {
				distance = 1
			}
			w := min(e.numbers, mostNear) * nearness[distance]
			near, weight = near+w*e.cpu/e.work, weight+w
			b.learned[class] = b.learned[class] || distance <= 1
		}
		near /= weight
		b.ratio[class] = near
		if e := &evidence[class]; e.numbers > 0 && e.work > 0 {
			own, prior := e.cpu/e.work, priorWeight
			if own < near {
				prior = priorWeightEasy
			}
			b.ratio[class] = (prior*near + e.numbers*own) / (prior + e.numbers)
		}
		b.ratio[class] = min(max(b.ratio[class], leastClaim), mostClaim)
	}
	return b
}
