package siqs

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestParamsCodec decodes what it has encoded, at all sizes.
func TestParamsCodec(t *testing.T) {
	for bits := MinBits; bits <= 330; bits += 40 {
		p := mustParams(t, semiprime(rand.New(rand.NewPCG(13, uint64(bits))), bits))
		data := p.Append(nil)
		if len(data) > 150 {
			t.Errorf("%d bits: %d bytes", bits, len(data))
		}
		got, err := DecodeParams(data)
		if err != nil || !reflect.DeepEqual(got, p) || got.Sum() != p.Sum() {
			t.Errorf("%d bits: %+v came back as %+v, %v", bits, p, got, err)
		}
		p.Smooth++
		if got.Sum() == p.Sum() {
			t.Error("Sum does not depend on Smooth")
		}
	}
}

// TestParamsRefused has bytes that Append does not make, and fields out of range.
func TestParamsRefused(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(13, 2)), 150))
	data := p.Append(nil)
	other := append([]byte{Revision + 1}, data[1:]...)
	if _, err := DecodeParams(other); err != ErrRevision {
		t.Errorf("revision %d: %v", other[0], err)
	}
	if _, err := DecodeParams(other[:1]); err != ErrRevision {
		t.Errorf("another revision, cut: %v", err)
	}
	refused := func(what string, data []byte) {
		t.Helper()
		if _, err := DecodeParams(data); err != ErrParams {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range data {
		refused("cut", data[:i])
	}
	refused("one more byte", append(data[:len(data):len(data)], 0))
	refused("a varint of two bytes for one", append([]byte{Revision | 0x80, 0}, data[1:]...))
	for i, change := range []func(p *Params){
		func(p *Params) { p.N.SetBit(p.N, 0, 0) },
		func(p *Params) { p.N.Rsh(p.N, 110).SetBit(p.N, 0, 1) },
		func(p *Params) { p.N.Lsh(p.N, 370) },
		func(p *Params) { p.Multiplier = 4 },
		func(p *Params) { p.Primes = maxPrimes + 1 },
		func(p *Params) { p.Primes = 0 },
		func(p *Params) { p.Interval = 0 },
		func(p *Params) { p.Interval = 2 * maxInterval },
		func(p *Params) { p.Factors = 17 },
		func(p *Params) { p.PoolA[1] = p.PoolA[0] - 1 },
		func(p *Params) { p.PoolA[1] = p.PoolA[0] + 5 },
		func(p *Params) { p.PoolB[1] = 1 << 31 },
		func(p *Params) { p.Tolerance = math.NaN() },
		func(p *Params) { p.Tolerance = math.Inf(1) },
	} {
		q, err := DecodeParams(data)
		if err != nil {
			t.Fatal(err)
		}
		change(&q)
		if _, err := DecodeParams(q.Append(nil)); err != ErrParams {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// FuzzParams: what is decoded is what Append makes, and its methods are within bounds.
func FuzzParams(f *testing.F) {
	for _, bits := range []int{50, 100, 240, 330} {
		p, err := NewParams(always, semiprime(rand.New(rand.NewPCG(13, uint64(bits))), bits))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.Append(nil))
	}
	f.Add(binary.AppendUvarint(nil, math.MaxUint64))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := DecodeParams(data)
		if err != nil {
			return
		}
		if string(p.Append(nil)) != string(data) {
			t.Errorf("%x is decoded, Append makes %x", data, p.Append(nil))
		}
		if r := p.ExpectedRelations(); r < int(p.Primes) || r > 80*int(p.Primes) {
			t.Errorf("%+v: %d relations", p, r)
		}
		if sieve, set, solve := p.Memory(); sieve > 1<<31 || set > 1<<33 || solve > 1<<33 {
			t.Errorf("%+v: memory %d, %d, %d", p, sieve, set, solve)
		}
		if count := p.Coefficients(); count == 0 || count > 1<<48 || p.OwnStart() >= count {
			t.Errorf("%+v: %d coefficients", p, count)
		}
	})
}

// TestSharedRefused has parameters within the ranges of DecodeParams that NewParams does
// not choose. Reset of a sieve accepts most of them, but to sieve with them may take any
// time.
func TestSharedRefused(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(13, 5)), 120))
	for i, change := range []func(p *Params){
		func(p *Params) { p.Candidate = 0 },
		func(p *Params) { p.Smooth = 0 },
		func(p *Params) { p.Interval = maxInterval },
		func(p *Params) { p.Large = math.MaxUint32 },
		func(p *Params) { p.Double = math.MaxUint64 },
		func(p *Params) { p.Small = p.Primes },
		func(p *Params) { p.Multiplier = 3 - p.Multiplier%2*2 },
		func(p *Params) { p.Primes++ },
		func(p *Params) { p.PoolA[1]-- },
		func(p *Params) { p.PoolB[0] = p.PoolB[1] },
		func(p *Params) { p.Tolerance = maxTolerance },
		func(p *Params) { p.N = nil },
		func(p *Params) { p.N = big.NewInt(0).Mul(big.NewInt(1<<40+15), big.NewInt(3*5*7)) },
	} {
		q := p
		if change(&q); q.N == p.N && q.Sum() == p.Sum() {
			t.Fatalf("change %d changes nothing", i)
		}
		if _, err := NewShared(always, q); err != ErrParams {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// TestShared lets two sieves use one Shared at the same time, and expects the relations
// of a sieve of its own. A sieve that has used it may then make its own tables.
func TestShared(t *testing.T) {
	p := mustParams(t, semiprime(rand.New(rand.NewPCG(13, 3)), 140))
	want := yields(t, p, 0, 20, 20)
	shared, err := NewShared(always, p)
	if err != nil {
		t.Fatal(err)
	}
	bad := p
	bad.Hash++
	if _, err := NewShared(always, bad); err != ErrParams {
		t.Errorf("wrong hash: %v", err)
	}
	got := make(chan []yieldOf)
	for range 2 {
		go func() {
			var s Sieve
			var all []yieldOf
			if err := s.Use(always, shared); err != nil {
				t.Error(err)
			}
			for range 2 {
				all = nil
				err := s.Yield(always, 0, 20, func() (bool, bool) { return false, false },
					func(from, to uint64, data []byte) { all = append(all, yieldOf{from, to, data}) })
				if err != nil {
					t.Error(err)
				}
			}
			other, err := NewParams(always, semiprime(rand.New(rand.NewPCG(13, 4)), 130))
			if err != nil || s.Reset(always, other) != nil {
				t.Error("Reset after Use fails")
			}
			got <- all
		}()
	}
	for range 2 {
		if all := <-got; !reflect.DeepEqual(all, want) {
			t.Error("a sieve that shares has other relations")
		}
	}
	if again := yields(t, p, 0, 20, 20); !reflect.DeepEqual(again, want) {
		t.Error("the tables have been overwritten")
	}
	var s Sieve
	if err := s.Use(always, shared); err != nil {
		t.Fatal(err)
	}
	var after []yieldOf
	_ = s.Yield(always, 0, 20, func() (bool, bool) { return false, false },
		func(from, to uint64, data []byte) { after = append(after, yieldOf{from, to, data}) })
	if !reflect.DeepEqual(after, want) {
		t.Error("a sieve that no longer shares has changed the tables")
	}
}
