package verify

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

func decimal(t testing.TB, s string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return n
}

// makeStep returns the text of a step that proves the prime n with the primes of list, such as
// "-3 +5", each with its least witness.
func makeStep(t testing.TB, n, list string) string {
	t.Helper()
	x := decimal(t, n)
	for item := range strings.FieldsSeq(list) {
		q := decimal(t, item[1:])
		a := uint64(1)
		for witness(t, x, q, item[0] == '+', a) != nil {
			if a++; a > 1000 {
				t.Fatalf("%s has no witness for %s", n, item)
			}
		}
		n += fmt.Sprintf(" %s:%d", item, a)
	}
	return n
}

func witness(t testing.TB, n, q *big.Int, plus bool, a uint64) error {
	if !plus {
		return minusWitness(context.Background(), n, new(big.Int).Sub(n, one), q, a)
	}
	d, err := nonResidue(n)
	if err != nil {
		t.Fatal(err)
	}
	return plusWitness(context.Background(), &ring{n, d}, new(big.Int).Add(n, one), q, a)
}

// Primes with a proof. The factors of n-1 and n+1 are complete in the comments.
var provable = []struct{ why, n, list string }{
	{"39*2^70+1: all of n-1 but 39", "46043073207979040833537", "-2"},
	{"27*2^70-1: all of n+1 but 27", "31875973759370105192447", "+2"},
	{"2^89-1", "618970019642690137449562111", "+2"},
	{"F1 > n^(1/2), n-1 = 2^2*383*289669*1599937*2075063", "1473312772894393428149", "-1599937 -2075063"},
	{"n^(1/3) < F1 < n^(1/2): the test for a square", "1473312772894393428149", "-383 -2075063"},
	{"the same from n+1 = 2*3^5*11*182443*1678838305799, F2 = 3^5*182443", "1637438619895045672121", "+3 +182443"},
	{"F2 > n^(1/2)", "1637438619895045672121", "+1678838305799"},
	{"neither F1 = 2^4*3*443 nor F2 = 2*7*360901 is above n^(1/3), lcm(F1, F2) is above n^(1/2)", "1597376622609183358417", "-2 -3 -443 +7 +360901"},
}

func TestCertificate(t *testing.T) {
	for _, test := range provable {
		text := makeStep(t, test.n, test.list)
		if err := Certificate(context.Background(), nat.FromBig(decimal(t, test.n)), text); err != nil {
			t.Errorf("%s: %q: %v", test.why, text, err)
		}
	}
}

// TestCertificateChain: n-1 = 2*q, q of 70 bits, so that q needs a step of its own.
func TestCertificateChain(t *testing.T) {
	const n, q = "1786887893468371243259", "893443946734185621629"
	p := nat.FromBig(decimal(t, n))
	top, rest := makeStep(t, n, "-"+q), makeStep(t, q, "-3734833 -10772057")
	other := makeStep(t, "618970019642690137449562111", "+2")
	small := "1099511627791 -2:3" // a prime
	for _, test := range []struct{ why, text, want string }{
		{"complete", top + "; " + rest, ""},
		{"no step about q", top, "no step proves " + q},
		{"the step about q proves nothing", top + "; " + q + " -2:2", "step 2"},
		{"q alone", rest, "it proves another number, " + q},
		{"a step that is not used", top + "; " + rest + "; " + small, "below 2^64"},
		{"a greater one first", other + "; " + top + "; " + rest, "it proves another number, 618970019642690137449562111"},
		{"the same twice", top + "; " + rest + "; " + rest, "do not descend"},
		{"a step that depends on itself", top + "; " + top, "do not descend"},
		{"a circle", top + "; " + q + " -" + n + ":2", "no step proves " + n},
		{"its own factor", n + " -" + n + ":2", "no step proves " + n},
		{"an unused step of 2^64 or more", top + "; " + rest + "; 18446744073709551629 -2:2", "no earlier step uses it"},
		{"an even number", n + " -18446744073709551630:2; 18446744073709551630 -2:2", "even"},
	} {
		checkRefused(t, test.why, p, test.text, test.want)
	}
}

