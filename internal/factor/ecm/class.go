package ecm

import "sync"

// A class is the work on the numbers of up to so many bits: rounds of curves with the
// programs of smaller classes, then curves with its own program.
type class struct {
	bits      int     // of its largest number
	b1, b2, d uint64  // bounds and giant step
	first     []round // curves of smaller classes
	curves    int     // number of curves with b1 and b2, after first

	rounds []round // first, and then the curves of its own
}

// A round is a number of curves with the program of a class. For example, a number of
// 92 bits runs one curve with the program of to60, one with that of to70, three with
// that of to86 and then up to 250 with that of to92.
type round struct{ class, curves int }

// The classes, by the size in bits of their largest number.
const (
	to36 = iota
	to40
	to44
	to48
	to52
	to56
	to60
	to62
	to64
	to70
	to75
	to80
	to86
	to92
	to98
	to104
	to112
	to120
	to128
)

// classes has the bounds and the numbers of curves. The bounds are the best of 25
// choices by TestCalibrate on a Sapphire Rapids; the optimum is flat. Those up to 48
// bits and those of 62 and 64 bits consider two machines on a Zen 4, mont.Lanes and
// mont.WordLanes. One balanced semiprime in many millions withstands all curves of its
// class.
//
// Some sizes are where a machine ends: 52, 75 and 98 bits for mont.Lanes with AVX-512
// IFMA, 60 and 62 for the kernels of mont.WordLanes. With AVX2 a class may use several
// machines; the bounds at 92 bits are within 3 % of the best there.
//
// The bounds of a class are for two factors of half the size. The first rounds are for
// random numbers without a prime factor below 2^13, whose least factor is often much
// smaller (TestSchedule). They save such numbers 6 % of their time at 52 bits, 12 % at
// 56, 30 % at 64, 9 % at 70 to 80, where a change of the modulus costs as much as a
// curve, and 28 % at 98. They cost semiprimes 1 to 4 %.
//
// Package siqs takes as long as the class for semiprimes of 104 to 106 bits, 1.4 ms.
// Above, the rounds are the best before a sieve that takes 1.8, 3 and 5 ms; they cost
// semiprimes 5 %.
var classes = [...]class{
	to36:  {36, 27, 500, 54, nil, 30, nil},
	to40:  {40, 34, 850, 60, nil, 40, nil},
	to44:  {44, 49, 1225, 90, nil, 50, nil},
	to48:  {48, 65, 2000, 120, nil, 60, nil},
	to52:  {52, 106, 5500, 210, []round{{to48, 1}}, 60, nil},
	to56:  {56, 135, 7000, 210, []round{{to48, 1}}, 60, nil},
	to60:  {60, 190, 8500, 210, []round{{to52, 1}}, 60, nil},
	to62:  {62, 180, 8000, 210, []round{{to52, 1}}, 70, nil},
	to64:  {64, 210, 9500, 210, []round{{to52, 1}}, 90, nil},
	to70:  {70, 340, 22000, 420, []round{{to48, 1}}, 100, nil},
	to75:  {75, 500, 27000, 420, []round{{to48, 1}}, 120, nil},
	to80:  {80, 650, 42000, 630, []round{{to56, 2}}, 150, nil},
	to86:  {86, 1000, 55000, 630, []round{{to48, 1}, {to75, 2}}, 200, nil},
	to92:  {92, 1450, 80000, 840, []round{{to60, 1}, {to70, 1}, {to86, 3}}, 250, nil},
	to98:  {98, 1800, 120000, 1050, []round{{to56, 2}, {to80, 3}, {to92, 4}}, 400, nil},
	to104: {104, 2500, 190000, 1260, []round{{to56, 1}, {to92, 4}}, 400, nil},
	to112: {112, 3600, 270000, 1260, []round{{to56, 2}, {to104, 3}}, 4, nil},
	to120: {bits: 120, first: []round{{to64, 1}, {to98, 2}, {to104, 3}, {to112, 4}}},
	to128: {bits: 128, first: []round{{to64, 3}, {to104, 4}, {to112, 4}}},
}

// programs has the program of each class that has curves of its own, compiled at its
// first use.
var programs [len(classes)]func() *program

func init() {
	for i := range classes {
		c := &classes[i]
		c.rounds = c.first
		if c.curves > 0 {
			c.rounds = append(c.rounds, round{i, c.curves})
			programs[i] = sync.OnceValue(func() *program { return newProgram(c.b1, c.b2, c.d) })
		}
	}
}
