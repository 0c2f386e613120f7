package prime

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/kernels/kernelstest"
)

// eachBatch calls f with a Batch of each level of kernels that the machine has.
func eachBatch(t *testing.T, f func(t *testing.T, b *Batch)) {
	kernelstest.Each(t, func(t *testing.T) { f(t, NewBatch()) })
}

// wideBig returns n[0] + n[1]*2^64.
func wideBig(n [2]uint64) *big.Int {
	b := new(big.Int).SetUint64(n[1])
	return b.Add(b.Lsh(b, 64), new(big.Int).SetUint64(n[0]))
}

func wideWords(b *big.Int) [2]uint64 {
	w := append(Words(b), 0, 0)
	return [2]uint64{w[0], w[1]}
}

func TestBatchExhaustive(t *testing.T) {
	is := naive(limit)
	ns, out := make([]uint64, limit), make([]bool, limit)
	wide := make([][2]uint64, limit)
	for i := range ns {
		ns[i], wide[i][0] = uint64(i), uint64(i)
	}
	eachBatch(t, func(t *testing.T, b *Batch) {
		b.IsPrime(ns, out)
		for n, want := range is {
			if out[n] != want {
				t.Errorf("IsPrime(%d) = %v", n, out[n])
			}
		}
		b.IsProbablePrime(wide, out)
		for n, want := range is {
			if out[n] != want {
				t.Errorf("IsProbablePrime(%d) = %v", n, out[n])
			}
		}
	})
	// Without division, so that the lanes get all that has no factor below 41.
	ns = slices.DeleteFunc(ns, func(n uint64) bool {
		return n < 41 || slices.ContainsFunc(small[:12], func(p uint32) bool { return n%uint64(p) == 0 })
	})
	eachBatch(t, func(t *testing.T, b *Batch) {
		b.IsPrimeRough(ns, out)
		for i, n := range ns {
			if out[i] != is[n] {
				t.Errorf("IsPrimeRough(%d) = %v", n, out[i])
			}
		}
	})
}

// batchCases are numbers of up to 128 bits that some test takes for something else.
func batchCases() []*big.Int {
	var ns []*big.Int
	for _, test := range wordTests {
		ns = append(ns, new(big.Int).SetUint64(test.n))
	}
	for _, s := range []string{"0", "1", "2", "4", "18446744073709551616", "18446744073709551615",
		"318665857834031151167461", "3317044064679887385961981", "59649589127497217", "5704689200685129054721",
		"340282366920938463463374607431768211455", "340282366920938463463374607431768211297",
		"340282366920938463463374607431768211456", "18446744073709551617", "36893488147419103363"} {
		b, _ := new(big.Int).SetString(s, 10)
		if b.BitLen() <= 128 {
			ns = append(ns, b)
		}
	}
	for e := uint(2); e <= 128; e++ {
		for d := int64(-200); d <= 200; d++ {
			if b := new(big.Int).Lsh(big.NewInt(1), e); b.Add(b, big.NewInt(d)).Sign() >= 0 && b.BitLen() <= 128 {
				ns = append(ns, b)
			}
		}
	}
	for k := int64(1); k < 3000; k++ { // J. Chernick's Carmichael numbers (1939)
		n := big.NewInt(1)
		for _, m := range []int64{6, 12, 18} {
			if p := big.NewInt(k*m + 1); p.ProbablyPrime(0) {
				n.Mul(n, p)
			} else {
				n.SetInt64(0)
			}
		}
		if n.Sign() > 0 {
			ns = append(ns, n)
		}
	}
	for _, p := range []uint64{1093, 3511, 65521, 1<<32 - 5, 4294967311, 1<<40 - 87, 1<<61 - 1, 1<<64 - 59} {
		b := new(big.Int).SetUint64(p)
		ns = append(ns, new(big.Int).Mul(b, b))
	}
	return ns
}

