package siqs

import (
	"math/big"
	"slices"
	"testing"
)

// TestExample computes the example of the package comment.
func TestExample(t *testing.T) {
	var f factorBase
	if err := f.build(always, &huge{1138021}, 1, 8); err != nil {
		t.Fatal(err)
	}
	if want := []uint32{1, 2, 3, 5, 11, 13, 19, 23}; !slices.Equal(f.prime, want) || f.shift() != 0 {
		t.Fatalf("the base is %v, want %v", f.prime, want)
	}
	p := polynomial{factors: []int{3, 5}}
	p.set(&f)
	checkPolynomial(t, &p, 65, 51, -17468)
	if p.terms[0] != (wide{26}) || p.terms[1] != (wide{25}) {
		t.Errorf("the terms are %v", p.terms[:2])
	}
	checkZeros(t, &p, 11, []int32{0, 3})
	if j, minus := p.next(); j != 0 || !minus {
		t.Errorf("next changes term %d, to minus: %v", j, minus)
	}
	checkPolynomial(t, &p, 65, -1, -17508)
	checkZeros(t, &p, 11, []int32{3, 6})

	n, x, y := big.NewInt(1138021), big.NewInt(1), big.NewInt(65)
	for _, at := range []int32{-16, 3} {
		v := p.linear(at)
		x.Mul(x, v.big(new(big.Int)))
	}
	y.Mul(y, new(big.Int).Sqrt(big.NewInt(836*16929)))
	if d := new(big.Int).GCD(nil, nil, new(big.Int).Add(x, y), n); y.Int64() != 244530 || d.Int64() != 1283 {
		t.Errorf("Y = %v, divisor %v", y, d)
	}
	for at, want := range map[int32]int64{-16: -836, 3: -16929} {
		if got := p.value(at); int64(got[0]) != want {
			t.Errorf("Q(%d) = %d, want %d", at, int64(got[0]), want)
		}
	}
}

// checkPolynomial compares A, B and C.
func checkPolynomial(t *testing.T, p *polynomial, a, b, c int64) {
	if int64(p.a[0]) != a || int64(p.b[0]) != b || int64(p.c[0]) != c {
		t.Errorf("polynomial %d: A, B, C = %d, %d, %d, want %d, %d, %d", p.number, p.a[0], int64(p.b[0]), int64(p.c[0]), a, b, c)
	}
}

// checkZeros compares the x, 0 <= x < q, for which the prime q divides Q(x).
func checkZeros(t *testing.T, p *polynomial, q int64, want []int32) {
	var got []int32
	for x := range int32(q) {
		if v := p.value(x); int64(v[0])%q == 0 {
			got = append(got, x)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("polynomial %d: %d divides Q(x) for x = %v, want %v", p.number, q, got, want)
	}
}
