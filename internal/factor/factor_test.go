package factor

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/factor/kernels/kernelstest"
	"factorfleet/internal/nat"
)

func big10(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		panic(s)
	}
	return n
}

func pow(b int64, e int64) *big.Int { return new(big.Int).Exp(big.NewInt(b), big.NewInt(e), nil) }

func product(xs ...*big.Int) *big.Int {
	n := big.NewInt(1)
	for _, x := range xs {
		n.Mul(n, x)
	}
	return n
}

// format writes factors as "2^3 5 C77", in their order.
func format(fs []Factor) string {
	var b strings.Builder
	for i, f := range fs {
		if i > 0 {
			b.WriteByte(' ')
		}
		if f.Status == Composite {
			b.WriteByte('C')
		}
		b.WriteString(f.P.String())
		if f.Exp != 1 {
			fmt.Fprintf(&b, "^%d", f.Exp)
		}
	}
	return b.String()
}

// checkFactors checks what holds for every answer: the product, the order, and the status of
// each factor by math/big.
func checkFactors(t testing.TB, n *big.Int, fs []Factor) {
	t.Helper()
	p := big.NewInt(1)
	for i, f := range fs {
		b := f.P.Big()
		if i > 0 && fs[i-1].P.Cmp(f.P) >= 0 || b.Cmp(one) <= 0 || f.Exp == 0 {
			t.Errorf("%v: factors are not ascending, or 1, or to the power 0: %s", n, format(fs))
		}
		want := Composite
		if f.Status != Composite && b.ProbablyPrime(2) {
			if want = PRP; b.IsUint64() {
				want = Prime
			}
		}
		if f.Status != want {
			t.Errorf("%v: factor %v has the status %v, want %v", n, b, f.Status, want)
		}
		p.Mul(p, new(big.Int).Exp(b, big.NewInt(int64(f.Exp)), nil))
	}
	if n.Sign() > 0 && p.Cmp(n) != 0 {
		t.Errorf("%v is not the product of %s", n, format(fs))
	}
}

// finished reports whether all factors are primes or probable primes.
func finished(fs []Factor) bool {
	return !slices.ContainsFunc(fs, func(f Factor) bool { return f.Status == Composite })
}

// complete factors n and checks the answer.
func complete(t testing.TB, e *Engine, n *big.Int) ([]Factor, string) {
	t.Helper()
	fs, method, err := e.Append(context.Background(), nil, nat.FromBig(n))
	if err != nil || !finished(fs) {
		t.Errorf("%v = %s, error %v", n, format(fs), err)
	}
	checkFactors(t, n, fs)
	return fs, method
}

// TestExhaustive compares every n below 2^20 with a sieve of smallest prime
// factors.
func TestExhaustive(t *testing.T) { kernelstest.Each(t, testExhaustive) }

func testExhaustive(t *testing.T) {
	const limit = 1 << 20
	least := make([]uint32, limit)
	for p := uint32(2); p < limit; p++ {
		if least[p] != 0 {
			continue
		}
		for j := p; j < limit; j += p {
			if least[j] == 0 {
				least[j] = p
			}
		}
	}
	e := New(Options{})
	var got, want []Factor
	for n := uint32(0); n < limit; n++ {
		want = want[:0]
		for m := n; m > 1; m /= least[m] {
			want = addPrime(want, 0, uint64(least[m]), 1)
		}
		var err error
		if got, _, err = e.Append(context.Background(), got[:0], nat.New(uint64(n))); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d = %s, %v, want %s", n, format(got), err, format(want))
		}
	}
}

// TestKnown has numbers that have broken factoring programs, or are the last of their kind.
func TestKnown(t *testing.T) { kernelstest.Each(t, testKnown) }

