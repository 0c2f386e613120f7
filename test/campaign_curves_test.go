package test

import (
	"crypto/rand"
	"math/big"
	"strings"
	"testing"

	"factorfleet/internal/nat"
)

// TestCurves: a number is too large for the sieve. The worker that has it computes nothing, as a very slow one. Others
// run curves, one finds a factor, and the next owner answers with it at once: its own budget is for the rest.
func TestCurves(t *testing.T) {
	t.Parallel()
	f := besiege(t, siegeAckWait)
	p, err := rand.Prime(rand.Reader, 68) // 21 digits
	if err != nil {
		t.Fatal(err)
	}
	n := new(big.Int).Mul(p, twoPrimes(t, 100))
	x := &campaignTarget{job: "j", n: nat.FromBig(n)}
	release := f.holdsNumber(x, 0, map[string]any{"b1": 120, "total": 8})
	f.submit("j", "--budget 2s", n.String())
	f.expect("mallory names the number", func() bool { return f.owner("j") == "mallory" })
	f.honest("worker-1", "-n 1")
	f.honest("worker-2", "-n 1")
	f.expect("a divisor", func() bool { return strings.Contains(f.stderr.String(), "a divisor of the composite was found") })
	close(release)
	f.ends("j")
	answer := f.run("producer", "results j")
	if said := answer.stdout.String() + answer.stderr.String(); !strings.Contains(said, p.String()) {
		t.Errorf("%v is not in the answer:\n%s\nthe supervisor says:\n%s", p, said, f.tail())
	}
	run(t, "producer", "verify -", feed(answer.stdout.String())).wantCode(1).
		wantStdout("1 line: 0 verified, 1 unfinished, 0 given up, 0 wrong; primes: 0 below 2^64, 0 by certificate, 1 PRP\n")
	f.noParts()
}
