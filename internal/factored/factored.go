// Package factored has the rules of the cache of factorizations: which numbers are worth an entry, under which key an
// entry is stored, and what makes an entry true. It knows nothing of streams.
//
// An entry is a line in format factordb, n=p^e*q, and nothing else. Whoever may write to the cache may write a false entry.
// So Read verifies each entry that it reads, as an answer of a worker is verified, and a false entry is no entry.
package factored

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"factorfleet/internal/nat"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
	"factorfleet/internal/verify"
)

const (
	// LeastBits is the least size of a number with an entry: 2^163 has 50 digits. Smaller numbers take some tenths of a second.
	LeastBits = 164
	// MostBits is the largest one: about 1,900 digits.
	MostBits = 6400
	// MaxLine bounds an entry in bytes. Some numbers of many small factors exceed it; they are easy.
	MaxLine = 4000

	// leastPrime is the size of a prime factor that elliptic curves do not find at once: 2^64 or more.
	leastPrime = 65
)

// Method is the method of an answer that was read from the cache.
const Method = "cache"

// MayHave reports whether the number n can have an entry, by its size.
func MayHave(n nat.Nat) bool { return n.BitLen() >= LeastBits && n.BitLen() <= MostBits }

// IsWorth reports whether the factorization f of n, which is true, is worth an entry: it is complete, and its two
// largest prime factors are each 2^64 or more, and 50 digits or more together. What a worker claims, such as a time,
// does not matter: no worker can fill the cache with numbers that are easy.
func IsWorth(n nat.Nat, f *task.Factorization) bool {
	k := len(f.Factors)
	if !MayHave(n) || k < 2 || f.Unfinished() {
		return false
	}
	p, q := &f.Factors[k-2], &f.Factors[k-1] // factors ascend
	return p.P.BitLen() >= leastPrime && p.P.BitLen()+q.P.BitLen() > LeastBits && len(Line(n, f)) <= MaxLine
}

// Key returns the key of n: 32 hexadecimal digits. Two numbers may have one key, which costs an entry and never an
// answer: an entry names its number.
func Key(n nat.Nat) string {
	sum := sha256.Sum256(n.AppendDecimal(nil))
	return hex.EncodeToString(sum[:16])
}

// IsKey reports whether a key has the form of those that Key returns.
func IsKey(key string) bool {
	b, err := hex.DecodeString(key)
	return err == nil && len(b) == 16 && hex.EncodeToString(b) == key
}

// Line returns the entry of n, whose complete factorization is f, without a newline.
func Line(n nat.Nat, f *task.Factorization) []byte {
	b := append(n.AppendDecimal(nil), '=')
	for i := range f.Factors {
		if i > 0 {
			b = append(b, '*')
		}
		if b = f.Factors[i].P.AppendDecimal(b); f.Factors[i].Exp > 1 {
			b = fmt.Appendf(b, "^%d", f.Factors[i].Exp)
		}
	}
	return b
}

// The reasons why a line is no entry.
var (
	errLine       = errors.New("not one line of format factordb: n=p^e*q")
	errOther      = errors.New("the factorization of another number")
	errUnfinished = errors.New("a factor is unfinished")
	// ErrEasy is wrapped by the error for a number that is not worth an entry.
	ErrEasy = errors.New("easy: factoring it takes about as long as looking it up")
)

// Parse returns the number of a line and its factorization, which are not verified. Method is that of the cache.
func Parse(line []byte) (n nat.Nat, f task.Factorization, err error) {
	at := bytes.IndexByte(line, '=')
	if at <= 0 || len(line) > MaxLine || bytes.ContainsAny(line, "\r\n :,") {
		return n, f, errLine
	}
	for l, err := range output.Parse(bytes.NewReader(line)) {
		switch {
		case err != nil:
			var syntax *output.SyntaxError
			if errors.As(err, &syntax) {
				err = errors.New(syntax.Why)
			}
			return n, f, err
		case l.Kind != task.KindFactor:
			return n, f, errLine
		case l.Unfinished():
			return n, f, errUnfinished
		}
		n, f = l.N, task.Factorization{Factors: l.Factors, Method: Method}
	}
	return n, f, nil
}

// Verify returns an error if f is not the complete factorization of n, or not worth an entry; the latter wraps ErrEasy. It
// wraps the cause of the end of ctx if that has ended.
func Verify(ctx context.Context, n nat.Nat, f *task.Factorization) error {
	switch err := verify.Answer(ctx, task.KindFactor, n, f); {
	case err != nil:
		return err
	case f.Unfinished():
		return errUnfinished
	case !IsWorth(n, f):
		return ErrEasy
	}
	return nil
}

// Read returns the factorization of n that an entry states. The error says why the entry is not to be believed.
func Read(ctx context.Context, n nat.Nat, line []byte) (f task.Factorization, err error) {
	m, f, err := Parse(line)
	if err == nil && m.Cmp(n) != 0 {
		err = errOther
	}
	if err == nil {
		err = Verify(ctx, n, &f)
	}
	if err != nil {
		return task.Factorization{}, err
	}
	return f, nil
}