func testKnown(t *testing.T) {
	e := New(Options{})
	for _, test := range []struct {
		n    *big.Int
		want string
		why  string
	}{
		{big.NewInt(0), "", "0 has no factorization"},
		{big.NewInt(1), "", "1 is the empty product"},
		{big.NewInt(1021 * 1021), "1021^2", "square of the last prime of trial division"},
		{big.NewInt(1031 * 1031), "1031^2", "square of the first prime beyond it"},
		{big.NewInt(1021 * 1031), "1021 1031", "both"},
		{big.NewInt(1031 * 1033 * 1039), "1031 1033 1039", "three beyond it"},
		{pow(1093, 2), "1093^2", "Wieferich"},
		{pow(3511, 2), "3511^2", "Wieferich"},
		{pow(3511, 4), "3511^4", "square of a square"},
		{pow(2, 63), "2^63", "power of 2"},
		{pow(3, 40), "3^40", "largest power of 3 in a word"},
		{big10("18446744073709551557"), "18446744073709551557", "2^64-59, the largest prime"},
		{big10("18446744030759878681"), "4294967291^2", "(2^32-5)^2, the largest square of a prime"},
		{big10("18446743979220271189"), "4294967279 4294967291", "largest product of two primes below 2^32"},
		{big10("18446744073709551615"), "3 5 17 257 641 65537 6700417", "2^64-1"},
		{big10("3825123056546413051"), "149491 747451 34233211", "strong to 9 prime bases"},
		{big10("318665857834031151167461"), "399165290221 798330580441", "strong to 12 prime bases"},
		{big10("3317044064679887385961981"), "1287836182261 2575672364521", "strong to 13 prime bases"},
		{big10("349407515342287435050603204719587201"), "11 13 17 19 29 31 37 41 43 61 71 73 97 101 109 113 151 181 193 641", "Carmichael, 20 primes"},
		{pow(2, 64), "2^64", "smallest of two words"},
		{new(big.Int).Add(pow(2, 64), one), "274177 67280421310721", "F6"},
		{new(big.Int).Sub(pow(2, 67), one), "193707721 761838257287", "Cole's"},
		{big10("18446744073709551629"), "18446744073709551629", "first prime above 2^64"},
		{new(big.Int).Sub(pow(2, 127), one), "170141183460469231731687303715884105727", "a prime of two words"},
		{pow(65521, 20), "65521^20", "power of the last prime of trial division"},
		{pow(65537, 1000), "65537^1000", "power of the first prime beyond it: 16,001 bits"},
		{pow(65537, 1023), "65537^1023", "16,369 bits"},
		{pow(65539, 64), "65539^64", "power of 2 as exponent"},
		{product(pow(4294967291, 6), pow(65537, 9)), "65537^9 4294967291^6", "cube of a product of powers"},
		{product(pow(1000003, 2), big.NewInt(1000000000039)), "1000003^2 1000000000039", "p^2 q"},
		{product(pow(1000003, 3), pow(1000000007, 2)), "1000003^3 1000000007^2", "p^3 q^2"},
		{product(pow(1000000007, 2), pow(1000000009, 2)), "1000000007^2 1000000009^2", "(p q)^2"},
		{pow(1000000000039, 2), "1000000000039^2", "square of a prime beyond 32 bits"},
		{product(pow(1000000000039, 2), pow(1000000000061, 1)), "1000000000039^2 1000000000061", "p^2 q, close to a cube"},
		{product(big10("18446744073709551629"), big10("18446744073709551629")), "18446744073709551629^2", "square of a prime of two words"},
		{product(big10("1099511627791"), big10("1099511627803")), "1099511627791 1099511627803", "close together"},
	} {
		fs, _ := complete(t, e, test.n)
		if got := format(fs); got != test.want {
			t.Errorf("%v = %s, want %s: %s", test.n, got, test.want, test.why)
		}
	}
}

// TestMersenne factors 2^n-1 for all n to 128, TestFactorials n!+1 to 30. These numbers have
// factors of all sizes, and checkFactors needs no table of them.
func TestMersenne(t *testing.T) { kernelstest.Each(t, testMersenne) }

func testMersenne(t *testing.T) {
	e := New(Options{})
	for i := int64(1); i <= 128; i++ {
		complete(t, e, new(big.Int).Sub(pow(2, i), one))
	}
}

func TestFactorials(t *testing.T) { kernelstest.Each(t, testFactorials) }

func testFactorials(t *testing.T) {
	e := New(Options{})
	for i := int64(1); i <= 30; i++ {
		n := new(big.Int).MulRange(1, i)
		complete(t, e, n)
		complete(t, e, new(big.Int).Add(n, one))
	}
}

