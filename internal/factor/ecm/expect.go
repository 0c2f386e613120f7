package ecm

import (
	"math"
	"sync"
)

// Chance returns the probability that one curve with the bounds b1 <= b2 finds a given prime factor
// of so many decimal digits, b1 >= 15.
//
// The order of a curve modulo p is near p, and with Suyama's sigma as smooth as a random number
// near p/23.4 (P. Zimmermann, B. Dodson, 20 years of ECM, 2006). Such a number N is B1-smooth
// but for at most one prime up to B2 with the probability
//
//	S(N) + integral over t from B1 to B2 of S(N/t) dt/(t ln t),
//
// S(x) = rho(u) - gamma*rho(u-1)/ln x, u = ln x/ln B1, being the part of the numbers near x that
// are B1-smooth: rho of K. Dickman (1930) less the next term, since the numbers
// near x are less smooth than those up to x.
func Chance(b1, b2 uint64, digits float64) float64 {
	const steps = 64
	logB1 := math.Log(float64(b1))
	x := (digits-0.5)*math.Ln10 - math.Log(23.4) // ln N, of p in the middle of its digits
	span := math.Log(float64(b2)) - logB1
	sum := 0.0
	for i := range steps { // midpoints
		u := logB1 + span*(float64(i)+0.5)/steps
		sum += smooth(x-u, logB1) / u
	}
	return min(smooth(x, logB1)+sum*span/steps, 1)
}

// smooth is S, of the logarithms.
func smooth(logX, logB float64) float64 {
	u := logX / logB
	if u <= 1 {
		return 1
	}
	return max(rho(u)-0.5772156649*rho(u-1)/logX, 0)
}

const (
	rhoSteps = 128 // of the table, for 1
	rhoEnd   = 20  // rho is below 10^-28 there
)

// rhoTable has rho(i/rhoSteps), by u*rho(u) = integral over t from u-1 to u of rho(t) dt and the
// trapezium rule.
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

// rho returns Dickman's function of u >= 0.
func rho(u float64) float64 {
	table := rhoTable()
	at := u * rhoSteps
	i := int(at)
	if i >= len(table)-1 {
		return 0
	}
	return table[i] + (at-float64(i))*(table[i+1]-table[i])
}
