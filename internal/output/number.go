package output

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxDigits is the number of decimal digits of 2^(2*task.MaxBits).
const maxDigits = 9865

// parseNumber reads a decimal number of at most 2*task.MaxBits bits.
func parseNumber(text []byte) (n nat.Nat, ok bool) {
	if len(text) == 0 || len(text) > maxDigits {
		return n, false
	}
	var w uint64
	for i, c := range text {
		if c < '0' || c > '9' {
			return n, false
		}
		if i < 19 {
			w = w*10 + uint64(c-'0')
		}
	}
	if len(text) <= 19 {
		return nat.New(w), true
	}
	x, ok := new(big.Int).SetString(string(text), 10)
	if !ok || x.BitLen() > 2*task.MaxBits {
		return n, false
	}
	return nat.FromBig(x), true
}

// cutExponent splits "b^e"; e is 1 if "^e" is missing.
func cutExponent(text []byte) (base []byte, exp uint32, err error) {
	base, e, ok := bytes.Cut(text, []byte("^"))
	if !ok {
		return base, 1, nil
	}
	exp, ok = parseExponent(string(e))
	if !ok {
		return nil, 0, errExponent
	}
	return base, exp, nil
}

// parseExponent reads a decimal integer below 2^32.
func parseExponent(s string) (exp uint32, ok bool) {
	e, err := strconv.ParseUint(s, 10, 32)
	return uint32(e), err == nil
}

// parseSeconds is the inverse of appendSeconds. It also reads numbers with more than nine
// decimals or with an exponent, and rounds them down to nanoseconds. At most 2^62 ns.
func parseSeconds(s string) (time.Duration, bool) {
	const second = uint64(time.Second)
	whole, decimals, _ := strings.Cut(s, ".")
	if len(decimals) <= 9 {
		w, err1 := strconv.ParseUint(whole, 10, 63)
		d, err2 := strconv.ParseUint((decimals + "000000000")[:9], 10, 63)
		if err1 == nil && err2 == nil && w <= 1<<62/second {
			return time.Duration(w*second + d), true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0) {
		return 0, false
	}
	return time.Duration(min(f*1e9, 1<<62)), true
}

// root returns the exact k-th root of x > 0, or nil if it is not an integer >= 2 (for
// k = 1, x). It is Newton's iteration from above: y > x^(1/k) decreases until y^k <= x.
func root(x *big.Int, k uint32) *big.Int {
	if k == 1 {
		return x
	}
	if int64(k) >= int64(x.BitLen()) { // the root would be below 2
		return nil
	}
	exp, less := big.NewInt(int64(k)), big.NewInt(int64(k)-1)
	y := new(big.Int).Lsh(big.NewInt(1), uint(x.BitLen()-1)/uint(k)+1)
	for {
		// z = ((k-1)*y + x/y^(k-1)) / k
		z := new(big.Int).Exp(y, less, nil)
		z.Quo(x, z)
		z.Add(z, new(big.Int).Mul(y, less)).Quo(z, exp)
		if z.Cmp(y) >= 0 {
			break
		}
		y = z
	}
	if new(big.Int).Exp(y, exp, nil).Cmp(x) != 0 {
		return nil
	}
	return y
}
