package verify

import (
	"context"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// number parses a decimal, or a product or power such as "2^64*3^2".
func number(s string) nat.Nat {
	x := big.NewInt(1)
	for _, part := range strings.Split(s, "*") {
		base, exp, _ := strings.Cut(part, "^")
		b, ok := new(big.Int).SetString(base, 10)
		if !ok {
			panic(s)
		}
		e, _ := strconv.ParseInt("0"+exp, 10, 64)
		x.Mul(x, b.Exp(b, big.NewInt(max(1, e)), nil))
	}
	return nat.FromBig(x)
}

// factorization parses factors such as "2^3 P, 5 P, 123456789012345678901 C".
func factorization(s string) *task.Factorization {
	f := new(task.Factorization)
	if s == "" {
		return f
	}
	marks := map[string]task.Status{"P": task.Prime, "PRP": task.PRP, "C": task.Composite, "V": task.Value, "0": 0, "5": 5}
	for _, part := range strings.Split(s, ", ") {
		power, mark, _ := strings.Cut(part, " ")
		base, exp, ok := strings.Cut(power, "^")
		e, _ := strconv.ParseUint(exp, 10, 32)
		if !ok {
			e = 1
		}
		f.Factors = append(f.Factors, task.Factor{P: number(base), Exp: uint32(e), Status: marks[mark]})
	}
	return f
}

const (
	p64  = "18446744073709551557"        // 2^64-59, the largest prime of a word
	p65  = "18446744073709551629"        // 2^64+13, the smallest prime beyond
	m89  = "618970019642690137449562111" // 2^89-1
	m127 = "170141183460469231731687303715884105727"
	psp  = "318665857834031151167461" // a strong pseudoprime to the first 12 primes
)

var factorTests = []struct {
	n, factors string
	want       string // a part of the error, "" = true
}{
	{"0", "", ""},
	{"1", "", ""},
	{"2", "2 P", ""},
	{"360", "2^3 P, 3^2 P, 5 P", ""},
	{"2^63", "2^63 P", ""},
	{"2^64", "2^64 P", ""},
	{"2^16383", "2^16383 P", ""},
	{p64, p64 + " P", ""},
	{"4294967291^2", "4294967291^2 P", ""},
	{p65, p65 + " PRP", ""},
	{"2^5*3*" + p64 + "*" + p65 + "^2*" + m89, "2^5 P, 3 P, " + p64 + " P, " + p65 + "^2 PRP, " + m89 + " PRP", ""},
	{"3*" + psp, "3 P, " + psp + " C", ""}, // its primes are above 2^16
	{m89 + "*" + m127, number(m89+"*"+m127).String() + " C", ""},
	{p65, p65 + " C", "is called composite and is a probable prime"},

	// 1. Wrong products.
	{"0", "2 P", "0 and 1 have no factors"},
	{"1", "2 P", "0 and 1 have no factors"},
	{"2", "", "product"},
	{"360", "", "product"},
	{"360", "2^3 P, 3^2 P", "product"},
	{"360", "2^3 P, 3^2 P, 7 P", "product"},
	{"360", "2^3 P, 3^2 P, 5^2 P", "product"},
	{"360", "2^3 P, 3^2 P, 5 P, " + p65 + " PRP", "product"},
	{"2^64", "2^63 P", "product"},
	{"2^64", "2^65 P", "product"},
	{"2^64", "2^128 P", "product"},
	{"6", "2^65 P, 3 P", "product"}, // 2^65*3 = 0 mod 2^64
	{"2^64", "", "product"},
	{m127, m89 + " PRP", "product"},
	{m127, m89 + "^2 PRP", "product"},
	{"7", "2 P, 9223372036854775811 P", "product"}, // 2^64 + 6
	// 2. Hostile exponents.
	{"360", "2^4294967295 P", "product"},
	{"2^64", "2^4294967295 P", "product"},
	{"2^16383", "2^4294967295 P", "product"},
	{"2^16383", "2^16384 P", "product"},
	{"2^16383", "2^16382 P, 3^4294967295 P, " + m127 + "^4294967295 PRP", "product"},
	{"360", "2^0 P, 3 P", "exponent is 0"},
	{"360", "2^3 P, 3^2 P, 5 P, 7^0 P", "exponent is 0"},
	// 3. Wrong form.
	{"360", "3^2 P, 2^3 P, 5 P", "ascending"},
	{"360", "2 P, 2^2 P, 3^2 P, 5 P", "ascending"},
	{"360", "2^3 P, 3 P, 3 P, 5 P", "ascending"},
	{m127 + "^2", m127 + " PRP, " + m127 + " PRP", "ascending"},
	{"1", "1 P", "0 or 1"},
	{"360", "1 P, 2^3 P, 3^2 P, 5 P", "0 or 1"},
	{"0", "0 P", "0 or 1"},
	// 4. Wrong status.
	{"360", "8 P, 45 P", "8 is not prime"},
	{"360", "2^3 P, 45 P", "45 is not prime"},
	{"9", "9 P", "9 is not prime"},
	{"561", "561 P", "561 is not prime"}, // Carmichael
	{"825265", "825265 P", "825265 is not prime"},
	{"9746347772161", "9746347772161 P", "9746347772161 is not prime"},
	{"3215031751", "3215031751 P", "3215031751 is not prime"},
	{"341550071728321", "341550071728321 P", "341550071728321 is not prime"},
	{"3825123056546413051", "3825123056546413051 P", "3825123056546413051 is not prime"},
	{"4294967291^2", "18446744030759878681 P", "18446744030759878681 is not prime"},
	{psp, psp + " PRP", "318665857834031151167461 is not a probable prime"},
	{psp, psp + " P", "318665857834031151167461 is 2^64 or more"},
	{m89 + "^2", number(m89+"^2").String() + " PRP", "38312388521647221458…(54 digits) is not a probable prime"},
	{"2^16383", number("2^16383").String() + " PRP", "(4932 digits) is not a probable prime"},
	{"7", "7 C", "7 is below 2^64 and unfinished"},
	{"360", "2^3 P, 45 C", "45 is below 2^64 and unfinished"},
	{p64, p64 + " C", p64 + " is below 2^64 and unfinished"},
	{"2^100", number("2^100").String() + " C", "has a prime factor below 2^16"},
	{"3*" + m89, number("3*"+m89).String() + " C", "has a prime factor below 2^16"},
	{"65521*" + m89, number("65521*"+m89).String() + " C", "has a prime factor below 2^16"},
	{"65537*" + m89, number("65537*"+m89).String() + " C", ""},
	{"2^16383", number("2^16383").String() + " C", "has a prime factor below 2^16"},
	{m89, m89 + " C", "is called composite and is a probable prime"},
	{"340282366920938463463374607431768211507", "340282366920938463463374607431768211507 C", "probable prime"}, // 2^128+51
	{m89 + "^2", number(m89+"^2").String() + " C", "is a power with the exponent 2"},
	{m89 + "^15", number(m89+"^15").String() + " C", "is a power with the exponent 3"},
	{"65537^1009", number("65537^1009").String() + " C", "is a power with the exponent 1009"},
	{m89 + "^2*" + m127, number(m89+"^2*"+m127).String() + " C", ""},
	{"7", "7 PRP", "7 is below 2^64 and called a probable prime"},
	{p65, p65 + " P", "is 2^64 or more and called prime without a certificate"},
	{"7", "7 V", "7 has the invalid status V"},
	{"7", "7 0", "7 has the invalid status Status(0)"},
	{"7", "7 5", "7 has the invalid status Status(5)"},
}

func TestFactor(t *testing.T) {
	for _, test := range factorTests {
		start := time.Now()
		err := Answer(context.Background(), task.KindFactor, number(test.n), factorization(test.factors))
		check(t, test.n+" = "+test.factors, err, test.want)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%.60s = %.60s: took %v", test.n, test.factors, took)
		}
	}
}

