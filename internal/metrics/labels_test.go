package metrics

import (
	"math/big"
	"slices"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
)

// TestClassOf: the class of a number is that of its decimal digits, on both sides of each bound.
func TestClassOf(t *testing.T) {
	for digits := 1; digits <= 140; digits++ {
		want := min(digits/10, sizes-1)
		high := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
		low := new(big.Int).Div(high, big.NewInt(10))
		high.Sub(high, big.NewInt(1))
		for _, n := range []*big.Int{low, high} {
			if got := classOf(nat.FromBig(n)); got != want {
				t.Errorf("%v of %d digits: class %s, want %s", n, digits, classes[got], classes[want])
			}
		}
	}
	if got := classes[classOf(nat.New(0))]; got != "1-9" {
		t.Errorf("0: class %s", got)
	}
	want := []string{"1-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79", "80-89", "90-99", "100-109", "110+", "item"}
	if !slices.Equal(classes, want) {
		t.Errorf("classes %q", classes)
	}
}

// TestMethodOf: parameters are no part of a label, and a method that is not known is "other".
func TestMethodOf(t *testing.T) {
	for method, want := range map[string]string{
		"prime": "prime", "trial": "trial", "siqs": "siqs", "": "other", "square": "square", "exec:resize": "exec",
		"ecm(B1=2000,B2=200000,sigma=7)": "ecm", "p-1(B1=1,B2=2)": "p-1", "lehman(k=6)": "lehman", "algebraic(10^120+1)": "algebraic",
		"trial; unfinished after ecm(B1=2000,B2=200000,curves=25)": "ecm",
		"rho; unfinished after siqs":                               "siqs",
		"trial; unfinished after trial":                            "trial",
		"worker-17":                                                "other",
		"ecm\n\"} 1":                                               "other",
		"trial; unfinished after p-1(B1=1000,B2=10), ecm(B1=2000,curves=25)": "p-1",
	} {
		if got := methods[methodOf(method)]; got != want {
			t.Errorf("%q: %s, want %s", method, got, want)
		}
	}
}

// TestStatusOf: the status of an answer is that of the JSON of `producer results`.
func TestStatusOf(t *testing.T) {
	p, q := task.Factor{P: nat.New(97), Exp: 1, Status: task.Prime}, task.Factor{P: nat.New(101), Exp: 1, Status: task.PRP}
	c := task.Factor{P: nat.New(1 << 63), Exp: 1, Status: task.Composite}
	square, value := p, task.Factor{P: nat.New(9), Exp: 1, Status: task.Value}
	square.Exp = 2
	seen := make(map[string]bool)
	for _, test := range []struct {
		n       uint64
		kind    string
		factors []task.Factor
	}{
		{0, task.KindFactor, nil}, {1, task.KindFactor, nil}, {35, task.KindFactor, nil}, {97, task.KindFactor, []task.Factor{p}},
		{101, task.KindFactor, []task.Factor{q}}, {1 << 63, task.KindFactor, []task.Factor{c}}, {9, task.KindFactor, []task.Factor{square}},
		{97 * 101, task.KindFactor, []task.Factor{p, q}}, {194, task.KindFactor, []task.Factor{p, c}}, {3, task.KindSquare, []task.Factor{value}},
	} {
		f := task.Factorization{Factors: test.factors}
		want := (&output.Record{N: nat.New(test.n), Kind: test.kind, Factorization: f}).Status()
		if got := statuses[statusOf(nat.New(test.n), &f)]; got != want {
			t.Errorf("%d %v: %s, want %s", test.n, test.factors, got, want)
		}
		seen[want] = true
	}
	for _, status := range statuses {
		if !seen[status] {
			t.Errorf("no test for status %s", status)
		}
	}
}
