package test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// sequence returns the lines first, first+step, ... up to last, like seq.
func sequence(first, last, step uint64) string {
	var b strings.Builder
	for n := first; n <= last; n += step {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

// tutorial is the 1000 numbers of the tutorial this program began with.
var tutorial = sequence(999_999_999_999, 999_999_999_999+2*999, 2)

// prime returns a prime of the given number of bits, a different one for each seed.
func prime(bits int, seed uint64) *big.Int {
	random := rand.New(rand.NewPCG(seed, uint64(bits)))
	for {
		p := new(big.Int).SetBit(new(big.Int), bits-1, 1)
		for i := range bits - 1 {
			p.SetBit(p, i, uint(random.IntN(2)))
		}
		if p.ProbablyPrime(20) {
			return p
		}
	}
}

// semiprimes returns lines with products of two primes of the given number of bits.
func semiprimes(count, bits int, seed uint64) string {
	var b strings.Builder
	for i := range uint64(count) {
		fmt.Fprintln(&b, new(big.Int).Mul(prime(bits, seed+2*i), prime(bits, seed+2*i+1)))
	}
	return b.String()
}

// waits is linked into the tested programs (package kind): how long a worker waits before it factors a
// multiple of a Mersenne prime.
const waits = "2305843009213693951=15ms,618970019642690137449562111=60ms,162259276829213363391578010288127=8s"

// slow returns lines with numbers first, first+1, ... of a sequence. Each number takes a worker the
// same time on any processor, without using it: it is an odd multiple of the Mersenne prime
// 2^exponent-1; 15 ms for 61, 60 ms for 89, 8 s for 107.
func slow(first, count int, exponent uint) string {
	mersenne := new(big.Int).Lsh(big.NewInt(1), exponent)
	mersenne.Sub(mersenne, big.NewInt(1))
	var b strings.Builder
	for i := range count {
		fmt.Fprintln(&b, new(big.Int).Mul(mersenne, big.NewInt(int64(2*(first+i)+1))))
	}
	return b.String()
}

// heavy is slow with numbers that the engine must test: 2^exponent-1 is a prime of more than 2^64. It
// takes about 15 ms for 2203 and 150 ms for 4423, and the verification takes as long again.
func heavy(first, count int, exponent uint) string { return slow(first, count, exponent) }

// hard is a number that no worker factors within a test: RSA-100, a challenge of 1991.
const hard = "1522605027922533360535618378132637429718068114961380688657908494580122963258952897654000350692006139"

// checkAnswers checks answers in format factor against their numbers: each number once and in order,
// the product, the order of the factors, and that each factor is prime.
func checkAnswers(t testing.TB, numbers, answers string) {
	t.Helper()
	wanted, lines := strings.Fields(numbers), strings.Split(strings.TrimSuffix(answers, "\n"), "\n")
	if len(lines) != len(wanted) || !strings.HasSuffix(answers, "\n") {
		t.Fatalf("%d lines of answers for %d numbers; the last is %.200q", len(lines), len(wanted), lines[len(lines)-1])
	}
	for i, line := range lines {
		if err := checkAnswer(wanted[i], line); err != nil {
			t.Fatalf("line %d, %.200q: %v", i+1, line, err)
		}
	}
}

func checkAnswer(number, line string) error {
	n, factors, ok := strings.Cut(line, ":")
	if !ok || n != number {
		return fmt.Errorf("no answer for %s", number)
	}
	product, last := big.NewInt(1), big.NewInt(1)
	for word := range strings.FieldsSeq(factors) {
		p, ok := new(big.Int).SetString(word, 10)
		if !ok || !isPrime(p) {
			return fmt.Errorf("%s is no prime", word)
		}
		if p.Cmp(last) < 0 {
			return fmt.Errorf("%s is out of order", word)
		}
		product.Mul(product, p)
		last = p
	}
	if product.String() != number {
		return fmt.Errorf("the product is %v", product)
	}
	return nil
}

// knownPrimes caches the large primes that were tested, which many lists share.
var knownPrimes sync.Map

func isPrime(p *big.Int) bool {
	if p.IsUint64() {
		return p.ProbablyPrime(0) // no error below 2^64
	}
	if p.BitLen() < 200 {
		return p.ProbablyPrime(20)
	}
	if _, ok := knownPrimes.Load(p.String()); ok {
		return true
	}
	if !p.ProbablyPrime(5) {
		return false
	}
	knownPrimes.Store(p.String(), true)
	return true
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// checkFactor compares answers with the output of coreutils factor.
func checkFactor(t testing.TB, numbers, answers string) {
	t.Helper()
	path, err := exec.LookPath("factor")
	if err != nil {
		t.Log("NOT COMPARED with coreutils factor, which is not installed; the digest is all there is")
		return
	}
	cmd := exec.Command(path)
	cmd.Stdin = strings.NewReader(numbers)
	want, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != answers {
		t.Errorf("not what %s prints: %s", path, difference(answers, string(want)))
	}
}
