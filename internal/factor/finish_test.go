package factor

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"factorfleet/internal/nat"
)

// TestFinish: a number that ends early keeps what was found, whichever method runs.
func TestFinish(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	tiny, small := randomPrime(r, 14), randomPrime(r, 40)
	// Bits of the hard part. Reports come each 100 ms: the curves, and the sieve, of a part of
	// so many bits take a multiple of that on any machine.
	for _, test := range []struct {
		at   string
		bits int
	}{{"", 200}, {methodECM, 320}, {methodSIQS, 230}} {
		at, hard := test.at, semiprime(r, test.bits)
		n := nat.FromBig(product(product(tiny, small), hard))
		t.Run("at "+at, func(t *testing.T) {
			t.Parallel()
			var end atomic.Bool
			end.Store(at == "")
			hint := new(Hint)
			if at == methodSIQS { // other machines have run the curves: in plain Go they take long
				hint = &Hint{Of: hard, Effort: EffortUpTo(1000e3, 0)}
			}
			fs, method, err := New(Options{
				Pool: lending(1), Finish: end.Load,
				Hint: func(*big.Int) *Hint { return hint },
				Progress: func(p EngineProgress) {
					if p.Method == at && p.Composite.Cmp(hard) == 0 {
						end.Store(true)
					}
				},
			}).Append(t.Context(), nil, n)
			if err != nil || fs[0].P.BitLen() != 14 || fs[len(fs)-1].Status != Composite || !strings.HasSuffix(method, "; ended early") {
				t.Fatalf("%s by %q, %v", format(fs), method, err)
			}
			if at != "" && (len(fs) != 3 || fs[1].P.Big().Cmp(small) != 0 || fs[2].P.Big().Cmp(hard) != 0) {
				t.Errorf("%s by %q", format(fs), method)
			}
			if at == methodSIQS && !strings.Contains(method, "unfinished after siqs") {
				t.Errorf("method %q", method)
			}
		})
	}
}

// TestFinishSmall: what is done at once is complete, although the number may end early.
func TestFinishSmall(t *testing.T) {
	p := randomPrime(rand.New(rand.NewPCG(7, 9)), 100)
	always := func() bool { return true }
	for _, n := range []nat.Nat{nat.New(1 << 40), nat.New(4294967291 * 4294967279), nat.FromBig(p)} {
		fs, method, err := New(Options{Finish: always, Budget: time.Hour}).Append(t.Context(), nil, n)
		if err != nil || len(fs) == 0 || fs[len(fs)-1].Status == Composite {
			t.Errorf("%v: %s by %q, %v", n, format(fs), method, err)
		}
	}
}