// TestPowers factors p^k for primes p around the bounds of the methods.
func TestPowers(t *testing.T) {
	e := New(Options{})
	for _, p := range []int64{2, 3, 1013, 1019, 1021, 1031, 65521, 65537, 4294967291, 4294967311} {
		for k := int64(1); k <= 12; k++ {
			fs, _ := complete(t, e, pow(p, k))
			if len(fs) != 1 || fs[0].Exp != uint32(k) {
				t.Errorf("%d^%d = %s", p, k, format(fs))
			}
		}
	}
}

func TestMethods(t *testing.T) { kernelstest.Each(t, testMethods) }

func testMethods(t *testing.T) {
	e := New(Options{})
	for _, test := range []struct {
		n    *big.Int
		want string // or several, with "|" between: what is quickest differs by level
	}{
		{big.NewInt(0), ""},
		{big.NewInt(1), ""},
		{big.NewInt(2), "prime"},
		{big.NewInt(4), "trial"},
		{big.NewInt(1000003), "prime"},
		{big.NewInt(2 * 1000003), "trial"},
		{big.NewInt(1031 * 1033), "rho"},
		{big.NewInt(1000003 * 1000033), "ecm(B1=34,B2=850)"},
		{big.NewInt(1000003 * 1000003), "power"},
		{new(big.Int).Sub(pow(2, 127), one), "prime"},
		{product(big.NewInt(6), new(big.Int).Sub(pow(2, 127), one)), "trial"},
		{product(big.NewInt(1<<30), big.NewInt(1000003*1000033)), "ecm(B1=34,B2=850)"},
		{pow(4294967311, 3), "power"},
		{product(smoothPlusOne, new(big.Int).Sub(pow(2, 127), one)), "p-1(B1=1000,B2=10000)"},
		{product(p1, p2, new(big.Int).Sub(pow(2, 127), one)), "ecm(B1=1800,B2=160000,sigma=1048898743)|siqs"},
		{product(p1, big.NewInt(4294967291)), "siqs"},
		{product(big10("562949953421381"), big10("750000000000037")), "siqs"},
	} {
		if _, got := complete(t, e, test.n); !slices.Contains(strings.Split(test.want, "|"), got) {
			t.Errorf("method for %v is %q, want %q", test.n, got, test.want)
		}
	}
}

// smoothPlusOne is a prime of 79 bits, one more than a product of primes below 1000.
var smoothPlusOne = big10("446938342233808228736363")

// hard is a product of two primes of 110 bits, out of reach.
func hard() *big.Int {
	return product(big10("914936749175787993398663151945439"), big10("882349585489182747426476119260833"))
}

// slack is the time that a busy machine may add in tests. TestTick checks that the engine itself
// stops within 100 ms.
const slack = 400 * time.Millisecond

// TestBudget spends the budget on numbers with a part that is out of reach.
func TestBudget(t *testing.T) { kernelstest.Each(t, testBudget) }

func testBudget(t *testing.T) {
	for _, test := range []struct {
		n    *big.Int
		want string
		why  string
	}{
		{hard(), "C" + hard().String(), "alone"},
		{product(pow(2, 5), pow(1000003, 2), hard()), "2^5 1000003^2 C" + hard().String(), "with small factors"},
		{product(hard(), hard(), hard()), "C" + hard().String() + "^3", "a power"},
	} {
		budget := slowly(60 * time.Millisecond)
		e := New(Options{Budget: budget})
		fs, method, err := e.Append(context.Background(), nil, nat.FromBig(test.n))
		if err != nil {
			t.Errorf("%s: error %v", test.why, err)
		}
		checkFactors(t, test.n, fs)
		if got := format(fs); got != test.want || finished(fs) {
			t.Errorf("%s: %s, want %s", test.why, got, test.want)
		}
		if !strings.Contains(method, "unfinished after ecm(B1=") && !strings.Contains(method, "unfinished after p-1(B1=") && !strings.Contains(method, "unfinished after p+1(B1=") {
			t.Errorf("%s: method %q does not say what was tried", test.why, method)
		}
		if d, _ := e.Spent(); d < budget || d > budget+slowly(slack) {
			t.Errorf("%s: %v for a budget of %v", test.why, d, budget)
		}
	}
}