func TestSquare(t *testing.T) {
	for _, test := range []struct{ n, answer, want string }{
		{"0", "0 V", ""},
		{"1", "1 V", ""},
		{"12", "144 V", ""},
		{"4294967295", "18446744065119617025 V", ""},
		{"4294967296", "18446744073709551616 V", ""},
		{p64, number(p64+"^2").String() + " V", ""},
		{m127, number(m127+"^2").String() + " V", ""},
		{"12", "145 V", "not the square"},
		{"12", "144 P", "not the square"},
		{"12", "144^2 V", "not the square"},
		{"12", "12^2 V", "not the square"},
		{"12", "144 V, 1 V", "not the square"},
		{"12", "", "not the square"},
		{"4294967296", "0 V", "not the square"},
		{m127, "1 V", "not the square"},
		{p64, number(p64+"^2").String() + "0 V", "not the square"},
	} {
		check(t, test.n+" -> "+test.answer, Answer(context.Background(), task.KindSquare, number(test.n), factorization(test.answer)), test.want)
	}
}

func TestResult(t *testing.T) {
	numbers := []nat.Nat{nat.New(360), nat.New(7), nat.New(1)}
	items := func() []task.Factorization {
		return []task.Factorization{*factorization("2^3 P, 3^2 P, 5 P"), *factorization("7 P"), {}}
	}
	for _, test := range []struct {
		name  string
		kind  string
		spoil func(*task.Result)
		want  string
	}{
		{"true", task.KindFactor, func(*task.Result) {}, ""},
		{"truncated", task.KindFactor, func(r *task.Result) { r.Items = r.Items[:2] }, "2 answers for 3 numbers"},
		{"none", task.KindFactor, func(r *task.Result) { r.Items = nil }, "0 answers for 3 numbers"},
		{"extra", task.KindFactor, func(r *task.Result) { r.Items = append(r.Items, task.Factorization{}) }, "4 answers for 3 numbers"},
		{"other order", task.KindFactor, func(r *task.Result) { r.Items[0], r.Items[1] = r.Items[1], r.Items[0] }, "number 1 of 3, 360: the product"},
		{"one wrong", task.KindFactor, func(r *task.Result) { r.Items[2] = *factorization("1 P") }, "number 3 of 3, 1: a factor is 0 or 1"},
		{"other kind", task.KindSquare, func(*task.Result) {}, `kind "factor" in a job of kind square`},
		{"unknown kind", "exec:x", func(r *task.Result) { r.Kind = "exec:x" }, `unknown kind "exec:x"`},
	} {
		r := &task.Result{Kind: task.KindFactor, Items: items()}
		test.spoil(r)
		check(t, test.name, Result(context.Background(), test.kind, numbers, r), test.want)
	}
}

