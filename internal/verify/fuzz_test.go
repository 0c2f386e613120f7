package verify

import (
	"context"
	"math/big"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

func FuzzMul(f *testing.F) {
	for _, n := range []uint64{3, 1<<32 - 5, 1<<63 - 25, 1<<63 + 29, 1<<64 - 59, 1<<64 - 1} {
		f.Add(n, n-1, n-2)
	}
	f.Fuzz(func(t *testing.T, n, x, y uint64) {
		n |= 1
		if n == 1 {
			return
		}
		m := newMontgomery(n)
		x, y = x%n, y%n
		got := mul(m.form(x), y, n, m.inv)
		want := new(big.Int).Mul(new(big.Int).SetUint64(x), new(big.Int).SetUint64(y))
		if want.Mod(want, new(big.Int).SetUint64(n)); got != want.Uint64() {
			t.Errorf("%d*%d = %d mod %d, want %d", x, y, got, n, want)
		}
	})
}

func FuzzProvedPrime(f *testing.F) {
	for _, n := range []uint64{0, 1, 2, 3, 9, 1 << 20, 1<<32 - 5, 4759123141, 1<<62 - 57, 1<<64 - 59, 1<<64 - 1} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n uint64) {
		if got, want := provedPrime(n), new(big.Int).SetUint64(n).ProbablyPrime(0); got != want {
			t.Errorf("provedPrime(%d) = %v", n, got)
		}
	})
}

// FuzzAnswer compares Answer with textbook for the factors encoded in data: three bytes for exponent,
// status and length, then the bytes of the factor.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte{0}, []byte{3, 1, 1, 2, 1, 1, 1, 7})
	f.Add([]byte{0, 1}, []byte{3, 1, 1, 2, 1, 1, 1, 7})
	f.Add([]byte{0}, []byte{1, 2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 13})
	f.Add([]byte{0}, []byte{64, 1, 1, 2, 1, 3, 9, 255, 0, 0, 0, 0, 0, 0, 0, 13})
	f.Add([]byte{1}, []byte{})
	f.Add([]byte{0}, []byte{1, 4, 1, 9})
	f.Fuzz(func(t *testing.T, add, data []byte) {
		var answer task.Factorization
		n := big.NewInt(1)
		for len(data) >= 3 && len(answer.Factors) < 20 {
			exp, status, size := data[0], data[1]%6, min(int(data[2]%20), len(data)-3)
			p := new(big.Int).SetBytes(data[3 : 3+size])
			n.Mul(n, new(big.Int).Exp(p, big.NewInt(int64(exp)), nil))
			answer.Factors = append(answer.Factors, task.Factor{P: nat.FromBig(p), Exp: uint32(exp), Status: task.Status(status)})
			data = data[3+size:]
		}
		n.Add(n, new(big.Int).SetBytes(add[:min(len(add), 10)]))
		number := nat.FromBig(new(big.Int).Set(n))
		err := Answer(context.Background(), task.KindFactor, number, &answer)
		if want := textbook(n, answer.Factors); (err == nil) != want {
			t.Errorf("%v = %v: %v, want %v", n, answer.Factors, err, want)
		}
		square := len(answer.Factors) == 1 && answer.Factors[0].Exp == 1 && answer.Factors[0].Status == task.Value &&
			new(big.Int).Mul(n, n).Cmp(answer.Factors[0].P.Big()) == 0
		if err := Answer(context.Background(), task.KindSquare, number, &answer); (err == nil) != square {
			t.Errorf("%v -> %v: %v, want %v", n, answer.Factors, err, square)
		}
	})
}

// textbook is Answer by its definition.
func textbook(n *big.Int, factors []task.Factor) bool {
	if n.Cmp(big.NewInt(1)) <= 0 {
		return len(factors) == 0
	}
	product, last := big.NewInt(1), big.NewInt(1)
	for _, f := range factors {
		p := f.P.Big()
		if p.Cmp(last) <= 0 || f.Exp == 0 {
			return false
		}
		last = p
		product.Mul(product, new(big.Int).Exp(p, big.NewInt(int64(f.Exp)), nil))
		prime, word := p.ProbablyPrime(20), p.IsUint64()
		if !(f.Status == task.Prime && prime && word || f.Status == task.PRP && prime && !word || f.Status == task.Composite && !word && !prime && !isSplitByAll(p)) {
			return false
		}
	}
	return product.Cmp(n) == 0
}

// isSplitByAll reports whether every worker splits n: it is a power or has a prime factor below 2^16.
func isSplitByAll(n *big.Int) bool {
	for p := uint64(2); p < 1<<16; p++ {
		if new(big.Int).Mod(n, new(big.Int).SetUint64(p)).Sign() == 0 {
			return true
		}
	}
	for k := int64(2); k <= int64(n.BitLen()); k++ {
		low, high := big.NewInt(1), new(big.Int).Lsh(one, uint(n.BitLen())/uint(k)+1)
		for low.Cmp(high) < 0 { // the least r with r^k >= n
			r := new(big.Int).Add(low, high)
			if r.Rsh(r, 1); new(big.Int).Exp(r, big.NewInt(k), nil).Cmp(n) < 0 {
				low = r.Add(r, one)
			} else {
				high = r
			}
		}
		if low.Exp(low, big.NewInt(k), nil).Cmp(n) == 0 {
			return true
		}
	}
	return false
}