// checkRefused checks that text is refused for a reason that contains want, or that it is
// accepted if want is "".
func checkRefused(t *testing.T, why string, p nat.Nat, text, want string) {
	t.Helper()
	err := Certificate(context.Background(), p, text)
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s: %.200q: %v, want %q", why, text, err, want)
	}
}

// Forgeries: each violates one hypothesis.
func TestForgedCertificates(t *testing.T) {
	const n = "1473312772894393428149" // n-1 = 2^2*383*289669*1599937*2075063
	const m89 = "618970019642690137449562111"
	for _, test := range []struct{ why, n, text, want string }{
		{"honest", n, n + " -1599937:2 -2075063:2", ""},
		{"a witness 1", n, n + " -1599937:1 -2075063:2", "does not show"},
		{"a witness of too low order: a power of q", n, n + " -2:4 -1599937:2 -2075063:2", "does not show"},
		{"a composite q that divides n-1, 383*289669", n, n + " -2075063:2 -110943227:2", "110943227 is not prime"},
		{"a prime q that does not divide n-1", n, n + " -1599931:2 -2075063:2", "1599931 does not divide N-1"},
		{"a prime q that does not divide n+1", m89, m89 + " +2:1 +3:1", "3 does not divide N+1"},
		{"a prime of n-1 called one of n+1", n, n + " +2075063:2", "does not divide N+1"},
		{"a rational witness: 2^89-1 has D = 3, and 1 is that of the other square", m89, m89 + " +2:2", "does not show"},
		{"F1 too small: 2^2*2075063", n, n + " -2:2 -2075063:2", "too few"},
		{"no primes at all", n, n, "too few"},
		{"F2 too small", "1637438619895045672121", makeStep(t, "1637438619895045672121", "+2 +3 +11"), "too few"},
		{"another number", "1637438619895045672121", n + " -1599937:2 -2075063:2", "it proves another number, " + n},

		// n = (3F+1)(6F+1), F = 2^..*11*19*43*67*163*173: all that a proof from F > n^(1/3) asks
		// for holds but that c1^2 - 4*c2 = 9^2 - 4*18 is 3^2.
		{"composite with true witnesses", "20757688971110789699431", "20757688971110789699431 -2:12 -11:3 -19:3 -43:3 -67:3 -163:3 -173:3", "discriminant is a square"},
		// n = (F+1)(2F-1), the same for n+1.
		{"composite with true witnesses", "267278501649432740609", "267278501649432740609 +2:10 +5:1 +11:1 +13:1 +31:1 +151:1 +157:1", "discriminant is a square"},
		{"composite with true witnesses", "1871754731900650500077", "1871754731900650500077 +2:3 +61:3 +101:3 +113:3 +127:3 +173:3", "discriminant is a square"},
		// 2^67-1 = 193707721 * 761838257287, a pseudoprime to base 2 as all Mersenne numbers.
		{"a pseudoprime", "147573952589676412927", "147573952589676412927 -67:2 -20857:2", "does not"},
		{"a pseudoprime", "147573952589676412927", "147573952589676412927 +2:1", "not rational"},
		{"37*2^70+1, composite: 3 is no witness of anything", "43681889966544218226689", "43681889966544218226689 -2:3", "not 1"},
		{"a witness that is no unit: D = 2, and 7 divides n and 3^2-D", "18446744073709551635", "18446744073709551635 +2:3", "not a unit"},
		// 4294967311^2: there is no D.
		{"a square", "18446744202558570721", "18446744202558570721 +2:1", "no D"},
		{"a prime below 2^64", "18446744073709551557", "18446744073709551557 -2:2", "below 2^64"},
	} {
		checkRefused(t, test.why, nat.FromBig(decimal(t, test.n)), test.text, test.want)
	}
}