// TestTinyBudget: words are always finished, and of a larger number the factors found are
// returned.
func TestTinyBudget(t *testing.T) { kernelstest.Each(t, testTinyBudget) }

func testTinyBudget(t *testing.T) {
	e := New(Options{Budget: 1})
	complete(t, e, big10("18446743979220271189"))
	huge := product(pow(2, 16000), big.NewInt(3*3*65521), new(big.Int).Add(pow(2, 300), one))
	for _, n := range []*big.Int{pow(2, 16000), huge, product(hard(), hard())} {
		fs, _, err := e.Append(context.Background(), nil, nat.FromBig(n))
		if err != nil {
			t.Errorf("%v: %v", n, err)
		}
		checkFactors(t, n, fs)
	}
}

// TestCancel cancels the context from within the computation, at the first tick and later, in
// words, in primality tests and in curves.
func TestCancel(t *testing.T) { kernelstest.Each(t, testCancel) }

func testCancel(t *testing.T) {
	cause := errors.New("cause")
	for _, test := range []struct {
		n     *big.Int
		ticks int
		why   string
	}{
		{big.NewInt(7), 1, "at once"},
		{big10("18446743979220271189"), 2, "a word"},
		{hard(), 1, "at once, big"},
		{hard(), 2, "p-1"},
		{hard(), 200, "curves"},
		{new(big.Int).Sub(pow(2, 4423), one), 10, "primality"},
		{new(big.Int).Sub(pow(2, 16381), one), 2, "primality of 16,381 bits"},
	} {
		ctx, cancel := context.WithCancelCause(context.Background())
		count := 0
		var at time.Time
		e := New(Options{Tick: func() {
			if count++; count == test.ticks {
				at = time.Now()
				cancel(cause)
			}
		}})
		dst := []Factor{{nat.New(5), 1, Prime}}
		fs, _, err := e.Append(ctx, dst, nat.FromBig(test.n))
		if err != cause || len(fs) != 1 {
			t.Errorf("%s: %d factors, error %v", test.why, len(fs), err)
		}
		if d := time.Since(at); d > slowly(100*time.Millisecond+slack) || count > test.ticks {
			t.Errorf("%s: %v and %d calls of Tick after the end", test.why, d, count-test.ticks)
		}
	}
}

// TestSeed: the same seed gives the same curves, another seed other curves, and every seed the
// same factors.
func TestSeed(t *testing.T) { kernelstest.Each(t, testSeed) }

func testSeed(t *testing.T) {
	n := product(p1, new(big.Int).Sub(pow(2, 127), one))
	var first string
	methods := map[string]bool{}
	for seed := range uint64(4) {
		fs, method := complete(t, New(Options{Seed: seed}), n)
		again, sameMethod := complete(t, New(Options{Seed: seed}), n)
		if method != sameMethod || format(fs) != format(again) {
			t.Errorf("seed %d: %q and %q", seed, method, sameMethod)
		}
		if first == "" {
			first = format(fs)
		}
		if format(fs) != first {
			t.Errorf("seed %d: %s, want %s", seed, format(fs), first)
		}
		methods[method] = true
	}
	if len(methods) < 2 {
		t.Errorf("all seeds gave %v", methods)
	}
}

func TestAllocations(t *testing.T) { kernelstest.Each(t, testAllocations) }

func testAllocations(t *testing.T) {
	e := New(Options{})
	fs := make([]Factor, 0, 64)
	for _, n := range []uint64{0, 1, 1 << 40, 1<<64 - 59, 1000003 * 1000033, 1<<64 - 1} {
		if got := testing.AllocsPerRun(20, func() {
			fs, _, _ = e.Append(context.Background(), fs[:0], nat.New(n))
		}); got != 0 {
			t.Errorf("%d: %v allocations", n, got)
		}
	}
}

func TestStatusString(t *testing.T) {
	for s, want := range map[Status]string{Prime: "P", PRP: "PRP", Composite: "C", 0: "?"} {
		if s.String() != want {
			t.Errorf("%d is %q", s, s)
		}
	}
	if Prime != 1 || PRP != 2 || Composite != 3 {
		t.Error("the values of Status go over the wire")
	}
}
