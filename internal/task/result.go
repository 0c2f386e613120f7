package task

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task/taskpb"
)

// A Status says what is known about a factor.
type Status uint8

// The statuses. The values are part of the wire format.
const (
	Prime     Status = 1 // proved prime: below 2^64, or by a certificate
	PRP       Status = 2 // of 2^64 or more, and a Baillie-PSW probable prime
	Composite Status = 3 // of 2^64 or more, unfinished: composite, or not known to be prime
	Value     Status = 4 // not a factor: the answer of another kind, such as n*n
)

// String returns P, PRP, C or V, as factordb.com does.
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

// A Factor is the power P^Exp of a factorization.
type Factor struct {
	P      nat.Nat
	Exp    uint32
	Status Status
}

// A Factorization is the answer for one number.
type Factorization struct {
	Factors []Factor      // distinct, ascending; none for 0 and 1
	Method  string        // the hardest method that split the number, with its parameters
	CPU     time.Duration // of all threads that worked on the number, as the worker claims
	Wall    time.Duration // from the start to the end, as the worker claims; 0 = not stated

	// Effort is the ECM effort that was spent on what is unfinished, in digits, also before the task: it missed a factor of so
	// many digits with probability 1/e, as the worker claims. 0 = not stated.
	Effort float64

	// Certificates prove that factors of 2^64 and more are Prime. nil, or one text for
	// each of Factors, "" for a factor without one. See Certificate.
	Certificates []string
}

// Certificate returns the certificate of factor i, "" if it has none.
func (f *Factorization) Certificate(i int) string {
	if i >= len(f.Certificates) {
		return ""
	}
	return f.Certificates[i]
}

// Unfinished reports whether a factor is left that is Composite.
func (f *Factorization) Unfinished() bool {
	for i := range f.Factors {
		if f.Factors[i].Status == Composite {
			return true
		}
	}
	return false
}

// HasProper reports whether a proper factor is known: one that is neither 1 nor the number. Requires factors whose product
// is the number.
func (f *Factorization) HasProper() bool {
	return len(f.Factors) > 1 || len(f.Factors) == 1 && f.Factors[0].Exp > 1
}

// A Result is the answer of one worker for one range. Job, range and worker are in its
// subject.
type Result struct {
	Kind    string
	Worker  string          // the name in the subject must be the same
	Version string          // of the worker
	Attempt uint32          // from 1
	Elapsed time.Duration   // wall-clock time for the range, as the worker claims
	Items   []Factorization // one for each number of the range
	Asked   uint64          // HashNumbers of the numbers that the task had for the range, as the worker claims; 0 = not stated
	Budget  time.Duration   // that the task named, as the worker claims; 0 = none
	Origin                  // where and when, as the worker claims

	// Stored is when the server stored the message; zero = not known. It is not on the wire: a reader may set it.
	Stored time.Time

	memory *resultMemory // of Items, if the fast path has decoded it; else nil
}

// Release gives the memory of a decoded result to results decoded later. The owner of r
// calls it at most once, and must not use r, its Items or their Factors afterwards.
// Strings and numbers (nat.Nat) that were copied out stay valid. Without Release the
// garbage collector frees the memory.
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

// Encode returns the wire form of r. Requires what decoders check: at most MaxCount items,
// and factors and certificates within their limits.
func (r *Result) Encode() []byte {
	if b, ok := r.fastEncode(); ok {
		return b
	}
	return r.encode()
}

// encode is Encode with the generated code. A method is stored once in a message, and answers refer to it by index:
// most numbers of a chunk have the same one. Bytes of it that are not UTF-8 are replaced, because protobuf would
// refuse the message.
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
	m.Asked, m.BudgetNs, m.WallNs = r.Asked, uint64(r.Budget), r.wallTimes()
	m.EffortMillidigits = r.efforts()
	m.Kernels, m.Round, m.ChunkCount, m.ChunkBefore = r.Kernels, r.Round, r.ChunkCount, r.ChunkBefore
	if m.BeganMs = milli(r.Began); m.BeganMs != 0 {
		m.SpanMs = r.spanMilli()
	}
	return marshal(m)
}

// efforts returns the efforts of the items in thousandths of a digit; nil if none is stated.
func (r *Result) efforts() (list []uint32) {
	for i := range r.Items {
		if e := r.Items[i].Effort; e > 0 && e <= MaxWorkDigits {
			if list == nil {
				list = make([]uint32, len(r.Items))
			}
			list[i] = uint32(millidigits(e))
		}
	}
	return list
}

// wallTimes returns the wall-clock times of the items; nil if none is stated.
func (r *Result) wallTimes() (times []uint64) {
	for i := range r.Items {
		if r.Items[i].Wall > 0 && times == nil {
			times = make([]uint64, len(r.Items))
		}
		if times != nil {
			times[i] = uint64(r.Items[i].Wall)
		}
	}
	return times
}

// certificates returns the sizes and the data of the certificates of all factors, total
// in number; nil if there are none.
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

// takeCertificates takes the certificates of n factors off the front of both columns. It
// returns nil if no factor has one.
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

// maxFactors bounds the distinct factors of one result. 4096 numbers of 256 bits have at
// most 43 each (the product of the first 44 primes exceeds 2^256), and one number of
// MaxBits bits has at most 1,386.
const maxFactors = 64 * MaxCount

var errResult = errors.New("counts or method indices do not fit the lists")

// DecodeResult is the inverse of Encode. It checks the form only, as the package comment
// says. The caller owns the result and may give its memory back by Release.
func DecodeResult(b []byte) (*Result, error) {
	if r, ok := fastDecodeResult(b); ok {
		return r, nil
	}
	return decodeResult(b)
}

// decodeResult is DecodeResult with the generated code.
func decodeResult(b []byte) (*Result, error) {
	var m taskpb.Result
	if err := unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	primes, err := decodeNumbers(m.Factors, maxFactors, max(2*MaxBits, maxBitsOf(m.Kind))) // a square has twice the bits
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	count, total := len(m.FactorCounts), len(primes)
	if len(m.Method) != count || len(m.CpuNs) != count || count > MaxCount ||
		len(m.WallNs) != 0 && len(m.WallNs) != count || len(m.EffortMillidigits) != 0 && len(m.EffortMillidigits) != count ||
		len(m.Exponents) != total || len(m.Statuses) != total || len(m.CertificateSizes) != 0 && len(m.CertificateSizes) != total {
		return nil, fmt.Errorf("result: %w", errColumns)
	}
	r := &Result{
		Kind: m.Kind, Worker: m.Worker, Version: m.Version, Attempt: m.Attempt,
		Elapsed: duration(m.ElapsedNs), Items: make([]Factorization, count),
		Asked: m.Asked, Budget: duration(m.BudgetNs),
		Origin: originOf([]byte(m.Kernels), []byte(m.Round), m.BeganMs, m.SpanMs, m.ChunkCount, m.ChunkBefore),
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
		if len(m.WallNs) > 0 {
			r.Items[i].Wall = duration(m.WallNs[i])
		}
		if len(m.EffortMillidigits) > 0 {
			r.Items[i].Effort, _ = workDigits(m.EffortMillidigits[i]) // 0 if it is too large
		}
		factors = factors[n:]
	}
	if len(factors) != 0 || len(m.Certificates) != 0 {
		return nil, errResult
	}
	return r, nil
}
