package metrics

import (
	"fmt"
	"math/big"
	"strings"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// other is the value of a label for what is in no closed set.
const other = "other"

// methods are the values of the label method: the names that the engine gives to its methods, without parameters, and the
// kinds of other work.
var methods = []string{
	"prime", "trial", "power", "rho", "fermat", "lehman", "algebraic", "p-1", "p+1", "ecm", "siqs",
	task.KindSquare, "exec", other,
}

// methodIndex maps a method to its index in methods.
var methodIndex = indexOf(methods)

// statuses are the values of the label status, as in the JSON of `producer results`.
var statuses = []string{"P", "PRP", "C", "FF", "CF", "V", "Zero", "Unit", "U"}

// Indexes in statuses.
const (
	statusPrime = iota
	statusPRP
	statusComposite
	statusFactored
	statusPartial
	statusValue
	statusZero
	statusUnit
	statusUnknown
)

// classes are the values of the label class: numbers by their decimal digits, and items of commands.
var classes = classNames()

const (
	classWidth = 10 // digits
	sizes      = 12 // classes of numbers; the last one has no upper bound
	classItem  = sizes
)

func classNames() (names []string) {
	for i := range sizes - 1 {
		names = append(names, fmt.Sprintf("%d-%d", max(1, i*classWidth), (i+1)*classWidth-1))
	}
	return append(names, fmt.Sprintf("%d+", (sizes-1)*classWidth), "item")
}

// A sizeBound says which classes the numbers of one bit length have: class, or the next one from bound on.
type sizeBound struct {
	class   int
	crosses bool // there are numbers of the next class
	bound   nat.Nat
}

// sizeBounds is indexed by the bit length. Longer numbers are in the last class.
var sizeBounds = newSizeBounds()

func newSizeBounds() (list []sizeBound) {
	list = append(list, sizeBound{})
	for class := range sizes - 1 {
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64((class+1)*classWidth-1)), nil)
		for len(list) < power.BitLen() {
			list = append(list, sizeBound{class: class})
		}
		list = append(list, sizeBound{class: class, crosses: true, bound: nat.FromBig(power)})
	}
	return list
}

// classOf returns the index in classes of the size of n.
func classOf(n nat.Nat) int {
	bits := n.BitLen()
	if bits >= len(sizeBounds) {
		return sizes - 1
	}
	b := &sizeBounds[bits]
	if b.crosses && n.Cmp(b.bound) >= 0 {
		return b.class + 1
	}
	return b.class
}

// methodOf returns the index in methods of a method with its parameters, such as "ecm(B1=2000,B2=200000,sigma=7)". The
// method of an unfinished answer is the one that took its time: "trial; unfinished after ecm(...)" is ecm.
func methodOf(method string) int {
	if _, effort, unfinished := strings.Cut(method, "; unfinished after "); unfinished {
		method = effort
	}
	if end := strings.IndexAny(method, "(;,: "); end >= 0 {
		method = method[:end]
	}
	if i, known := methodIndex[method]; known {
		return i
	}
	return methodIndex[other]
}

// statusOf returns the index in statuses of an answer to n.
func statusOf(n nat.Nat, f *task.Factorization) int {
	switch bits := n.BitLen(); {
	case len(f.Factors) == 1 && f.Factors[0].Status == task.Value:
		return statusValue
	case bits == 0:
		return statusZero
	case bits == 1:
		return statusUnit
	case len(f.Factors) == 0:
		return statusUnknown
	case len(f.Factors) == 1 && f.Factors[0].Exp == 1:
		switch f.Factors[0].Status {
		case task.Prime:
			return statusPrime
		case task.PRP:
			return statusPRP
		}
		return statusComposite
	case f.Unfinished():
		return statusPartial
	}
	return statusFactored
}

// indexOf maps each name to its index.
func indexOf(names []string) map[string]int {
	m := make(map[string]int, len(names))
	for i, name := range names {
		m[name] = i
	}
	return m
}
