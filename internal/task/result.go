package task

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// Status says what is known of a factor. The values go over the wire.
type Status uint8

const (
	Prime     Status = 1 // proved prime: below 2^64, or by a certificate
	PRP       Status = 2 // Baillie-PSW probable prime
	Composite Status = 3 // not finished: composite, or not known to be prime
	Value     Status = 4 // not a factor but the answer of another kind, such as n*n
)

// String returns P, PRP, C or V, the marks of factor databases.
func (s Status) String() string {
	switch s {
	case Prime:
		return "P"
	case PRP:
		return "PRP"
	case Composite:
		return "C"
	case Value:
		return "V"
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// A Factor is P^Exp in a factorization.
type Factor struct {
	P      nat.Nat
	Exp    uint32
	Status Status
}

// A Factorization is the answer for one number.
type Factorization struct {
	Factors []Factor // distinct, ascending; none for 0 and 1
	Method  string   // what found it, with parameters
	CPU     time.Duration

	// Certificates prove that factors of 2^64 and more are Prime: nil, or one text for
	// each of Factors, "" where there is none. See Certificate.
	Certificates []string
}

// Certificate returns the certificate of factor i, "" if it has none.
func (f *Factorization) Certificate(i int) string {
	if i >= len(f.Certificates) {
		return ""
	}
	return f.Certificates[i]
}

// A Result is the answer for one range; Items has one entry a number. Its job,
// range and worker are its subject.
type Result struct {
	Kind    string
	Worker  string
	Version string
	Attempt uint32
	Elapsed time.Duration
	Items   []Factorization

	memory *resultMemory // of Items, if the quick way has read it
}

// Release gives the memory of a decoded result to those decoded later. Neither r nor what it
// holds may be used any more, but for strings and numbers.
func (r *Result) Release() {
	m := r.memory
	if m == nil {
		return
	}
	*r = Result{}
	if cap(m.factors) <= mostKept {
		resultMemories.Put(m)
	}
}

// Encode returns the wire form of r.
func (r *Result) Encode() []byte {
	if b, ok := r.quickEncode(); ok {
		return b
	}
	return r.encode()
}

// encode is Encode by the generated code.
func (r *Result) encode() []byte {
	total := 0
	for i := range r.Items {
		total += len(r.Items[i].Factors)
	}
	m := &taskpb.Result{
		Kind: r.Kind, Worker: r.Worker, Version: r.Version, Attempt: r.Attempt, ElapsedNs: uint64(r.Elapsed),
		Method:       make([]uint32, len(r.Items)),
		CpuNs:        make([]uint64, len(r.Items)),
		FactorCounts: make([]uint32, len(r.Items)),
		Exponents:    make([]uint32, 0, total),
		Statuses:     make([]byte, 0, total),
	}
	primes := make([]nat.Nat, 0, total)
	methods := make(map[string]uint32)
	for i := range r.Items {
		item := &r.Items[i]
		index, ok := methods[item.Method]
		if !ok {
			index = uint32(len(m.Methods))
			methods[item.Method] = index
			m.Methods = append(m.Methods, strings.ToValidUTF8(item.Method, "?"))
		}
		m.Method[i] = index
		m.CpuNs[i] = uint64(item.CPU)
		m.FactorCounts[i] = uint32(len(item.Factors))
		for _, f := range item.Factors {
			primes = append(primes, f.P)
			m.Exponents = append(m.Exponents, f.Exp)
			m.Statuses = append(m.Statuses, byte(f.Status))
		}
	}
	m.Factors = encodeNumbers(primes)
	m.CertificateSizes, m.Certificates = r.certificates(total)
	return marshal(m)
}

// certificates returns the two columns of the certificates of all total factors, nil if
// there are none.
func (r *Result) certificates(total int) (sizes []uint32, data []byte) {
	sizes = make([]uint32, 0, total)
	for i := range r.Items {
		for j := range r.Items[i].Factors {
			text := r.Items[i].Certificate(j)
			sizes = append(sizes, uint32(len(text)))
			data = append(data, text...)
		}
	}
	if len(data) == 0 {
		return nil, nil
	}
	return sizes, data
}

// takeCertificates takes the certificates of n factors off the front of the columns; nil
// if none of them has one.
func takeCertificates(n int, sizes *[]uint32, data *[]byte) (texts []string, err error) {
	if len(*sizes) == 0 {
		return nil, nil
	}
	for i, size := range (*sizes)[:n] {
		if size > MaxCertificate || int(size) > len(*data) {
			return nil, errColumns
		}
		if size > 0 && texts == nil {
			texts = make([]string, n)
		}
		if size > 0 {
			texts[i] = string((*data)[:size])
			*data = (*data)[size:]
		}
	}
	*sizes = (*sizes)[n:]
	return texts, nil
}

// maxFactors bounds the distinct factors of one result message: 4096 numbers of 256 bits
// have at most 43 each (the product of the first 43 primes), and one number of MaxBits
// bits at most some 1,500.
const maxFactors = 64 * MaxCount

var errResult = errors.New("malformed result")

// DecodeResult is the inverse of Encode. It checks the form, not the truth: that
// is package verify's.
func DecodeResult(b []byte) (*Result, error) {
	if r, ok := quickResult(b); ok {
		return r, nil
	}
	return decodeResult(b)
}

// decodeResult is DecodeResult by the generated code.
func decodeResult(b []byte) (*Result, error) {
	var m taskpb.Result
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	primes, err := decodeNumbers(m.Factors, maxFactors, 2*MaxBits) // a square has twice the bits
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	count, total := len(m.FactorCounts), len(primes)
	if len(m.Method) != count || len(m.CpuNs) != count || count > MaxCount ||
		len(m.Exponents) != total || len(m.Statuses) != total || len(m.CertificateSizes) != 0 && len(m.CertificateSizes) != total {
		return nil, fmt.Errorf("result: %w", errColumns)
	}
	r := &Result{
		Kind: m.Kind, Worker: m.Worker, Version: m.Version, Attempt: m.Attempt,
		Elapsed: duration(m.ElapsedNs), Items: make([]Factorization, count),
	}
	factors := make([]Factor, total)
	for i := range factors {
		factors[i] = Factor{P: primes[i], Exp: m.Exponents[i], Status: Status(m.Statuses[i])}
	}
	for i, n := range m.FactorCounts {
		if int(n) > len(factors) || int(m.Method[i]) >= len(m.Methods) {
			return nil, errResult
		}
		certificates, err := takeCertificates(int(n), &m.CertificateSizes, &m.Certificates)
		if err != nil {
			return nil, fmt.Errorf("result: %w", err)
		}
		r.Items[i] = Factorization{Factors: factors[:n:n], Method: m.Methods[m.Method[i]], CPU: duration(m.CpuNs[i]), Certificates: certificates}
		factors = factors[n:]
	}
	if len(factors) != 0 || len(m.Certificates) != 0 {
		return nil, errResult
	}
	return r, nil
}
