package output

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// bufferSize is how many bytes a Writer collects before it writes.
const bufferSize = 64 << 10

// csvHeader is the first line of a csv file.
const csvHeader = "index,n,status,factors,method,cpu_s,worker"

// A Writer writes records as text. It is not safe for concurrent use.
type Writer struct {
	w         io.Writer
	format    Format
	exponents bool
	buf       []byte // lines, the last of them whole
	err       error  // the first error of w; nothing is written after it
}

// New returns a Writer of format f. With exponents, format factor writes p^e
// instead of p e times; the others always do.
func New(w io.Writer, f Format, exponents bool) *Writer {
	out := &Writer{w: w, format: f, exponents: exponents, buf: make([]byte, 0, bufferSize+4096)}
	if f == CSV {
		out.buf = append(out.buf, csvHeader+"\n"...)
	}
	return out
}

// Write writes r as one line, or nothing if r is dead and the format has no way
// to say so. Lines reach the underlying writer whole, but later: see Flush.
func (w *Writer) Write(r *Record) error {
	if w.err != nil {
		return w.err
	}
	switch {
	case w.format == JSON:
		w.buf = appendJSON(w.buf, r)
	case w.format == CSV:
		w.buf = appendCSV(w.buf, r)
	case r.Dead != "":
	case w.format == FactorDB:
		w.buf = appendFactorDB(w.buf, r)
	case w.format == PARI:
		w.buf = appendPARI(w.buf, r)
	default:
		w.buf = appendFactor(w.buf, r, w.exponents)
	}
	if len(w.buf) >= bufferSize {
		return w.Flush()
	}
	return nil
}

// Flush hands all lines to the underlying writer.
func (w *Writer) Flush() error {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.w.Write(w.buf)
		w.buf = w.buf[:0]
	}
	return w.err
}

func appendFactor(b []byte, r *Record, exponents bool) []byte {
	b = append(r.N.AppendDecimal(b), ':')
	if v := r.value(); v != nil {
		b = append(b, ' ')
		b = v.P.AppendDecimal(b)
	} else {
		for i := range r.Factors {
			if f := &r.Factors[i]; f.Status != task.Composite {
				b = appendPlain(b, f, exponents)
			}
		}
		for i := range r.Factors {
			if f := &r.Factors[i]; f.Status == task.Composite {
				b = appendPlain(b, f, exponents)
			}
		}
	}
	return append(b, '\n')
}

// appendPlain appends f after a space, with an exponent or repeated.
func appendPlain(b []byte, f *task.Factor, exponents bool) []byte {
	from := len(b)
	b = append(b, ' ')
	if f.Status == task.Composite {
		b = appendMark(b, f.P)
	} else {
		b = f.P.AppendDecimal(b)
	}
	if f.Exp == 1 {
		return b
	}
	if exponents {
		return appendExponent(b, f.Exp)
	}
	to := len(b)
	for e := uint32(1); e < f.Exp; e++ {
		b = append(b, b[from:to]...)
	}
	return b
}

func appendExponent(b []byte, exp uint32) []byte {
	if exp == 1 {
		return b
	}
	return strconv.AppendUint(append(b, '^'), uint64(exp), 10)
}

// appendMark appends the mark of an unfinished composite: c123…(92).
func appendMark(b []byte, p nat.Nat) []byte {
	b = append(b, 'c')
	from := len(b)
	b = p.AppendDecimal(b)
	digits := len(b) - from
	b = append(b[:from+min(3, digits)], "…("...)
	return append(strconv.AppendInt(b, int64(digits), 10), ')')
}

// appendProduct appends 2^3*3^2*5, the unfinished last and after mark.
func appendProduct(b []byte, r *Record, mark string) []byte {
	from := len(b)
	for _, last := range []bool{false, true} {
		for i := range r.Factors {
			f := &r.Factors[i]
			if (f.Status == task.Composite) != last {
				continue
			}
			if len(b) > from {
				b = append(b, '*')
			}
			if last {
				b = append(b, mark...)
			}
			b = appendExponent(f.P.AppendDecimal(b), f.Exp)
		}
	}
	return b
}