func TestBatch(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 6))
	list := batchCases()
	for range 5000 {
		n := wideBig([2]uint64{rnd.Uint64(), rnd.Uint64()})
		list = append(list, n.Rsh(n, uint(rnd.IntN(128))))
	}
	rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	var ns []uint64
	var wide [][2]uint64
	want := make([]bool, len(list))
	var wantWord []bool
	for i, n := range list {
		want[i] = n.ProbablyPrime(20)
		wide = append(wide, wideWords(n))
		if n.IsUint64() {
			ns, wantWord = append(ns, n.Uint64()), append(wantWord, want[i])
		}
	}
	out := make([]bool, len(list))
	eachBatch(t, func(t *testing.T, b *Batch) {
		for _, size := range []int{1, 3, 31, 33, 1000, 1025, len(list)} {
			for at := 0; at < len(wide) && at < 40*size; at += size {
				end := min(at+size, len(wide))
				b.IsProbablePrime(wide[at:end], out[at:])
				for i := at; i < end; i++ {
					if out[i] != want[i] {
						t.Errorf("%d at once: IsProbablePrime(%v) = %v", size, list[i], out[i])
					}
				}
			}
			for at := 0; at < len(ns) && at < 40*size; at += size {
				end := min(at+size, len(ns))
				b.IsPrime(ns[at:end], out[at:])
				for i := at; i < end; i++ {
					if out[i] != wantWord[i] {
						t.Errorf("%d at once: IsPrime(%d) = %v", size, ns[i], out[i])
					}
				}
			}
		}
	})
}

func TestLucasPWide(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for i := range 20000 {
		n := [2]uint64{rnd.Uint64() | 1, rnd.Uint64()>>rnd.IntN(64) | 1}
		if i%10 == 0 {
			p := new(big.Int).SetUint64(rnd.Uint64()>>rnd.IntN(20) | 1<<40 | 1)
			n = wideWords(p.Mul(p, p))
		}
		b := wideBig(n)
		tb := &tester{n: b, words: n[:]}
		if got, want := lucasPWide(n), tb.lucasP(); got != want {
			t.Errorf("lucasPWide(%v) = %d, want %d", b, got, want)
		}
		if got, want := isSquareWide(n), isSquareBig(b); got != want {
			t.Errorf("isSquareWide(%v) = %v", b, got)
		}
	}
	for _, r := range []uint64{1 << 32, 1<<32 + 1, 1<<64 - 1, 1<<64 - 2, 1<<63 + 1, 1<<53 + 1} {
		hi, lo := mulWords(r, r)
		for d := range uint64(3) {
			n := [2]uint64{lo + d - 1, hi}
			if lo == 0 && d == 0 || hi == 0 {
				continue
			}
			if got := isSquareWide(n); got != (d == 1) {
				t.Errorf("isSquareWide(%d^2 + %d) = %v", r, int(d)-1, got)
			}
		}
	}
}

func mulWords(a, b uint64) (hi, lo uint64) {
	w := wideWords(new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)))
	return w[1], w[0]
}

func TestBatchAllocs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	ns, wide, out := make([]uint64, 2000), make([][2]uint64, 2000), make([]bool, 2000)
	for i := range ns {
		ns[i] = rnd.Uint64() >> rnd.IntN(40)
		wide[i] = [2]uint64{rnd.Uint64() | 1, rnd.Uint64() >> rnd.IntN(64)}
	}
	eachBatch(t, func(t *testing.T, b *Batch) {
		if got := testing.AllocsPerRun(3, func() { b.IsPrime(ns, out); b.IsProbablePrime(wide, out) }); got != 0 {
			t.Errorf("%v allocations", got)
		}
	})
}