func check(t *testing.T, name string, err error, want string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("%.120s: accepted, want %q", name, want)
	case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
		t.Errorf("%.120s: %v, want %q", name, err, want)
	}
}

// TestSieve checks true answers for all n below 10^6, made by a sieve of smallest prime factors, and
// that no composite factor passes as a prime.
func TestSieve(t *testing.T) {
	const limit = 1_000_000
	smallest := make([]uint32, limit)
	for p := uint32(2); p < limit; p++ {
		if smallest[p] == 0 {
			for m := p; m < limit; m += p {
				if smallest[m] == 0 {
					smallest[m] = p
				}
			}
		}
	}
	factors := make([]task.Factor, 0, 20)
	for n := uint32(2); n < limit; n++ {
		factors = factors[:0]
		for m := n; m > 1; m /= smallest[m] {
			p := nat.New(uint64(smallest[m]))
			if k := len(factors); k > 0 && factors[k-1].P == p {
				factors[k-1].Exp++
			} else {
				factors = append(factors, task.Factor{P: p, Exp: 1, Status: task.Prime})
			}
		}
		if err := Answer(context.Background(), task.KindFactor, nat.New(uint64(n)), &task.Factorization{Factors: factors}); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if got, want := provedPrime(uint64(n)), smallest[n] == n; got != want {
			t.Fatalf("provedPrime(%d) = %v", n, got)
		}
		// The test above the table's bound proves the numbers below it as well.
		if n > 840 && n%2 == 1 {
			p := lucasP(uint64(n))
			if got, want := p != 0 && newMontgomery(uint64(n)).isBailliePSW(p), smallest[n] == n; got != want {
				t.Fatalf("baillie(%d) = %v", n, got)
			}
		}
	}
}

// TestAllocs checks that the check of an answer below 2^64 does not allocate.
func TestAllocs(t *testing.T) {
	n, f := number("2^5*3*1125899906842597"), factorization("2^5 P, 3 P, 1125899906842597 P")
	if err := Answer(context.Background(), task.KindFactor, n, f); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() { Answer(context.Background(), task.KindFactor, n, f) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