// appendUnfinished appends a comment that lists the unfinished factors, if any.
func appendUnfinished(b []byte, r *Record, comment string) []byte {
	if r.unfinished() == 0 {
		return b
	}
	b = append(b, comment...)
	b = append(b, unfinishedLabel...)
	for i := range r.Factors {
		if f := &r.Factors[i]; f.Status == task.Composite {
			b = appendMark(append(b, ' '), f.P)
		}
	}
	return b
}

const unfinishedLabel = "unfinished:"

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
	for _, last := range []bool{false, true} {
		for i := range r.Factors {
			f := &r.Factors[i]
			if (f.Status == task.Composite) != last {
				continue
			}
			if len(b) > from {
				b = append(b, ';')
			}
			b = append(f.P.AppendDecimal(b), ',')
			b = strconv.AppendUint(b, uint64(f.Exp), 10)
		}
	}
	b = append(b, ']')
	if len(r.Factors) == 1 {
		b = append(b, ')')
	}
	b = appendUnfinished(append(b, ']'), r, ` \\ `)
	return append(b, '\n')
}

func appendCSV(b []byte, r *Record) []byte {
	b = append(strconv.AppendUint(b, r.Position, 10), ',')
	b = append(r.N.AppendDecimal(b), ',')
	b = append(append(b, r.Status()...), ',')
	b = append(appendProduct(b, r, "c"), ',')
	b = append(appendField(b, r.Method), ',')
	b = append(appendSeconds(b, r.CPU), ',')
	return append(appendField(b, r.Worker), '\n')
}

// appendField appends a field as RFC 4180 has it, on one line.
func appendField(b []byte, s string) []byte {
	if isPlain(s) {
		return append(b, s...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(printable(s), `"`, `""`)...), '"')
}

// isPlain reports whether s consists of ASCII characters that need no quotes
// anywhere in a field. A space needs them at the ends of a line.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == ',' {
			return false
		}
	}
	return true
}

// printable returns s with a space for each control character, as a worker wrote
// it and a terminal may show it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || 0x7f <= r && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

func appendJSON(b []byte, r *Record) []byte {
	b = strconv.AppendUint(append(b, `{"v":1,"i":`...), r.Position, 10)
	b = r.N.AppendDecimal(append(b, `,"n":"`...))
	b = append(append(b, `","status":"`...), r.Status()...)
	b = append(b, '"')
	value := r.value()
	if value != nil {
		b = append(value.P.AppendDecimal(append(b, `,"value":"`...)), '"')
	}
	b = append(b, `,"factors":[`...)
	for i := range r.Factors {
		f := &r.Factors[i]
		if value != nil {
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = f.P.AppendDecimal(append(b, `{"p":"`...))
		b = strconv.AppendUint(append(b, `","e":`...), uint64(f.Exp), 10)
		b = append(append(b, `,"st":"`...), f.Status.String()...)
		b = append(b, '"')
		if text := r.Certificate(i); text != "" {
			b = appendString(append(b, `,"cert":`...), text)
		}
		b = append(b, '}')
	}
	b = appendString(append(b, `],"method":`...), r.Method)
	b = appendSeconds(append(b, `,"cpu_s":`...), r.CPU)
	b = appendString(append(b, `,"worker":`...), r.Worker)
	b = strconv.AppendUint(append(b, `,"attempt":`...), uint64(r.Attempt), 10)
	if r.Dead != "" {
		b = appendString(append(b, `,"error":`...), r.Dead)
	}
	return append(b, "}\n"...)
}

// appendString appends s as a JSON string. Control characters are escaped, those
// of Unicode too, and bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// appendSeconds appends d >= 0 exactly, in seconds without trailing zeros.
func appendSeconds(b []byte, d time.Duration) []byte {
	d = max(d, 0)
	b = strconv.AppendInt(b, int64(d/time.Second), 10)
	rest := int64(d % time.Second)
	if rest == 0 {
		return b
	}
	from := len(b)
	b = strconv.AppendInt(b, rest+int64(time.Second), 10) // a leading 1 keeps the zeros
	b[from] = '.'
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}
