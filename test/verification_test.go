package test

import (
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// mersenne returns 2^bits-1.
func mersenne(bits uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits)
	return n.Sub(n, big.NewInt(1))
}

// primeResult is the result of worker w that calls count numbers p probable primes.
func primeResult(p *big.Int, count uint64) []byte {
	r := task.Result{Kind: task.KindFactor, Worker: "w", Attempt: 1}
	for range count {
		r.Items = append(r.Items, task.Factorization{Factors: []task.Factor{{P: nat.FromBig(p), Exp: 1, Status: task.PRP}}, Method: "prime"})
	}
	return r.Encode()
}

// storeResult stores the result of worker w for r of job j, as the worker would.
func (s *server) storeResult(r task.Range, payload []byte) {
	s.t.Helper()
	_, js := s.connect()
	if _, err := js.Publish(s.t.Context(), "FACTOR.results.j."+r.String()+".w", payload); err != nil {
		s.t.Fatal(err)
	}
}

// All 210 ranges of 20 numbers are answered, each rightly. The verification of all takes minutes. Each
// position is to be verified once, or a few times.
func TestOverlappingResults(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	p := mersenne(4423)
	s.run("producer", "submit --id j --detach", feed(strings.Repeat(p.String()+"\n", 20))).wantCode(0)
	for first := range uint64(20) {
		for end := uint64(20); end > first; end-- {
			s.storeResult(task.Span(first, end), primeResult(p, end-first))
		}
	}
	began := time.Now()
	line := p.String() + ": " + p.String() + "\n"
	s.run("producer", "wait j").wantCode(0).wantStdout(strings.Repeat(line, 20))
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Ctrl-C ends the verification of a result that takes a minute.
func TestInterruptedVerification(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	p := mersenne(11213)
	s.run("producer", "submit --id j --detach", feed(strings.Repeat(p.String()+"\n", 60))).wantCode(0)
	s.storeResult(task.Span(0, 60), primeResult(p, 60))
	wait := s.start("producer", "wait j")
	time.Sleep(3 * time.Second) // the verification runs
	wait.signal(os.Interrupt)
	began := time.Now()
	wait.wantCode(130)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v to end", took)
	}
}
