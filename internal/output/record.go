// Package output turns factorizations into text and back; it is the mirror image
// of package input. One record is one line:
//
//	factor    360: 2 2 2 3 3 5          360: 2^3 3^2 5 with exponents
//	json      {"v":1,"i":0,"n":"360","status":"FF","factors":[{"p":"2","e":3,"st":"P"},...],
//	           "method":"trial","cpu_s":0.000001,"worker":"lab3","attempt":1}
//	csv       0,360,FF,2^3*3^2*5,trial,0.000001,lab3 under a header line
//	factordb  360=2^3*3^2*5
//	pari      [360,[2,3;3,2;5,1]]
//
// The first is what coreutils factor prints, to the byte. 0 and 1 have no factors:
// "0:" and "1:", "0=0" and "1=1", and for PARI what it returns itself,
// [0,Mat([0,1])] and [1,matrix(0,2)]. A single prime power is written Mat([7,2])
// there, as [7,2] would be a vector.
//
// An unfinished composite comes last and is marked everywhere:
//
//	factor    360: 2 2 c90…(2)          its first three digits and its length
//	json      "st":"C"
//	csv       2^2*c90                   and status CF or C
//	factordb  360=2^2*90 # unfinished: c90…(2)
//	pari      [360,[2,2;90,1]] \\ unfinished: c90…(2)
//
// In json, factors stay ascending, and a prime of 2^64 or more that is proved has "st":"P" and
// its certificate, "cert". The other formats do not carry certificates: what is read of them
// has the status PRP. The answer n*n of kind square is written 12: 144,
// "value":"144" in json, 0,12,V,144 in csv, 12^2=144 and [12,144].
//
// A number that was given up is a line with status DEAD in json, which says why,
// and in csv, which does not. The other formats have nothing to say about it.
package output

import (
	"fmt"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A Record is the answer for one number.
type Record struct {
	Position uint64 // among the accepted numbers, from 0
	N        nat.Nat
	Kind     string
	task.Factorization
	Worker  string
	Attempt uint32
	Dead    string // why the number was given up; then there are no factors
}

// A Format is the name of one way to write records.
type Format string

const (
	Factor   Format = "factor"
	JSON     Format = "json"
	CSV      Format = "csv"
	FactorDB Format = "factordb"
	PARI     Format = "pari"
)

// ParseFormat returns the format of that name.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case Factor, JSON, CSV, FactorDB, PARI:
		return f, nil
	}
	return "", fmt.Errorf("%.40q is not a format: use factor, json, csv, factordb or pari", s)
}

// Status returns what is known of r.N:
//
//	FF    it is the product of at least two known primes or probable primes
//	P     it is a proved prime
//	PRP   it is a probable prime
//	CF    a factor is known, but what is left is unfinished
//	C     no factor is known and it is unfinished
//	Zero  it is 0
//	Unit  it is 1
//	V     the answer is a value, not factors
//	DEAD  it was given up
//	U     none of these
func (r *Record) Status() string {
	switch {
	case r.Dead != "":
		return "DEAD"
	case r.value() != nil:
		return "V"
	case r.N.BitLen() == 0:
		return "Zero"
	case r.N.BitLen() == 1:
		return "Unit"
	case len(r.Factors) == 0:
		return "U"
	}
	if len(r.Factors) == 1 && r.Factors[0].Exp == 1 {
		return r.Factors[0].Status.String()
	}
	if r.unfinished() > 0 {
		return "CF"
	}
	return "FF"
}

// value returns the answer if it is a value, else nil.
func (r *Record) value() *task.Factor {
	if r.Kind == task.KindSquare && len(r.Factors) == 1 {
		return &r.Factors[0]
	}
	return nil
}

// unfinished returns how many distinct factors are unfinished.
func (r *Record) unfinished() (count int) {
	for i := range r.Factors {
		if r.Factors[i].Status == task.Composite {
			count++
		}
	}
	return count
}
