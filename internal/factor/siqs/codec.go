package siqs

import (
	"encoding/binary"
	"errors"
)

// errShort is returned for bytes that do not begin with a relation.
var errShort = errors.New("siqs: malformed relation")

// maxPrimesOfRelation bounds the primes of a relation: their product is below 2^384.
const maxPrimesOfRelation = 384

// Append appends the bytes of r, about 45, to dst: varints of the fields, with the
// differences of Primes.
func (r *Relation) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, r.Coefficient)
	dst = binary.AppendUvarint(dst, uint64(r.Poly))
	dst = binary.AppendVarint(dst, int64(r.X))
	dst = binary.AppendUvarint(dst, uint64(r.Large[0]))
	dst = binary.AppendUvarint(dst, uint64(r.Large[1]))
	dst = binary.AppendUvarint(dst, uint64(len(r.Primes)))
	return appendPrimes(dst, r.Primes)
}

// Decode sets r to the relation that data begins with, using the memory of
// r.Primes, and returns the rest of data. It does not say whether the relation holds:
// Set.Add does.
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

// A decoder reads varints. Once bad it reads zeros.
type decoder struct {
	data []byte
	bad  bool
}

func (d *decoder) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 || v > most || d.bad {
		d.bad = true
		return 0
	}
	d.data = d.data[n:]
	return v
}

// varint reads a number of 32 bits.
func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 || v != int64(int32(v)) || d.bad {
		d.bad = true
		return 0
	}
	d.data = d.data[n:]
	return v
}

// appendPrimes appends the differences of the indices.
func appendPrimes(dst []byte, primes []uint32) []byte {
	last := uint32(0)
	for _, i := range primes {
		dst = binary.AppendVarint(dst, int64(i)-int64(last))
		last = i
	}
	return dst
}

// readPrimes appends to dst the indices that data, made by appendPrimes, stands for.
func readPrimes(dst []uint32, data []byte) []uint32 {
	at := uint32(0)
	for i := 0; i < len(data); {
		// As binary.Varint, which is not inlined.
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
