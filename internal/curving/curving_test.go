package curving

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"factorfleet/internal/campaign"
	"factorfleet/internal/factor"
	"factorfleet/internal/factor/ecm"
)

func alive() error { return nil }

// product returns p*q of two random primes of so many bits.
func product(bits, other uint) *big.Int {
	prime := func(bits uint) *big.Int {
		p := big.NewInt(3)
		for ; bits > 2; bits-- {
			p.Lsh(p, 1).SetBit(p, 0, uint(rand.IntN(2)))
		}
		for p.SetBit(p, 0, 1); !p.ProbablyPrime(0); p.Add(p, big.NewInt(2)) {
		}
		return p
	}
	return new(big.Int).Mul(prime(bits), prime(other))
}

// TestFalse: evidence of a group is confirmed, and false evidence and a withheld divisor are found.
func TestFalse(t *testing.T) {
	t.Parallel()
	l := factor.CurveLevels()[2]
	n := product(180, 181)
	p := New(n, 0)
	var yields []ecm.Yield
	task := factor.CurveTask{N: n, B1: l.B1, B2: l.B2, Seed: 7}
	if err := task.Run(alive, 1000, 1002, func() (bool, bool) { return false, false }, func(y ecm.Yield) { yields = append(yields, y) }); err != nil {
		t.Fatal(err)
	}
	second := yields[0].Evidence[ecm.Group*ecm.EvidenceBytes:]
	check := func(what string, group uint64, evidence []byte, want int) {
		t.Helper()
		if wrong, d, err := p.False(alive, l.B1, 7, group, evidence); wrong != want || d != nil || err != nil {
			t.Errorf("%s: %d are wrong, %v, %v", what, wrong, d, err)
		}
	}
	check("true evidence", 1001, second, 0)
	second[9]++
	check("evidence of which a byte is false", 1001, second, 1)
	check("evidence of another group", 1000, second, ecm.Group)
	n = product(20, 180)
	if wrong, d, err := New(n, 0).False(alive, l.B1, 7, 0, make([]byte, ecm.Group*ecm.EvidenceBytes)); wrong != ecm.Group || d == nil || new(big.Int).Rem(n, d).Sign() != 0 || err != nil {
		t.Errorf("a withheld divisor: %d, %v, %v", wrong, d, err)
	}
	if _, _, err := p.False(alive, 7, 7, 0, second); !errors.Is(err, factor.ErrCurves) {
		t.Errorf("a level that does not exist: %v", err)
	}
	stopped := errors.New("stopped")
	if _, _, err := p.False(func() error { return stopped }, l.B1, 7, 0, second); !errors.Is(err, stopped) {
		t.Errorf("an audit that is stopped: %v", err)
	}
}

// TestLevels: the levels are passed through in the order of the engine, earlier effort counts, and what an owner
// reports is worth the levels below.
func TestLevels(t *testing.T) {
	t.Parallel()
	p := New(product(200, 201), 0)
	var e campaign.Effort
	levels := factor.CurveLevels()
	for i, want := range levels {
		l, left := p.Next(e)
		if l.B1 != want.B1 || l.B2 != want.B2 || l.Curves != uint64(want.Curves) || left < 1 || left > l.Curves+ecm.Group {
			t.Errorf("level %d: %+v, %d left", i, l, left)
		}
		e = append(e, campaign.LevelEffort{B1: l.B1, Curves: left})
		if d := p.Digits(e); i > 2 && (d < float64(want.Digits)-0.5 || d > float64(want.Digits)+1.5) {
			t.Errorf("after level %d of %d digits the effort is of %.1f", i, want.Digits, d)
		}
	}
	if l, _ := New(product(200, 201), 35).Next(nil); l.Digits != 40 {
		t.Errorf("after an effort of 35 digits the level is %+v", l)
	}
	if l, _ := p.Next(UpTo(levels[4].B1, uint64(levels[4].Curves)+ecm.Group)); l.B1 != levels[5].B1 {
		t.Errorf("after level 4 of the owner: %+v", l)
	}
	one := p.Time(campaign.Effort{{B1: 11e3, Curves: ecm.Group}})
	if two := p.Time(campaign.Effort{{B1: 11e3, Curves: 2 * ecm.Group}}); one <= 0 || two != 2*one || one != p.GroupTime(11e3) {
		t.Errorf("times %v and %v", one, two)
	}
	if got := p.Time(campaign.Effort{{B1: 1 << 30, Curves: 1 << 53}, {B1: 1, Curves: 1 << 53}}); got != MaxTime || got <= time.Hour {
		t.Errorf("a time beyond all bounds: %v", got)
	}
}
