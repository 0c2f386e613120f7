// Package nat has the number type of the fleet: a natural number that needs no
// allocation while it fits in a machine word. Nearly all numbers of long lists do.
//
// It has no arithmetic. A Nat carries a number between packages; engines compute with
// its word or its big.Int.
package nat

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/big"
	"math/bits"
)

// A Nat is an integer n >= 0. The zero value is 0. Nats are immutable: they may be
// copied, and several goroutines may use one.
//
// Invariant: big == nil if and only if n < 2^64, and then word == n. Otherwise word ==
// 0.
type Nat struct {
	word uint64
	big  *big.Int
}

// New returns the number w.
func New(w uint64) Nat { return Nat{word: w} }

// FromBig returns the number x, which must not be negative. It keeps x itself if x >=
// 2^64; the caller must not change x afterwards.
func FromBig(x *big.Int) Nat {
	if x.Sign() < 0 {
		panic("nat: internal error: negative number " + x.String())
	}
	if x.IsUint64() {
		return Nat{word: x.Uint64()}
	}
	return Nat{big: x}
}

// FromBytes returns the number whose big-endian bytes are b. Leading zeros are allowed,
// and an empty b is 0. It does not keep b.
func FromBytes(b []byte) Nat {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) > 8 {
		return Nat{big: new(big.Int).SetBytes(b)}
	}
	var w uint64
	for _, c := range b {
		w = w<<8 | uint64(c)
	}
	return Nat{word: w}
}

// Word returns n and true if n < 2^64, else 0 and false.
func (n Nat) Word() (w uint64, ok bool) { return n.word, n.big == nil }

// Big returns n as a big.Int. Nats share it: the caller must not change it.
func (n Nat) Big() *big.Int {
	if n.big != nil {
		return n.big
	}
	return new(big.Int).SetUint64(n.word)
}

// BitLen returns the number of bits of n: floor(log2 n) + 1, and 0 for n = 0.
func (n Nat) BitLen() int {
	if n.big != nil {
		return n.big.BitLen()
	}
	return bits.Len64(n.word)
}

// ByteLen returns the number of bytes that AppendBytes appends, floor((BitLen+7)/8).
func (n Nat) ByteLen() int { return (n.BitLen() + 7) / 8 }

// Slack is the number of bytes behind its result that AppendBytes may write to. A
// caller with a buffer of its own reserves them, so that AppendBytes does not allocate.
const Slack = 8

// AppendBytes appends the big-endian bytes of n without leading zeros, none for n = 0.
// If b has the capacity for Slack bytes more than the result, it does not allocate.
func (n Nat) AppendBytes(b []byte) []byte {
	if n.big != nil {
		return n.appendBig(b)
	}
	size := (bits.Len64(n.word) + 7) / 8
	// Shifted to the top, the size bytes of the word come first; the zeros behind them
	// are cut off.
	return binary.BigEndian.AppendUint64(b, n.word<<(64-8*size))[:len(b)+size]
}

// appendBig is AppendBytes for n >= 2^64.
func (n Nat) appendBig(b []byte) []byte {
	size, at := n.ByteLen(), len(b)
	b = append(b, make([]byte, size)...)
	n.big.FillBytes(b[at:])
	return b
}

// AppendDecimal appends the decimal digits of n.
func (n Nat) AppendDecimal(b []byte) []byte {
	if n.big != nil {
		return n.big.Append(b, 10)
	}
	return appendWord(b, n.word)
}

// String returns n in decimal.
func (n Nat) String() string { return string(n.AppendDecimal(nil)) }

// Cmp returns -1, 0 or +1 as n is less than, equal to or greater than m.
func (n Nat) Cmp(m Nat) int {
	switch {
	case n.big != nil && m.big != nil:
		return n.big.Cmp(m.big)
	case n.big != nil:
		return 1
	case m.big != nil:
		return -1
	default:
		return cmp.Compare(n.word, m.word)
	}
}

// maxText bounds the digits that UnmarshalText accepts, since reading them takes more than linear time.
const maxText = 10_000

// MarshalText returns n in decimal. So a Nat is a string in JSON.
func (n Nat) MarshalText() ([]byte, error) { return n.AppendDecimal(nil), nil }

// UnmarshalText is the inverse of MarshalText. It refuses signs, leading zeros, and more than 10,000 digits.
func (n *Nat) UnmarshalText(b []byte) error {
	if len(b) == 0 || len(b) > maxText || b[0] == '0' && len(b) > 1 {
		return errDecimal
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return errDecimal
		}
	}
	x, ok := new(big.Int).SetString(string(b), 10)
	if !ok {
		return errDecimal
	}
	*n = FromBig(x)
	return nil
}

var errDecimal = errors.New("nat: not a natural number in decimal")
