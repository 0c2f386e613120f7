package factor

import (
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/factor/fermat"
	"factorfleet/internal/measured"
)

// ratioLimits bound the search for two factors of close ratio.
type ratioLimits struct {
	steps  uint64 // of Fermat's method, k = 1
	ratios uint64 // the largest k = ab for ratios a/b of Lehman's method
}

// Bounds of ratioLimits. Each k > 1 has ratioSteps steps, one block of the sieve for
// squares.
const (
	mostSteps  = 1 << 20
	mostRatios = 128
	ratioSteps = 64
)

// limitsForRatios returns the limits for numbers of so many bits. Each of the two
// parts, steps and ratios, takes about 1/200 of the predicted time of the sieve. A step
// takes half a nanosecond. A further k takes 0.8 us at 107 bits, 2.8 at 521 and 27 at
// 4,423 (fermat.BenchmarkFind on a Zen 4), here 1 us + 6 ns * bits.
func limitsForRatios(bits int, times *measured.Times) ratioLimits {
	half := times.Sieve(min(bits, measured.SieveBits)) / 200
	ratio := time.Microsecond + time.Duration(6*bits)
	return ratioLimits{
		steps:  uint64(min(max(half, ratioSteps), mostSteps)), // reckoned with a nanosecond each
		ratios: uint64(min(max(half/ratio, 1), mostRatios)),
	}
}

// findByRatio searches p once for two factors whose ratio is close to a/b for small a
// and b.
func (s *search) findByRatio(p *piece) (d *big.Int, method string, err error) {
	if p.done.ratioTried {
		return nil, "", nil
	}
	do := limitsForRatios(p.n.BitLen(), s.e.times)
	d, k, err := fermat.Find(p.n, do.steps, do.ratios, ratioSteps, s.e.checkBudget)
	p.done.ratioTried = err == nil
	if k == 1 {
		return d, "fermat", err
	}
	return d, fmt.Sprintf("lehman(k=%d)", k), err
}
