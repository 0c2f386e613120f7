package factor

import (
	"fmt"
	"math/big"
	"time"

	"factorfleet/internal/factor/fermat"
	"factorfleet/internal/measured"
)

// A ratioLimits is how much is done to find two factors of close ratio.
type ratioLimits struct {
	steps  uint64 // of Fermat's method
	ratios uint64 // k = ab for ratios a/b
}

// Bounds of a ratioEffort. The steps for each further k are one block of the sieve for squares.
const (
	mostSteps  = 1 << 20
	mostRatios = 128
	ratioSteps = 64
)

// limitsForRatios returns the effort for numbers of so many bits, which takes about a hundredth of the time of the sieve: a step takes
// half a nanosecond, a further k takes 0.8 us at 107 bits, 2.8 at 521, and 27 at 4,423
// (fermat.BenchmarkFind on a Zen 4).
func limitsForRatios(bits int, times *measured.Times) ratioLimits {
	half := times.Sieve(min(bits, measured.SieveBits)) / 200
	ratio := time.Microsecond + time.Duration(6*bits)
	return ratioLimits{
		steps:  uint64(min(max(half, ratioSteps), mostSteps)), // a nanosecond each
		ratios: uint64(min(max(half/ratio, 1), mostRatios)),
	}
}

// findByRatio looks once for two factors of p that have a ratio close to a fraction of small numbers.
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