func FuzzBatch(f *testing.F) {
	for _, test := range wordTests {
		f.Add(test.n, uint64(0))
	}
	f.Add(^uint64(0), ^uint64(0))
	f.Fuzz(func(t *testing.T, lo, hi uint64) {
		var ns []uint64
		var wide [][2]uint64
		n := wideBig([2]uint64{lo, hi})
		for i := range 60 { // its neighbours and its leading bits
			m := new(big.Int).Rsh(n, uint(i))
			if m.SetBit(m, 0, 1); i%2 == 0 && m.BitLen() > 2 {
				m.Sub(m, big.NewInt(2))
			}
			wide = append(wide, wideWords(m))
			ns = append(ns, wideWords(m)[0])
		}
		want, wantWide := make([]bool, len(ns)), make([]bool, len(ns))
		for i := range ns {
			want[i] = new(big.Int).SetUint64(ns[i]).ProbablyPrime(0)
			wantWide[i] = wideBig(wide[i]).ProbablyPrime(0)
		}
		out := make([]bool, len(ns))
		eachBatch(t, func(t *testing.T, b *Batch) {
			if b.IsPrime(ns, out); !slices.Equal(out, want) {
				t.Errorf("IsPrime(%v) = %v", ns, out)
			}
			if b.IsProbablePrime(wide, out); !slices.Equal(out, wantWide) {
				t.Errorf("IsProbablePrime(%v) = %v", wide, out)
			}
		})
	})
}

// benchNumbers returns numbers of a size, random odd ones or primes.
func benchNumbers(size int, primes bool) [][2]uint64 {
	rnd := rand.New(rand.NewPCG(uint64(size), 1))
	ns := make([][2]uint64, 1024)
	for i := range ns {
		n := wideBig([2]uint64{rnd.Uint64(), rnd.Uint64()})
		n.SetBit(n.SetBit(n.Rsh(n, uint(128-size)), size-1, 1), 0, 1)
		for primes && !n.ProbablyPrime(0) {
			n.Add(n, big.NewInt(2))
		}
		ns[i] = wideWords(n)
	}
	return ns
}

// BenchmarkBatch measures the time a number, of primes and of random odd numbers, by level. IsPrime is
// what there was before.
func BenchmarkBatch(b *testing.B) {
	out := make([]bool, 1024)
	for _, size := range []int{32, 40, 48, 50, 52, 58, 63, 64, 96, 127} {
		for _, kind := range []string{"prime", "odd"} {
			wide := benchNumbers(size, kind == "prime")
			words := make([]uint64, len(wide))
			for i := range words {
				words[i] = wide[i][0]
			}
			run := func(name string, f func()) {
				b.Run(fmt.Sprintf("%s/bits=%d/%s", kind, size, name), func(b *testing.B) {
					for i := 0; i < b.N; i += len(words) {
						f()
					}
				})
			}
			if size <= 64 {
				run("IsPrime", func() {
					for i, n := range words {
						out[i] = IsPrime(n)
					}
				})
			}
			for _, level := range kernels.Levels {
				b.Run(level.String(), func(b *testing.B) {
					kernelstest.At(b, level)
					batch := NewBatch()
					if size > 64 {
						run(level.String(), func() { batch.IsProbablePrime(wide, out) })
					} else {
						run(level.String(), func() { batch.IsPrime(words, out) })
					}
				})
			}
		}
	}
}

// BenchmarkBatchFew measures the time a number of few primes, in lanes and one by one.
func BenchmarkBatchFew(b *testing.B) {
	out := make([]bool, 1024)
	for _, level := range kernels.Levels {
		b.Run(level.String(), func(b *testing.B) {
			kernelstest.At(b, level)
			for _, size := range []int{32, 48, 52, 60, 63, 64} {
				var words []uint64
				for _, n := range benchNumbers(size, true) {
					words = append(words, n[0])
				}
				for _, count := range []int{1, 2, 3, 4, 6, 8, 16, 32} {
					for _, few := range []int{0, count} {
						batch := NewBatch()
						for i := range batch.kinds {
							batch.pipe(i).few = few
						}
						b.Run(fmt.Sprintf("bits=%d/count=%d/alone=%v", size, count, few > 0), func(b *testing.B) {
							for i := 0; i < b.N; i += count {
								batch.IsPrimeRough(words[:count], out)
							}
						})
					}
				}
			}
		})
	}
}
