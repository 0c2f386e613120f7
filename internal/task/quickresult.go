package task

import (
	"unicode/utf8"
)

// Field numbers of taskpb.Result, without certificates.
const (
	resultKind = iota + 1
	resultWorker
	resultVersion
	resultAttempt
	resultElapsed
	resultMethods
	resultMethod
	resultCPU
	resultCounts
	resultExponents
	resultStatuses
	resultFactors
	resultFields // one more than the last
)

// quickResult is DecodeResult for what Result.Encode writes when all items have the
// same method and none has certificates, as is usual, or there are none.
func quickResult(b []byte) (*Result, bool) {
	var varints [resultFields]uint64
	var bytes [resultFields][]byte
	if !fields(b, 1<<resultAttempt|1<<resultElapsed, varints[:], bytes[:]) {
		return nil, false
	}
	for _, number := range []int{resultKind, resultWorker, resultVersion, resultMethods} {
		if !utf8.Valid(bytes[number]) {
			return nil, false
		}
	}
	r := &Result{
		Kind: kindName(bytes[resultKind]), Worker: string(bytes[resultWorker]), Version: string(bytes[resultVersion]),
		Attempt: uint32(varints[resultAttempt]), Elapsed: duration(varints[resultElapsed]),
	}
	c := columns{method: bytes[resultMethod], cpu: bytes[resultCPU], counts: bytes[resultCounts], exponents: bytes[resultExponents], statuses: bytes[resultStatuses]}
	var ok bool
	if c.factors, ok = numberList(bytes[resultFactors]); !ok || bytes[resultMethods] == nil && len(c.counts) > 0 {
		return nil, false
	}
	return r, c.items(r, methodName(bytes[resultMethods]))
}

// methodName is string(b), without an allocation for the methods of most numbers.
func methodName(b []byte) string {
	switch string(b) {
	case "trial":
		return "trial"
	case "prime":
		return "prime"
	case KindSquare:
		return KindSquare
	}
	return string(b)
}

// columns are the lists of a result.
type columns struct {
	method, cpu, counts column // an entry a number
	exponents           column // an entry a factor
	statuses            []byte
	factors             list
}

// items fills r.Items; false if the columns are not those of one result with one method.
func (c *columns) items(r *Result, method string) bool {
	count, ok1 := c.counts.len()
	methods, ok2 := c.method.len()
	cpu, ok3 := c.cpu.len()
	total, ok4 := c.factors.sizes.len()
	exponents, ok5 := c.exponents.len()
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || count > MaxCount || methods != count || cpu != count ||
		total > maxFactors || exponents != total || len(c.statuses) != total {
		return false
	}
	r.Items = make([]Factorization, count)
	factors := make([]Factor, total)
	for i := range factors {
		var ok1, ok2 bool
		factors[i].P, ok1 = c.factors.next(2 * MaxBits)
		factors[i].Exp, ok2 = c.exponents.next32()
		if !ok1 || !ok2 {
			return false
		}
		factors[i].Status = Status(c.statuses[i])
	}
	for i := range r.Items {
		index, ok1 := c.method.next32()
		ns, ok2 := c.cpu.next()
		n, ok3 := c.counts.next32()
		if !ok1 || !ok2 || !ok3 || index != 0 || uint64(n) > uint64(len(factors)) {
			return false
		}
		r.Items[i] = Factorization{Factors: factors[:n:n], Method: method, CPU: duration(ns)}
		factors = factors[n:]
	}
	return len(factors) == 0 && len(c.factors.data) == 0
}
