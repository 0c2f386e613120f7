package ecm

import (
	"math"
	"sync"
)

// Chance returns the probability that one curve with the bounds 15 <= b1 <= b2 finds a
// given prime factor p of so many decimal digits.
//
// The order of a curve modulo p is close to p. With Suyama's sigma it is as smooth as a
// random number near N = p/23.4 (P. Zimmermann, B. Dodson, 20 years of ECM, 2006). Let
// S(x) be the part of the numbers near x that are B1-smooth. N is B1-smooth except for
// at most one prime t with B1 < t <= B2 with the probability
//
//	S(N) + integral over t from B1 to B2 of S(N/t) dt/(t ln t).
//
// S(x) = rho(u) - gamma*rho(u-1)/ln x, u = ln x/ln B1, with K. Dickman's rho (1930) and
// Euler's constant gamma. The second term is there because the numbers near x are less
// smooth than those up to x.
//
// The integral is computed by midpoints in the variable ln t, where dt/(t ln t) = d(ln
// t)/ln t.
func Chance(b1, b2 uint64, digits float64) float64 {
	const steps = 64
	logB1 := math.Log(float64(b1))
	x := (digits-0.5)*math.Ln10 - math.Log(23.4) // ln N, of p in the middle of its digits
	span := math.Log(float64(b2)) - logB1
	sum := 0.0
	for i := range steps { // of the intervals
		u := logB1 + span*(float64(i)+0.5)/steps
		sum += smooth(x-u, logB1) / u
	}
	return min(smooth(x, logB1)+sum*span/steps, 1)
}

// smooth returns S(x) for logX = ln x and logB = ln B1, 0 to 1.
func smooth(logX, logB float64) float64 {
	u := logX / logB
	if u <= 1 {
		return 1
	}
	return max(rho(u)-0.5772156649*rho(u-1)/logX, 0)
}

const (
	rhoSteps = 128 // entries of the table for a unit of u
	rhoEnd   = 20  // rho is below 10^-28 there
)

// rhoTable has rho(i/rhoSteps) at i, by u*rho(u) = integral over t from u-1 to u of
// rho(t) dt and the trapezium rule. rho(u) = 1 for u <= 1.
var rhoTable = sync.OnceValue(func() *[rhoEnd*rhoSteps + 1]float64 {
	table := new([rhoEnd*rhoSteps + 1]float64)
	for i := range rhoSteps + 1 {
		table[i] = 1
	}
	sum := float64(rhoSteps) - 0.5 // table[i-rhoSteps]/2 + the values between that and i
	for i := rhoSteps + 1; i < len(table); i++ {
		sum += table[i-1] - (table[i-rhoSteps-1]+table[i-rhoSteps])/2
		table[i] = sum / (float64(i) - 0.5)
	}
	return table
})

// rho returns Dickman's rho(u), u >= 0: the part of the numbers up to x^u whose prime
// factors are at most x, for large x. It interpolates linearly.
func rho(u float64) float64 {
	table := rhoTable()
	at := u * rhoSteps
	i := int(at)
	if i >= len(table)-1 {
		return 0
	}
	return table[i] + (at-float64(i))*(table[i+1]-table[i])
}
