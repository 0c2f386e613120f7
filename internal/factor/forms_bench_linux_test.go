package factor

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/cputime"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/nat"
)

// smallShapes returns lists of numbers of up to 16,384 bits that trial division alone finishes.
func smallShapes(count int) map[string][]*big.Int {
	rnd := rand.New(rand.NewPCG(16, 384))
	small := prime.Small()
	smooth := func(primes []uint32, bits int) *big.Int {
		n := big.NewInt(1)
		for n.BitLen() < bits-16 {
			n.Mul(n, big.NewInt(int64(primes[rnd.IntN(len(primes))])))
		}
		return n
	}
	inOrder := func(primes []uint32, bits int) *big.Int {
		n := big.NewInt(1)
		for i := 0; i < len(primes) && n.BitLen() < bits-16; i++ {
			n.Mul(n, big.NewInt(int64(primes[i])))
		}
		return n
	}
	shapes := make(map[string][]*big.Int)
	for i := range int64(count) {
		for name, n := range map[string]*big.Int{
			"powers of 2":        pow(2, 16383-i),
			"powers of 3":        pow(3, 10336-i),
			"powers of 1009":     pow(1009, 1640-i),
			"powers of 65521":    pow(65521, 1023-i),
			"2^10000 3^b":        product(pow(2, 10000), pow(3, 4000-i)),
			"3^a 65521^b":        product(pow(3, 5000-i), pow(65521, 500)),
			"factorials":         new(big.Int).MulRange(1, 1800-i),
			"primorials":         inOrder(small[i:], 16384),
			"the last primes":    inOrder(small[len(small)-1030-int(i):], 16384),
			"smooth to 100":      smooth(small[:25], 16384),
			"smooth to 1000":     smooth(small[:168], 16384),
			"smooth to 65521":    smooth(small, 16384),
			"1000 bits, to 1000": smooth(small[:168], 1000),
			"200 bits, to 1000":  smooth(small[:168], 200),
		} {
			shapes[name] = append(shapes[name], n)
		}
	}
	return shapes
}

// BenchmarkSmallShapes measures the CPU time and, if gp is installed, its ratio to the time of
// PARI's factor.
func BenchmarkSmallShapes(b *testing.B) {
	for name, list := range smallShapes(20) {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			e := New(Options{})
			numbers := make([]nat.Nat, len(list))
			for i, n := range list {
				numbers[i] = nat.FromBig(n)
			}
			began := cputime.Thread()
			for b.Loop() {
				for _, n := range numbers {
					if fs, method, err := e.Append(b.Context(), nil, n); err != nil || method != "trial" || len(fs) == 0 {
						b.Fatalf("%v = %s by %s, %v", n, format(fs), method, err)
					}
				}
			}
			each := (cputime.Thread() - began) / time.Duration(b.N*len(list))
			b.ReportMetric(float64(each.Nanoseconds()), "cpu-ns/number")
			if pari := pariTime(b, list); pari > 0 {
				b.ReportMetric(float64(each)/float64(pari), "x-PARI")
			}
		})
	}
}

// pariTime returns the time that PARI takes for a number of list, 0 if gp is not installed.
func pariTime(b *testing.B, list []*big.Int) time.Duration {
	gp, err := exec.LookPath("gp")
	if err != nil {
		return 0
	}
	const script = "{v=%s;n=1;t=0;while(t<100,n*=4;gettime();for(k=1,n,for(i=1,#v,factor(v[i])));t=gettime());print(t*1./n)}\n"
	cmd := exec.Command(gp, "-q", "-f", "-s", "100M")
	cmd.Stdin = strings.NewReader(fmt.Sprintf(script, strings.ReplaceAll(fmt.Sprint(list), " ", ",")))
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	ms, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return max(1, time.Duration(ms*float64(time.Millisecond)/float64(len(list))))
}
