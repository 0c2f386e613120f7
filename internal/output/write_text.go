package output

import (
	"strconv"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// appendFactor appends r in format factor.
func (w *Writer) appendFactor(b []byte, r *Record) []byte {
	b = append(r.N.AppendDecimal(b), ':')
	if v := r.value(); v != nil {
		b = append(b, ' ')
		b = v.P.AppendDecimal(b)
	} else {
		for f := range r.unfinishedLast {
			b = w.appendPlain(b, f)
		}
	}
	return append(b, '\n')
}

// appendPlain appends f after a space, with its exponent or repeated.
func (w *Writer) appendPlain(b []byte, f *task.Factor) []byte {
	from := len(b)
	b = append(b, ' ')
	switch {
	case f.Status != task.Composite:
		b = f.P.AppendDecimal(b)
	case w.short:
		b = appendAbbreviation(b, f.P)
	default:
		b = f.P.AppendDecimal(append(b, 'c'))
	}
	if f.Exp == 1 {
		return b
	}
	if w.exponents {
		return appendExponent(b, f.Exp)
	}
	to := len(b)
	for e := uint32(1); e < f.Exp; e++ {
		b = append(b, b[from:to]...)
	}
	return b
}

// appendExponent appends "^exp", or nothing for 1.
func appendExponent(b []byte, exp uint32) []byte {
	if exp == 1 {
		return b
	}
	return strconv.AppendUint(append(b, '^'), uint64(exp), 10)
}

// appendAbbreviation appends the abbreviation of an unfinished factor: c123…(92).
func appendAbbreviation(b []byte, p nat.Nat) []byte {
	b = append(b, 'c')
	from := len(b)
	b = p.AppendDecimal(b)
	digits := len(b) - from
	b = append(b[:from+min(3, digits)], "…("...)
	return append(strconv.AppendInt(b, int64(digits), 10), ')')
}

// appendProduct appends 2^3*3^2*5. Unfinished factors come last, each after prefix.
func appendProduct(b []byte, r *Record, prefix string) []byte {
	from := len(b)
	for f := range r.unfinishedLast {
		if len(b) > from {
			b = append(b, '*')
		}
		if f.Status == task.Composite {
			b = append(b, prefix...)
		}
		b = appendExponent(f.P.AppendDecimal(b), f.Exp)
	}
	return b
}

// appendUnfinished appends a comment that lists the unfinished factors, if there are any.
// comment begins it.
func appendUnfinished(b []byte, r *Record, comment string) []byte {
	if r.unfinished() == 0 {
		return b
	}
	b = append(b, comment...)
	b = append(b, unfinishedLabel...)
	for i := range r.Factors {
		if f := &r.Factors[i]; f.Status == task.Composite {
			b = appendAbbreviation(append(b, ' '), f.P)
		}
	}
	return b
}

// unfinishedLabel begins the list of unfinished factors in a comment.
const unfinishedLabel = "unfinished:"

// appendFactorDB appends r in format factordb.
func appendFactorDB(b []byte, r *Record) []byte {
	b = r.N.AppendDecimal(b)
	switch {
	case r.value() != nil:
		b = r.value().P.AppendDecimal(append(b, "^2="...))
	case len(r.Factors) == 0 && r.N.BitLen() < 2:
		b = r.N.AppendDecimal(append(b, '='))
	default:
		b = appendProduct(append(b, '='), r, "")
		b = appendUnfinished(b, r, " # ")
	}
	return append(b, '\n')
}

// appendPARI appends r in format pari.
func appendPARI(b []byte, r *Record) []byte {
	b = append(r.N.AppendDecimal(append(b, '[')), ',')
	switch {
	case r.value() != nil:
		b = append(r.value().P.AppendDecimal(b), "]\n"...)
		return b
	case len(r.Factors) == 0 && r.N.BitLen() == 0:
		return append(b, "Mat([0,1])]\n"...)
	case len(r.Factors) == 0:
		return append(b, "matrix(0,2)]\n"...)
	case len(r.Factors) == 1:
		b = append(b, "Mat("...)
	}
	b = append(b, '[')
	from := len(b)
	for f := range r.unfinishedLast {
		if len(b) > from {
			b = append(b, ';')
		}
		b = append(f.P.AppendDecimal(b), ',')
		b = strconv.AppendUint(b, uint64(f.Exp), 10)
	}
	b = append(b, ']')
	if len(r.Factors) == 1 {
		b = append(b, ')')
	}
	b = appendUnfinished(append(appendComposites(b, r), ']'), r, ` \\ `)
	return append(b, '\n')
}

// appendComposites appends the unfinished factors as a vector after a comma, or nothing if there are none.
func appendComposites(b []byte, r *Record) []byte {
	separator := ",["
	for f := range r.unfinishedLast {
		if f.Status == task.Composite {
			b = f.P.AppendDecimal(append(b, separator...))
			separator = ","
		}
	}
	if separator == "," {
		b = append(b, ']')
	}
	return b
}
