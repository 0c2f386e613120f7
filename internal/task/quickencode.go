package task

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// isPlain reports whether all items have the same method and none has certificates, as
// is usual.
func (r *Result) isPlain() bool {
	for i := range r.Items {
		if r.Items[i].Method != r.Items[0].Method || r.Items[i].Certificates != nil {
			return false
		}
	}
	return true
}

// quickEncode is encode for a result that isPlain, to the same bytes in one
// allocation. A column's length stands before it, so each is gone through twice.
func (r *Result) quickEncode() []byte {
	s := r.sizes()
	b := make([]byte, 0, 64+len(r.Kind)+len(r.Worker)+len(r.Version)+len(r.Items)+s.cpu+s.counts+s.exponents+s.factors+s.lengths+s.data)
	b = appendText(b, resultKind, r.Kind)
	b = appendText(b, resultWorker, r.Worker)
	b = appendText(b, resultVersion, r.Version)
	b = appendScalar(b, resultAttempt, uint64(r.Attempt))
	b = appendScalar(b, resultElapsed, uint64(r.Elapsed))
	if len(r.Items) > 0 {
		b = protowire.AppendTag(b, resultMethods, protowire.BytesType)
		b = protowire.AppendString(b, strings.ToValidUTF8(r.Items[0].Method, "?"))
	}
	b = appendHeader(b, resultMethod, len(r.Items))
	b = append(b, make([]byte, len(r.Items))...) // the first method, always
	b = appendHeader(b, resultCPU, s.cpu)
	for i := range r.Items {
		b = protowire.AppendVarint(b, uint64(r.Items[i].CPU))
	}
	b = appendHeader(b, resultCounts, s.counts)
	for i := range r.Items {
		b = protowire.AppendVarint(b, uint64(len(r.Items[i].Factors)))
	}
	b = appendHeader(b, resultExponents, s.exponents)
	for f := range r.factors {
		b = protowire.AppendVarint(b, uint64(f.Exp))
	}
	b = appendHeader(b, resultStatuses, s.factors)
	for f := range r.factors {
		b = append(b, byte(f.Status))
	}
	return r.appendFactors(b, s)
}

// appendFactors appends the taskpb.Numbers of all factors.
func (r *Result) appendFactors(b []byte, s sizes) []byte {
	b = protowire.AppendTag(b, resultFactors, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(headerLen(s.lengths)+s.lengths+headerLen(s.data)+s.data))
	b = appendHeader(b, 1, s.lengths)
	for f := range r.factors {
		b = protowire.AppendVarint(b, uint64(f.P.ByteLen()))
	}
	b = appendHeader(b, 2, s.data)
	for f := range r.factors {
		b = f.P.AppendBytes(b)
	}
	return b
}

// factors yields the factors of all items in order.
func (r *Result) factors(yield func(*Factor) bool) {
	for i := range r.Items {
		for j := range r.Items[i].Factors {
			if !yield(&r.Items[i].Factors[j]) {
				return
			}
		}
	}
}

// sizes are the lengths in bytes of the columns of a result, and how many factors
// it has.
type sizes struct{ cpu, counts, exponents, factors, lengths, data int }

func (r *Result) sizes() (s sizes) {
	for i := range r.Items {
		item := &r.Items[i]
		s.cpu += protowire.SizeVarint(uint64(item.CPU))
		s.counts += protowire.SizeVarint(uint64(len(item.Factors)))
		s.factors += len(item.Factors)
		for j := range item.Factors {
			f := &item.Factors[j]
			n := f.P.ByteLen()
			s.exponents += protowire.SizeVarint(uint64(f.Exp))
			s.lengths += protowire.SizeVarint(uint64(n))
			s.data += n
		}
	}
	return s
}

// appendHeader begins a field of n bytes; an empty one is left out.
func appendHeader(b []byte, number protowire.Number, n int) []byte {
	if n == 0 {
		return b
	}
	b = protowire.AppendTag(b, number, protowire.BytesType)
	return protowire.AppendVarint(b, uint64(n))
}

// headerLen is how much appendHeader appends for the numbers 1 to 15.
func headerLen(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(uint64(n))
}

func appendText(b []byte, number protowire.Number, s string) []byte {
	return append(appendHeader(b, number, len(s)), s...)
}

func appendScalar(b []byte, number protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}
