package factored

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Two primes of 25 and 26 digits.
const (
	p25 = "4766414989879203725429917"
	p26 = "50822905577262090948713363"
)

// number returns the product of decimal numbers.
func number(factors ...string) nat.Nat {
	x := big.NewInt(1)
	for _, f := range factors {
		y, ok := new(big.Int).SetString(f, 10)
		if !ok {
			panic(f)
		}
		x.Mul(x, y)
	}
	return nat.FromBig(x)
}

func TestRead(t *testing.T) {
	t.Parallel()
	n := number(p25, p26)
	long := number(p25, p26, "2", "2", "3")
	for _, x := range []struct {
		n    nat.Nat
		line string
		good bool
	}{
		{n, n.String() + "=" + p25 + "*" + p26, true},
		{long, long.String() + "=2^2*3*" + p25 + "*" + p26, true},
		{n, "", false},
		{n, n.String(), false},
		{n, n.String() + "=", false},
		{n, n.String() + "=" + n.String(), false},               // composite
		{n, n.String() + "=" + p26 + "*" + p25, false},          // order
		{n, n.String() + "=1*" + p25 + "*" + p26, false},        // 1
		{n, n.String() + "=" + p25 + "^1*" + p25, false},        // product
		{n, long.String() + "=2^2*3*" + p25 + "*" + p26, false}, // another number
		{n, n.String() + "=" + p25 + "*" + p26 + " # unfinished: c508…(26)", false},
		{n, n.String() + "=" + p25 + "*" + p26 + "\n", false},
		{n, n.String() + "=" + p25 + "*" + p26 + "\n" + n.String() + "=7", false},
		{n, n.String() + "=7\n" + n.String() + "=" + p25 + "*" + p26, false},
		{n, n.String() + ": " + p25 + " " + p26, false},
		{n, `{"v":1,"i":0,"n":"` + n.String() + `"}`, false},
		{n, n.String() + "^2=" + number(n.String(), n.String()).String(), false},
		{n, n.String() + "=" + p25 + "^99999999999", false},
		{number("3", "5"), "15=3*5", false}, // not worth it
		{n, strings.Repeat("0", MaxLine) + n.String() + "=" + p25 + "*" + p26, false},
	} {
		f, err := Read(t.Context(), x.n, []byte(x.line))
		if (err == nil) != x.good {
			t.Errorf("%.100q: %v", x.line, err)
		}
		if err == nil && string(Line(x.n, &f)) != x.line || err == nil && f.Method != Method || err != nil && len(f.Factors) > 0 {
			t.Errorf("%.100q: %+v", x.line, f)
		}
	}
}

// TestWorth: what is kept depends on the two largest prime factors, and on nothing that a worker claims.
func TestWorth(t *testing.T) {
	t.Parallel()
	factor := func(list ...string) (nat.Nat, task.Factorization) {
		var f task.Factorization
		for _, p := range list {
			f.Factors = append(f.Factors, task.Factor{P: number(p), Exp: 1, Status: task.PRP})
		}
		f.CPU, f.Method = 1e15, "siqs"
		return number(list...), f
	}
	const p20, p31 = "18446744073709551629", "1000000000000000000000000000057"
	for _, x := range []struct {
		factors []string
		want    bool
	}{
		{[]string{p25, p26}, true},
		{[]string{"2", p25, p26}, true},
		{[]string{"18446744073709551557", p31}, false}, // the smaller one is below 2^64
		{[]string{p20, p25}, false},                    // 45 digits
		{[]string{p20, p31}, true},
		{[]string{number(p25, p26).String()}, false},
		{nil, false},
	} {
		n, f := factor(x.factors...)
		if IsWorth(n, &f) != x.want {
			t.Errorf("%v: %v", x.factors, !x.want)
		}
		if len(f.Factors) > 0 {
			if f.Factors[0].Status = task.Composite; IsWorth(n, &f) {
				t.Errorf("%v: an unfinished answer is worth an entry", x.factors)
			}
		}
	}
	many := []string{}
	for range 900 {
		many = append(many, "3")
	}
	n, f := factor(append(many, p25, p26)...) // factors that are not distinct: only the length of the line matters here
	if len(Line(n, &f)) > MaxLine {
		t.Fatal("the test has no line that is short enough")
	}
	if !MayHave(n) || !IsWorth(n, &f) {
		t.Error("a number of 480 digits is not worth an entry")
	}
	if huge := number("1" + strings.Repeat("0", 2000)); MayHave(huge) {
		t.Error("a number of 2001 digits may have an entry")
	}
}

// TestMostLine: the line of the largest numbers fits into an entry.
func TestMostLine(t *testing.T) {
	t.Parallel()
	n := nat.FromBig(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), MostBits), big.NewInt(1)))
	f := task.Factorization{Factors: []task.Factor{{P: n, Exp: 1}, {P: number("99"), Exp: 1}}}
	if k := len(Line(n, &f)); k > MaxLine {
		t.Errorf("%d bytes", k)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	// From: printf 10403 | sha256sum
	if got := Key(number("10403")); got != "1567a42a0f959939c5d568ccbf29e23f" {
		t.Error(got)
	}
	if !IsKey(Key(number("7"))) || IsKey("x") || IsKey(strings.Repeat("A", 32)) || IsKey("*") || IsKey("") {
		t.Error("IsKey")
	}
	if Key(number("7")) == Key(number("8")) {
		t.Error("two numbers have one key")
	}
}

// TestCancelled: the end of the context says nothing about the entry.
func TestCancelled(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	p := "1" + strings.Repeat("0", 1800) + "7"
	n := number(p, p26)
	if _, err := Read(ctx, n, []byte(n.String()+"="+p26+"*"+p)); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

// FuzzParse: whatever is read from the stream, an entry that is believed is the entry of its number, letter by letter.
func FuzzParse(f *testing.F) {
	n := number(p25, p26).String()
	for _, line := range []string{n + "=" + p25 + "*" + p26, "360=2^3*3^2*5", "15=3*5\n", "1=1", "0=0", "7", "=", "15=3*5 # unfinished: c5…(1)", "[15,[3,1;5,1]]", "4^2=16", "00=2*2", "12=2*2*3"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		n, factors, err := Parse(line)
		if err != nil {
			return
		}
		if Verify(t.Context(), n, &factors) != nil {
			return
		}
		again, second, err := Parse(Line(n, &factors))
		if err != nil || again.Cmp(n) != 0 || len(second.Factors) != len(factors.Factors) {
			t.Errorf("%q: %v, %v", line, again, err)
		}
		product := big.NewInt(1)
		for _, p := range factors.Factors {
			product.Mul(product, new(big.Int).Exp(p.P.Big(), big.NewInt(int64(p.Exp)), nil))
		}
		if product.Cmp(n.Big()) != 0 {
			t.Errorf("%q is believed", line)
		}
	})
}
