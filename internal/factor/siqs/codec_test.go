package siqs

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCodec encodes relations one after the other and decodes them.
func TestCodec(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(9, 1)), 160))
	rels := collect(t, p, 0, 5)
	var data []byte
	for i := range rels {
		data = rels[i].Append(data)
	}
	t.Logf("%d bytes a relation", len(data)/len(rels))
	var r Relation
	var err error
	for i := range rels {
		if data, err = r.Decode(data); err != nil {
			t.Fatal(err)
		}
		r.value = rels[i].value
		if !equal(r, rels[i]) {
			t.Fatalf("decoded %+v, want %+v", r, rels[i])
		}
		if got := readPrimes(nil, appendPrimes(nil, r.Primes)); !slices.Equal(got, r.Primes) {
			t.Fatalf("readPrimes = %v, want %v", got, r.Primes)
		}
	}
	if len(data) != 0 {
		t.Errorf("%d bytes left", len(data))
	}
}

// FuzzDecode decodes anything, encodes what comes out and expects it back; a set must
// refuse it or find that it holds.
func FuzzDecode(f *testing.F) {
	r := Relation{Coefficient: 1 << 40, Poly: 5, X: -7, Large: [2]uint32{1, 1<<32 - 1}, Primes: []uint32{0, 1, 1, 70000, 3}}
	f.Add(r.Append(nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	n := semiprime(rand.New(rand.NewPCG(9, 2)), 70)
	p, err := NewParams(always, n)
	if err != nil {
		f.Fatal(err)
	}
	var set Set
	if err := set.Reset(always, p); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r, again Relation
		if _, err := r.Decode(data); err != nil {
			return
		}
		if rest, err := again.Decode(r.Append(nil)); err != nil || len(rest) != 0 || !equal(r, again) {
			t.Errorf("%+v came back as %+v, %v", r, again, err)
		}
		if _, err := set.Add(&r); err == nil && !r.holds(set.base) {
			t.Errorf("the set has %+v", r)
		}
	})
}
