package test

import (
	"bufio"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

// The digest is that of the output of coreutils factor 9.1 for the same numbers.
const digestTo100000 = "9daf4b947fe21710770c8febace27636f70283543bf6a133b22b9202afabe7e4"

func TestEmbeddedPrintsWhatFactorPrints(t *testing.T) {
	t.Parallel()
	numbers := sequence(1, 100_000, 1)
	p := run(t, "embedded", "submit", feed(numbers)).wantCode(0).wantStderr("")
	if got := digest(p.stdout.String()); got != digestTo100000 {
		t.Errorf("digest %s, not %s", got, digestTo100000)
	}
	checkFactor(t, numbers, p.stdout.String())
}

func TestMersenneNumbersAndFactorials(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	one := big.NewInt(1)
	for n := range uint(129) {
		fmt.Fprintln(&b, new(big.Int).Sub(new(big.Int).Lsh(one, n), one))
	}
	for n := range int64(31) {
		fmt.Fprintln(&b, new(big.Int).Add(new(big.Int).MulRange(1, n), one))
	}
	numbers := strings.TrimPrefix(b.String(), "0\n")
	p := run(t, "embedded", "submit", feed(numbers)).wantCode(0).wantStderr("")
	checkAnswers(t, numbers, p.stdout.String())
}

// Input that a script cannot hold: CR line ends, control characters, very long numbers.
// testdata/script/bad_input.txtar has the rest.
func TestStrangeBytes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1234567890", 1000)
	run(t, "embedded", "submit", feed("15\r\n21\r"+long+"\n\x00\n\v99")).wantCode(1).
		wantStdout("15: 3 5\n21: 3 7\n99: 3 3 11\n").
		wantStderr(`embedded: standard input: line 2: longer than 16,384 bits (about 4,932 digits): "1234567890123456789012345678901234567890…"
embedded: standard input: line 3: column 1: unexpected "\x00": "\x00"
`)
}

// Answers are printed while the input is still open, however long it is.
func TestAnswersBeforeTheInputEnds(t *testing.T) {
	t.Parallel()
	in, w := pipe(t)
	p := start(t, "embedded", "submit", in)
	const portion = 10_000
	for first := uint64(1); first <= 100_000; first += portion {
		last := first + portion - 1
		if _, err := io.WriteString(w, sequence(first, last, 1)); err != nil {
			t.Fatal(err)
		}
		p.await(&p.stdout, fmt.Sprintf("\n%d: ", last)) // nothing more is written before
	}
	w.Close()
	p.wantCode(0).wantStderr("")
	if got := digest(p.stdout.String()); got != digestTo100000 {
		t.Errorf("digest %s, not %s", got, digestTo100000)
	}
}

// A reader that closes the pipe early, such as head, ends the program soon and without messages.
func TestReaderLeaves(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "embedded", "submit --range 1:1000000000", stdoutTo(w))
	w.Close()
	line, err := bufio.NewReaderSize(r, 16).ReadString('\n')
	if err != nil || line != "1:\n" {
		t.Fatalf("first line %q, %v", line, err)
	}
	r.Close()
	left := time.Now()
	p.wantCode(141).wantStderr("")
	if took := time.Since(left); took > 20*time.Second {
		t.Errorf("ended %v after its reader", took)
	}
}

// A kept store can be used again. A store in use is refused.
func TestKeptStore(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	numbers := sequence(1_000_001, 1_000_400, 1)
	first := run(t, "embedded", "submit --id a --store "+store, feed(numbers)).wantCode(0)
	checkAnswers(t, numbers, first.stdout.String())
	again := run(t, "embedded", "submit --id a --store "+store, feed(numbers)).wantCode(0)
	again.wantStdout(first.stdout.String())
	run(t, "embedded", "submit --id a 17 --store "+store).wantCode(8).wantSaid("conflict", "17")
	run(t, "embedded", "submit 17 --ack-wait 5s --store "+store).wantCode(8).wantSaid("have ack wait 30s, not 5s")

	node := start(t, "embedded", "run -n 1 --listen 127.0.0.1:0 --store "+store)
	node.await(&node.stderr, "listening on nats://")
	run(t, "embedded", "submit 15 --store "+store).wantCode(75).wantStdout("").wantSaid("embedded: error: ", "in use by another process")
	node.signal(os.Interrupt)
	node.wantCode(0)
}
