// Package output writes factorizations as text and reads them back. One record is one
// line:
//
//	factor    360: 2 2 2 3 3 5          360: 2^3 3^2 5 with exponents
//	json      {"v":1,"i":0,"n":"360","status":"FF","factors":[{"p":"2","e":3,"st":"P"},...],
//	           "method":"trial","cpu_s":0.000001,"worker":"lab3","attempt":1,
//	           "version":"0.3.1","kernels":"avx2","chunk":"0-43","round":"0",
//	           "started":"2026-01-02T15:04:05.123Z","ended":"...","stored":"..."}
//	csv       0,360,FF,2^3*3^2*5,trial,0.000001,lab3, under a header line
//	factordb  360=2^3*3^2*5
//	pari      [360,[2,3;3,2;5,1]]
//
// Format factor is what coreutils factor prints, to the byte. 0 and 1 have no factors:
// they are written "0:" and "1:", "0=0" and "1=1", and in format pari as PARI returns
// them, [0,Mat([0,1])] and [1,matrix(0,2)]. There a single prime power is Mat([7,2]),
// because [7,2] would be a vector.
//
// An unfinished factor comes last, except in json, and every format shows that it is
// unfinished:
//
//	factor    360: 2 2 c90              for people c90…(2): its first three digits and its number of digits
//	json      "st":"C"
//	csv       2^2*c90                   and status CF or C
//	factordb  360=2^2*90 # unfinished: c90…(2)
//	pari      [360,[2,2;90,1],[90]] \\ unfinished: c90…(2)
//
// In gp an answer that has a third component is unfinished. Earlier versions wrote no third component, and in format
// factor c90…(2) always; Parse reads that, too. In json, factors stay ascending. A proved prime of 2^64 or more has "st":"P" and its
// certificate, "cert". The other formats do not carry certificates: such a prime is read
// back as PRP. The answer n*n of kind square is written 12: 144, "value":"144" in json,
// 0,12,V,144 in csv, 12^2=144 and [12,144].
//
// "expr" in json is the expression that the number was in the input, such as 2^127-1. It is left out if that was plain
// digits, or has more than 256 bytes. The other formats do not carry it.
//
// "wall_s" in json and the last column of csv are the wall-clock time. It is there only
// if the worker has stated it: of numbers that took a millisecond or more.
//
// In json the properties behind "attempt" say where the answer comes from, see task.Source. Those that are not known are
// left out.
//
// The answers of the kinds exec:NAME are lines of bytes for items of bytes. In format factor a record is the line alone,
// ended by NUL for items of format nul, and it is empty (null for JSON values) if the item was given up. In json it is
//
//	{"v":1,"i":0,"kind":"exec:resize","format":"lines","item":"a.png","status":"V","result":"ok",
//	 "cpu_s":0.1,"worker":"lab3","attempt":1}
//
// Items and results of JSON values are these values. Others are strings, or "item_base64" and "result_base64" if they are
// not UTF-8. The other formats are for numbers.
//
// A number that was given up is a line with status DEAD in json, which gives the reason,
// and in csv, which does not. The other formats have no line for it.
package output

import (
	"fmt"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A Record is the answer for one number.
type Record struct {
	Position uint64 // from 0
	N        nat.Nat
	Expr     string // how the input wrote N; "" = in plain digits, or it is not known
	Kind     string
	Format   task.Format // of the items of kind exec:NAME
	task.Factorization
	Worker  string
	Attempt uint32
	Dead    string // why the number was given up, then there are no factors; "" = it was not
	task.Source
}

// A Format is the name of a text format of records.
type Format string

// The formats, see the package comment.
const (
	Factor   Format = "factor"
	JSON     Format = "json"
	CSV      Format = "csv"
	FactorDB Format = "factordb"
	PARI     Format = "pari"
)

// ParseFormat returns the format named s, or an error that lists the names.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case Factor, JSON, CSV, FactorDB, PARI:
		return f, nil
	}
	return "", fmt.Errorf("%.40q is not a format: use factor, json, csv, factordb or pari", s)
}

// Status returns what is known about r.N, in the terms of factordb.com and a few more:
//
//	FF    fully factored into at least two primes or probable primes
//	P     a proved prime
//	PRP   a probable prime
//	CF    a factor is known, and the rest is unfinished
//	C     unfinished, and no factor is known
//	Zero  0
//	Unit  1
//	V     the answer is a value, not factors
//	DEAD  given up
//	U     none of these
func (r *Record) Status() string {
	switch {
	case r.Dead != "":
		return "DEAD"
	case r.value() != nil || r.isItem():
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

// Statuses lists what Status returns.
var Statuses = []string{"FF", "P", "PRP", "CF", "C", "Zero", "Unit", "V", "DEAD", "U"}

// value returns the answer if it is a value (kind square), else nil.
func (r *Record) value() *task.Factor {
	if r.Kind == task.KindSquare && len(r.Factors) == 1 {
		return &r.Factors[0]
	}
	return nil
}

// unfinishedLast yields the factors in the order in which most formats write them: first
// the finished ones, then the unfinished ones, each ascending.
func (r *Record) unfinishedLast(yield func(*task.Factor) bool) {
	for _, unfinished := range []bool{false, true} {
		for i := range r.Factors {
			f := &r.Factors[i]
			if (f.Status == task.Composite) == unfinished && !yield(f) {
				return
			}
		}
	}
}

// unfinished returns the number of distinct unfinished factors.
func (r *Record) unfinished() (count int) {
	for i := range r.Factors {
		if r.Factors[i].Status == task.Composite {
			count++
		}
	}
	return count
}