// TestStatusWithCertificate: a prime of 2^64 or more needs a certificate, and no other factor may
// have one.
func TestStatusWithCertificate(t *testing.T) {
	const m89 = "618970019642690137449562111"
	p, text := nat.FromBig(decimal(t, m89)), makeStep(t, m89, "+2")
	for _, test := range []struct {
		why    string
		n      nat.Nat
		answer task.Factorization
		want   string
	}{
		{"proved", p, task.Factorization{Factors: []task.Factor{{P: p, Exp: 1, Status: task.Prime}}, Certificates: []string{text}}, ""},
		{"no certificate", p, task.Factorization{Factors: []task.Factor{{P: p, Exp: 1, Status: task.Prime}}}, "without a certificate"},
		{"an empty one", p, task.Factorization{Factors: []task.Factor{{P: p, Exp: 1, Status: task.Prime}}, Certificates: []string{""}}, "without a certificate"},
		{"malformed", p, task.Factorization{Factors: []task.Factor{{P: p, Exp: 1, Status: task.Prime}}, Certificates: []string{text + " "}}, "certificate of " + m89},
		{"of a probable prime", p, task.Factorization{Factors: []task.Factor{{P: p, Exp: 1, Status: task.PRP}}, Certificates: []string{text}}, "needs none"},
		{"of what is left", p, task.Factorization{Factors: []task.Factor{{P: p, Exp: 1, Status: task.Composite}}, Certificates: []string{text}}, "needs none"},
		{"of a small prime", nat.New(7), task.Factorization{Factors: []task.Factor{{P: nat.New(7), Exp: 1, Status: task.Prime}}, Certificates: []string{text}}, "needs none"},
		{"of a small prime, empty", nat.New(7), task.Factorization{Factors: []task.Factor{{P: nat.New(7), Exp: 1, Status: task.Prime}}, Certificates: []string{""}}, ""},
		{"too many", p, task.Factorization{Factors: []task.Factor{{P: p, Exp: 1, Status: task.Prime}}, Certificates: []string{text, text}}, "needs none"},
	} {
		err := Answer(context.Background(), task.KindFactor, test.n, &test.answer)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
	square := task.Factorization{Factors: []task.Factor{{P: nat.New(4), Exp: 1, Status: task.Value}}, Certificates: []string{""}}
	if Answer(context.Background(), task.KindSquare, nat.New(2), &square) == nil {
		t.Error("a square with a certificate is accepted")
	}
}

// FuzzCertificate: an accepted certificate proves a prime, and the text of a parsed certificate is the
// text that was parsed.
func FuzzCertificate(f *testing.F) {
	for _, test := range provable {
		f.Add(makeStep(f, test.n, test.list))
	}
	f.Add(makeStep(f, "1786887893468371243259", "-893443946734185621629") + "; " + makeStep(f, "893443946734185621629", "-3734833 -10772057"))
	f.Add("20757688971110789699431 -2:12 -11:3 -19:3 -43:3 -67:3 -163:3 -173:3")
	f.Add("18446744202558570721 +2:1")
	f.Add("4 -2:1; 3 +2:1")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := task.ParseCertificate(text)
		if err != nil {
			return
		}
		if again, err := c.Text(); err != nil || again != text {
			t.Errorf("%q is written as %q, %v", text, again, err)
		}
		p := c.Steps[0].N
		if err := Certificate(context.Background(), p, text); err == nil && (p.BitLen() <= 64 || !p.Big().ProbablyPrime(10)) {
			t.Errorf("%q is accepted", text)
		}
	})
}

// BenchmarkHostileCertificate measures the most expensive certificates that are refused: four powers
// modulo a number of 16,384 bits, and for comparison the Baillie-PSW test of such a number.
func BenchmarkHostileCertificate(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	n := big.NewInt(1)
	for n.BitLen() < task.MaxBits {
		n.Lsh(n, 32).Add(n, big.NewInt(int64(r.Uint32()|1)))
		n.SetBit(n, 0, 1)
	}
	n.Rsh(n, uint(n.BitLen()-task.MaxBits)).SetBit(n, 0, 1)
	m := new(big.Int).Sub(n, one)
	b.Run("power", func(b *testing.B) {
		for b.Loop() {
			minusWitness(context.Background(), n, m, big.NewInt(2), 3)
		}
	})
	b.Run("plus power", func(b *testing.B) {
		for b.Loop() {
			plusWitness(context.Background(), &ring{n, big.NewInt(3)}, m, big.NewInt(2), 3)
		}
	})
	b.Run("Baillie-PSW", func(b *testing.B) {
		for b.Loop() {
			n.ProbablyPrime(0)
		}
	})
}
