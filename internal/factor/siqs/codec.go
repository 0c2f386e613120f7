package siqs

import (
	"encoding/binary"
	"errors"
)

// errShort is returned for bytes that do not begin with a relation.
var errShort = errors.New("siqs: malformed relation")

// maxPrimesOfRelation bounds len(Primes): a product of that many primes is at least
// 2^384, the size of huge.
const maxPrimesOfRelation = 384

// Append appends the encoding of r to dst, about 45 bytes. All fields are varints as in
// package encoding/binary, in this order:
//
//	Coefficient    unsigned, up to 2^64-1
//	Poly           unsigned, up to 2^32-1
//	X              signed, 32 bits
//	Large[0]       unsigned, up to 2^32-1
//	Large[1]       unsigned, up to 2^32-1
//	len(Primes)    unsigned, up to maxPrimesOfRelation
//	Primes[i] - Primes[i-1], Primes[-1] being 0    signed, 32 bits, len(Primes) times
//
// The value is not encoded: the receiver computes it from the polynomial.
func (r *Relation) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, r.Coefficient)
	dst = binary.AppendUvarint(dst, uint64(r.Poly))
	dst = binary.AppendVarint(dst, int64(r.X))
	dst = binary.AppendUvarint(dst, uint64(r.Large[0]))
	dst = binary.AppendUvarint(dst, uint64(r.Large[1]))
	dst = binary.AppendUvarint(dst, uint64(len(r.Primes)))
	return appendPrimes(dst, r.Primes)
}

// Decode sets r to the relation at the start of data, reusing the memory of r.Primes,
// and returns the rest of data. On an error it returns data, and r is undefined. It
// checks the ranges of the encoding, not whether the relation holds: Set.Add and
// Verifier.Verify do.
func (r *Relation) Decode(data []byte) (rest []byte, err error) {
	d := decoder{data: data}
	r.Coefficient = d.uvarint(1<<64 - 1)
	r.Poly = uint32(d.uvarint(1<<32 - 1))
	r.X = int32(d.varint())
	r.Large = [2]uint32{uint32(d.uvarint(1<<32 - 1)), uint32(d.uvarint(1<<32 - 1))}
	count := d.uvarint(maxPrimesOfRelation)
	r.Primes = r.Primes[:0]
	at := int64(0)
	for ; count > 0 && !d.bad; count-- {
		at += d.varint()
		d.bad = d.bad || at < 0 || at >= maxPrimes
		r.Primes = append(r.Primes, uint32(at))
	}
	if d.bad {
		return data, errShort
	}
	return d.data, nil
}

// A decoder reads varints. After the first malformed one it is bad and returns zeros.
type decoder struct {
	data []byte
	bad  bool
}

// uvarint reads an unsigned number, at most most.
func (d *decoder) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 || v > most || d.bad {
		d.bad = true
		return 0
	}
	d.data = d.data[n:]
	return v
}

// take reads that many bytes.
func (d *decoder) take(count uint64) []byte {
	if count > uint64(len(d.data)) || d.bad {
		d.bad = true
		return nil
	}
	taken := d.data[:count]
	d.data = d.data[count:]
	return taken
}

// varint reads a signed number of 32 bits.
func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 || v != int64(int32(v)) || d.bad {
		d.bad = true
		return 0
	}
	d.data = d.data[n:]
	return v
}

// appendPrimes appends the differences of successive indices, each as a signed varint.
// Most primes of a relation come in ascending order and close to each other, so that
// most differences take one byte.
func appendPrimes(dst []byte, primes []uint32) []byte {
	last := uint32(0)
	for _, i := range primes {
		dst = binary.AppendVarint(dst, int64(i)-int64(last))
		last = i
	}
	return dst
}

// readPrimes appends to dst the indices that appendPrimes has encoded as data. Requires
// data to be valid.
func readPrimes(dst []uint32, data []byte) []uint32 {
	at := uint32(0)
	for i := 0; i < len(data); {
		// The same as binary.Varint, which the compiler does not inline.
		v, shift := uint32(0), 0
		for data[i] >= 0x80 {
			v |= uint32(data[i]&0x7f) << shift
			shift += 7
			i++
		}
		v |= uint32(data[i]) << shift
		i++
		at += v>>1 ^ -(v & 1)
		dst = append(dst, at)
	}
	return dst
}
