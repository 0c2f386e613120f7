package siqs

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"math/big"
)

// Revision numbers the map from Params and a coefficient number to relations, and the
// codes of Params and of yields. It increases when any of them changes, so that programs
// of different versions do not exchange relations. TestGolden fails if the map changes.
const Revision = 1

// ErrRevision is returned for Params of a program with another Revision.
var ErrRevision = errors.New("siqs: the parameters are those of another version of this program")

// Append appends the encoding of p, less than 150 bytes. Requires N > 0. The fields are
// unsigned varints as in package encoding/binary, unless noted, in this order:
//
//	Revision
//	length of N in bytes, at most 47; N, the highest byte first
//	Multiplier, Primes, Small, Interval, Large, Double
//	Candidate, Smooth, Factors
//	first index and length of PoolA, and of PoolB
//	Tolerance    8 bytes, IEEE 754, the lowest byte first
//	Hash         8 bytes, the lowest byte first
func (p *Params) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, Revision)
	n := p.N.Bytes()
	dst = binary.AppendUvarint(dst, uint64(len(n)))
	dst = append(dst, n...)
	for _, v := range [...]uint64{
		uint64(p.Multiplier), uint64(p.Primes), uint64(p.Small), uint64(p.Interval), uint64(p.Large), p.Double,
		uint64(p.Candidate), uint64(p.Smooth), uint64(p.Factors),
		uint64(p.PoolA[0]), uint64(p.PoolA[1] - p.PoolA[0]), uint64(p.PoolB[0]), uint64(p.PoolB[1] - p.PoolB[0]),
	} {
		dst = binary.AppendUvarint(dst, v)
	}
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(p.Tolerance))
	return binary.LittleEndian.AppendUint64(dst, p.Hash)
}

// DecodeParams returns the Params that Append has encoded as data. It returns
// ErrRevision for those of another Revision, and ErrParams if the bytes are no others
// that Append makes, or if a field is out of its range. So the methods of the result
// can neither fail nor overflow. Whether Hash is that of the factor base is for
// NewShared and Reset to check.
func DecodeParams(data []byte) (Params, error) {
	d := decoder{data: data}
	if revision := d.uvarint(math.MaxUint64); !d.bad && revision != Revision {
		return Params{}, ErrRevision
	}
	p := Params{N: new(big.Int).SetBytes(d.take(d.uvarint((MaxBits + 7) / 8)))}
	word := func() uint32 { return uint32(d.uvarint(math.MaxUint32)) }
	p.Multiplier, p.Primes, p.Small, p.Interval, p.Large = word(), word(), word(), word(), word()
	p.Double = d.uvarint(math.MaxUint64)
	p.Candidate, p.Smooth = uint8(d.uvarint(math.MaxUint8)), uint8(d.uvarint(math.MaxUint8))
	p.Factors = uint8(d.uvarint(math.MaxUint8))
	for _, pool := range [...]*[2]uint32{&p.PoolA, &p.PoolB} {
		pool[0] = word()
		pool[1] = pool[0] + word()
	}
	if last := d.take(16); !d.bad {
		p.Tolerance = math.Float64frombits(binary.LittleEndian.Uint64(last))
		p.Hash = binary.LittleEndian.Uint64(last[8:])
	}
	if d.bad || !p.inRange() || !bytes.Equal(p.Append(nil), data) {
		return Params{}, ErrParams
	}
	return p, nil
}

// Sum returns a hash of the encoding of p. Params with the same Sum have the same
// relations. Unlike Hash it covers all fields.
func (p *Params) Sum() uint64 {
	sum := sha256.Sum256(p.Append(nil))
	return binary.LittleEndian.Uint64(sum[:])
}
