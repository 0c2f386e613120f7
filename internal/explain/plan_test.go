package explain

import (
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/nat"
)

// hard returns a composite of so many digits without small factors: the product of two primes.
func hard(digits int) *big.Int {
	a := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits/2)), nil)
	b := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64((digits-1)/2)), nil)
	return new(big.Int).Mul(nextPrime(a), nextPrime(b.Mul(b, big.NewInt(3))))
}

// nextPrime returns the first prime above n.
func nextPrime(n *big.Int) *big.Int {
	p := new(big.Int).Add(n, big.NewInt(1))
	for !p.ProbablyPrime(0) {
		p.Add(p, big.NewInt(1))
	}
	return p
}

// TestPlanOf: what the plans of a number have in common with every machine. The figures depend on its level of kernels.
func TestPlanOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		digits  int
		options Options
		want    []string // each is a regular expression of a line, in this order
	}{
		{"sieve", 90, Options{}, []string{
			`^number 5: a composite of 90 digits, after 5 small primes divided out; its plan, `, `^  .*factors of 9 to \d+ digits: p-1 with B1 up to `,
			`^  quadratic sieve: about [\d,]{6,} relations, about .*, at most [\d.]+ MiB of memory`, `^  in all at most about .*; the budget is .* of CPU time; workers with free slots share the sieve if that saves time$`,
		}},
		{"alone", 90, Options{Mode: campaign.Never}, []string{`; the budget is [^;]* of CPU time$`}},
		{"small", 70, Options{}, []string{`quadratic sieve`, `; the budget is [^;]* of CPU time$`}},
		{"always", 70, Options{Mode: campaign.Always}, []string{`workers with free slots share the sieve`}},
		{"budget", 95, Options{Budget: 30 * time.Second}, []string{`^  no quadratic sieve within the budget: it takes about .*(min|h|s)$`, `^  the budget is 30 s of CPU time, which ends the curves; workers with free slots share the sieve if the budget then suffices, else they run curves$`}},
		{"large", 150, Options{}, []string{`^  no quadratic sieve: the composite is too large$`, `which ends the curves; workers with free slots run curves, too$`}},
		{"work", 150, Options{Work: 35, Budget: 20 * time.Hour}, []string{`^  curves up to t35 were run before`, `^  for factors of 40 digits: p-1`}},
	} {
		p, ok := PlanOf(4, nat.FromBig(new(big.Int).Mul(hard(test.digits), big.NewInt(4*3*5*5))), test.options)
		if !ok || p.Digits != test.digits && p.Digits != test.digits+1 {
			t.Errorf("%s: hard %v, %d digits", test.name, ok, p.Digits)
			continue
		}
		lines := p.Lines()
		rest := lines
		for _, want := range test.want {
			for len(rest) > 0 && !regexp.MustCompile(want).MatchString(rest[0]) {
				rest = rest[1:]
			}
			if len(rest) == 0 {
				t.Errorf("%s: no line like %q in\n%s", test.name, want, strings.Join(lines, "\n"))
				break
			}
		}
		if test.options.Work > 0 && p.Levels[0].Digits <= int(test.options.Work) {
			t.Errorf("%s: %+v", test.name, p.Levels[0])
		}
	}
}

// TestEasy: numbers that take no second have no plan.
func TestEasy(t *testing.T) {
	t.Parallel()
	prime := nextPrime(new(big.Int).Lsh(big.NewInt(1), 400))
	for _, n := range []*big.Int{new(big.Int), hard(60), prime, new(big.Int).Mul(prime, big.NewInt(2*65521)), new(big.Int).Lsh(hard(50), 300), new(big.Int).Lsh(big.NewInt(1), 500)} {
		if p, ok := PlanOf(0, nat.FromBig(n), Options{}); ok {
			t.Errorf("%v: %+v", n, p)
		}
	}
}
