package siqs

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// TestMissing compares an audit, which has only the inverses of one coefficient, with a
// sieve that has all of them, while the set is used.
func TestMissing(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{50, 96, 160, 200, 230} {
		p := mustParams(t, semiprime(rand.New(rand.NewPCG(31, uint64(bits))), bits))
		set, all := newSet(t, p), yields(t, p, 0, min(p.Coefficients(), 8), 1)
		var use sync.WaitGroup
		use.Go(func() {
			for _, y := range all {
				if _, err := set.AddYield(y.data, y.first, y.end); err != nil {
					t.Error(err)
				}
			}
		})
		relations := 0
		for _, y := range all {
			counted := newSet(t, p)
			want, err := counted.AddYield(y.data, y.first, y.end)
			if err != nil {
				t.Fatal(err)
			}
			relations += want
			if got, err := set.Missing(always, y.first, y.first, y.end, nil); got != want || err != nil {
				t.Errorf("%d bits: coefficient %d lacks %d relations, %v, want %d", bits, y.first, got, err, want)
			}
			if got, err := set.Missing(always, y.first, y.first, y.end, y.data); got != 0 || err != nil {
				t.Errorf("%d bits: coefficient %d lacks %d relations, %v, want none", bits, y.first, got, err)
			}
		}
		if relations == 0 {
			t.Errorf("%d bits: no relations", bits)
		}
		use.Wait()
		if _, err := set.Missing(always, p.Coefficients(), 0, p.Coefficients(), nil); err != ErrExhausted {
			t.Errorf("%d bits: coefficient %d: %v", bits, p.Coefficients(), err)
		}
		if _, err := set.Missing(always, 0, 0, 1, []byte{0, 1}); err != ErrInvalid {
			t.Errorf("%d bits: malformed: %v", bits, err)
		}
	}
}

// BenchmarkMissing is the time of an audit at 80 digits.
func BenchmarkMissing(b *testing.B) {
	p, err := NewParams(always, semiprime(rand.New(rand.NewPCG(5, 2)), 265))
	if err != nil {
		b.Fatal(err)
	}
	set, y := newSet(b, p), yields(b, p, 0, 8, 8)[0]
	number := uint64(0)
	for ; number < 7; number++ { // some are void
		if missing, err := set.Missing(always, number, 0, 8, nil); missing > 0 || err != nil {
			break
		}
	}
	for b.Loop() {
		if missing, err := set.Missing(always, number, 0, 8, y.data); missing != 0 || err != nil {
			b.Fatal(missing, err)
		}
	}
}
