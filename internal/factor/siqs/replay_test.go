//go:build linux

package siqs

import (
	"encoding/gob"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	replay    = flag.String("replay", "", "measure a supervisor's work for numbers of so many `digits`, as 75,80")
	replayDir = flag.String("replaydir", "/tmp/yields", "where the yields of -replay are kept: the next run does not sieve again")
)

// A recording is a number with the yields that a set needs, and a few more.
type recording struct {
	Params []byte
	First  []uint64
	End    []uint64
	Data   [][]byte
}

// processTime returns the time that all threads of this process have spent.
func processTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// recorded returns the recording of a number of so many digits, which it sieves unless
// that was done before.
func recorded(t *testing.T, digits int) *recording {
	path := filepath.Join(*replayDir, fmt.Sprint(digits, ".gob"))
	r := new(recording)
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		if err := gob.NewDecoder(f).Decode(r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	least := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-1)), nil)
	n := semiprime(rand.New(rand.NewPCG(21, uint64(digits))), least.BitLen()+2)
	p := mustParams(t, n)
	r.record(t, p)
	if err := os.MkdirAll(*replayDir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := gob.NewEncoder(f).Encode(r); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// record sieves p until the set has enough cycles, with a goroutine for each core.
func (r *recording) record(t *testing.T, p Params) {
	r.Params = p.Append(nil)
	shared, err := NewShared(always, p)
	if err != nil {
		t.Fatal(err)
	}
	set := newSet(t, p)
	var mu sync.Mutex
	var group sync.WaitGroup
	next, enough, began := uint64(0), false, processTime()
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			var s Sieve
			if err := s.Use(always, shared); err != nil {
				panic(err)
			}
			for {
				mu.Lock()
				first, over := next, enough
				next += 4
				mu.Unlock()
				if over {
					return
				}
				_ = s.Yield(always, first, first+4, func() (bool, bool) { return false, false }, func(from, to uint64, data []byte) {
					mu.Lock()
					defer mu.Unlock()
					r.First, r.End, r.Data = append(r.First, from), append(r.End, to), append(r.Data, data)
					if _, err := set.AddYield(data, from, to); err != nil {
						panic(err)
					}
					enough = enough || set.Have() >= set.Need()+200
				})
			}
		})
	}
	group.Wait()
	t.Logf("%d digits: sieved in %v, %d relations", len(p.N.String()), processTime()-began, set.Len())
}

// TestReplay prints the time of the steps of a supervisor: relations, matrix, linear
// algebra, square root.
func TestReplay(t *testing.T) {
	if *replay == "" {
		t.Skip("to measure the work of a supervisor: -replay 75,80")
	}
	for _, text := range strings.Split(*replay, ",") {
		digits, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		r := recorded(t, digits)
		p, err := DecodeParams(r.Params)
		if err != nil {
			t.Fatal(err)
		}
		var fold, all []time.Duration
		var set *Set
		for range 3 {
			set = newSet(t, p)
			set.SetCores(runtime.GOMAXPROCS(0))
			bytes, began := 0, processTime()
			for i, data := range r.Data {
				bytes += len(data)
				if _, err := set.AddYield(data, r.First[i], r.End[i]); err != nil {
					t.Fatal(err)
				}
				if set.Have() >= set.Need() {
					break
				}
			}
			fold = append(fold, processTime()-began)
			steps := set.solveSteps(t)
			sum := time.Duration(0)
			for _, step := range steps {
				sum += step
			}
			all = append(all, sum)
			t.Logf("%d digits: %d relations, %d cycles, %d bytes: fold %v, solve %v: matrix %v, dependencies %v, square roots %v",
				digits, set.Len(), set.Have(), bytes, fold[len(fold)-1], sum, steps[0], steps[1], steps[2:])
		}
		t.Logf("%d digits: fold %.0f ns a relation, solve %v", digits, float64(slices.Min(fold).Nanoseconds())/float64(set.Len()), slices.Min(all))
	}
}

// solveSteps is Solve. It returns the times of the matrix, of the linear algebra, and of
// each square root.
func (s *Set) solveSteps(t *testing.T) []time.Duration {
	began := processTime()
	var steps []time.Duration
	step := func() {
		now := processTime()
		steps = append(steps, now-began)
		began = now
	}
	if err := s.buildMatrix(always); err != nil {
		t.Fatal(err)
	}
	step()
	var n huge
	n.setBig(s.verifier.params.N)
	s.solver.modulus.set(&n)
	if err := s.solver.matrix.Dependencies(always, func(rows []uint32) bool {
		if len(steps) == 1 {
			step()
		}
		d, err := s.split(always, rows)
		if err != nil {
			t.Fatal(err)
		}
		step()
		return d == nil
	}); err != nil {
		t.Fatal(err)
	}
	return steps
}
