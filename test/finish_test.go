package test

import (
	"fmt"
	"math/big"
	"strings"
	"syscall"
	"testing"

	"factorfleet/internal/explain"
)

// threeParts returns a number with a prime of 5 digits, one of 13, and a composite of 94 digits, and its line if the last
// is left unfinished.
func threeParts(t testing.TB) (number, line string) {
	hard := twoPrimes(t, 94)
	n := new(big.Int).Mul(hard, big.NewInt(10007*8177821199011))
	return n.String(), fmt.Sprintf("%v: 10007 8177821199011 c%v\n", n, hard)
}

// TestFinish: `producer finish` ends a job early. Who waits for it gets the divisors of the number at work, and answers for
// those that have not begun; easy numbers are complete. Nothing of the job is left in the queue.
func TestFinish(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1 --name w")
	number, line := threeParts(t)
	later, _ := threeParts(t)
	w := s.start("producer", "submit --id j --chunk 1 "+number+" "+later+" 360")
	eventually(t, "the worker has the last part at hand", func() bool {
		if s.state("j") == "" {
			return false
		}
		facts := report[struct{ Facts []explain.Facts }](s, "status j").Facts
		return len(facts) == 1 && facts[0].Position == 0 && facts[0].Digits == 94
	})
	s.run("producer", "finish j").wantCode(0).wantSaid("job j ")
	w.wantCode(1).wantSaid("producer: 2 numbers left unfinished: the job was ended early\n")
	got := w.stdout.String()
	hurried := later + ": 10007 c" // trial division is done for every number
	if rest, ok := strings.CutPrefix(got, line); !ok || !strings.HasPrefix(rest, hurried) || !strings.HasSuffix(rest, "\n360: 2 2 2 3 3 5\n") {
		t.Errorf("got %s, want %s%s...", got, line, hurried)
	}
	if out := s.run("producer", "status j").wantCode(0).stdout.String(); !strings.HasPrefix(out, "job j is done ") || !strings.Contains(out, "finished early") {
		t.Errorf("status: %s", out)
	}
	s.run("producer", "finish j").wantCode(8)
	s.run("producer", "finish nobody").wantCode(7)
	s.run("producer", "results j").wantCode(1).wantStdout(got)
}

// TestInterruptHard: Ctrl-C and --deadline end `embedded submit` of one hard number with the divisors that it has found.
func TestInterruptHard(t *testing.T) {
	t.Parallel()
	number, line := threeParts(t)
	for name, test := range map[string]struct {
		args string
		code int
		said string
	}{
		"signal":   {"", 130, "embedded: error: interrupted\n"},
		"deadline": {" --deadline 5s", 4, "embedded: error: deadline reached\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, "embedded", "submit -n 1 --explain "+number+test.args)
			if test.args == "" {
				p.await(&p.stderr, "number 1, 94 digits: ")
				p.signal(syscall.SIGINT)
			}
			p.wantCode(test.code).wantSaid("1 number left unfinished: the job was ended early\n", test.said, "a composite of ")
			if test.args == "" { // a busy machine has found less within the deadline
				p.wantStdout(line)
			}
		})
	}
}
