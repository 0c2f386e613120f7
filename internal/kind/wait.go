//go:build waits

package kind

import (
	"context"
	"math/big"
	"strings"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// waits makes chosen numbers take a fixed time without using the processor. The tests of the programs
// need such numbers. They build the programs with the tag waits, and the linker sets this variable by
// -X factorfleet/internal/kind.waits=PRIME=TIME,PRIME=TIME: the kind "factor" waits TIME before it
// factors a multiple of PRIME. No other build contains this file.
var waits string

// withWaits returns f, or a kind that waits if the linker has set waits.
func withWaits(f *factorKind) worker.Kind {
	if waits == "" {
		return f
	}
	return &waiting{f, parseWaits(waits)}
}

// A wait is one entry of waits.
type wait struct {
	prime *big.Int
	time  time.Duration
}

// parseWaits reads PRIME=TIME,PRIME=TIME. It panics if text is malformed.
func parseWaits(text string) (list []wait) {
	for entry := range strings.SplitSeq(text, ",") {
		digits, length, _ := strings.Cut(entry, "=")
		prime, ok := new(big.Int).SetString(digits, 10)
		d, err := time.ParseDuration(length)
		if !ok || prime.Sign() <= 0 || err != nil {
			panic("kind: linked with waits=" + text)
		}
		list = append(list, wait{prime, d})
	}
	return list
}

// A waiting is a factorKind that waits before the multiples of some primes.
type waiting struct {
	*factorKind
	waits []wait
}

// Run implements worker.Kind.
func (k *waiting) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for len(numbers) > 0 {
		if err := pause(ctx, k.wait(numbers[0]), func() bool { o.Tick(); return false }); err != nil {
			return err
		}
		count := 1
		for count < len(numbers) && k.wait(numbers[count]) == 0 {
			count++
		}
		if err := k.factorKind.Run(ctx, numbers[:count], o, done); err != nil {
			return err
		}
		numbers = numbers[count:]
	}
	return nil
}

// wait returns how long to wait before n is factored.
func (k *waiting) wait(n nat.Nat) time.Duration {
	x, rest := n.Big(), new(big.Int)
	for _, w := range k.waits {
		if x.Sign() > 0 && rest.Mod(x, w.prime).Sign() == 0 {
			return w.time
		}
	}
	return 0
}
