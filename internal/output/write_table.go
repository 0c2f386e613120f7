package output

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// appendCSV appends r in format csv.
func appendCSV(b []byte, r *Record) []byte {
	b = append(strconv.AppendUint(b, r.Position, 10), ',')
	b = append(r.N.AppendDecimal(b), ',')
	b = append(append(b, r.Status()...), ',')
	b = append(appendProduct(b, r, "c"), ',')
	b = append(appendField(b, r.Method), ',')
	b = append(appendSeconds(b, r.CPU), ',')
	b = append(appendField(b, r.Worker), ',')
	if r.Wall > 0 {
		b = appendSeconds(b, r.Wall)
	}
	return append(b, '\n')
}

// appendField appends a field by RFC 4180, without line breaks.
func appendField(b []byte, s string) []byte {
	if isPlain(s) {
		return append(b, s...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(printable(s), `"`, `""`)...), '"')
}

// isPlain reports whether s consists of ASCII characters that need no quotes. A space
// needs them at the ends of a line.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == ',' {
			return false
		}
	}
	return true
}

// printable replaces each control character of s by a space: a worker may have sent it,
// and a terminal may show it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || 0x7f <= r && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// appendJSON appends r in format json.
func appendJSON(b []byte, r *Record) []byte {
	b = strconv.AppendUint(append(b, `{"v":1,"i":`...), r.Position, 10)
	b = append(r.N.AppendDecimal(append(b, `,"n":"`...)), '"')
	if r.Expr != "" {
		b = appendString(append(b, `,"expr":`...), r.Expr)
	}
	b = append(append(append(b, `,"status":"`...), r.Status()...), '"')
	value := r.value()
	if value != nil {
		b = append(value.P.AppendDecimal(append(b, `,"value":"`...)), '"')
	}
	b = append(b, `,"factors":[`...)
	if value == nil {
		b = appendJSONFactors(b, r)
	}
	b = appendString(append(b, `],"method":`...), r.Method)
	b = appendSeconds(append(b, `,"cpu_s":`...), r.CPU)
	if r.Wall > 0 {
		b = appendSeconds(append(b, `,"wall_s":`...), r.Wall)
	}
	if r.Effort > 0 {
		b = strconv.AppendFloat(append(b, `,"effort":`...), r.Effort, 'f', -1, 64)
	}
	b = appendString(append(b, `,"worker":`...), r.Worker)
	b = strconv.AppendUint(append(b, `,"attempt":`...), uint64(r.Attempt), 10)
	b = appendSource(b, &r.Source)
	if r.Dead != "" {
		b = appendString(append(b, `,"error":`...), r.Dead)
	}
	return append(b, "}\n"...)
}

// appendJSONFactors appends the objects of the factors, in ascending order.
func appendJSONFactors(b []byte, r *Record) []byte {
	for i := range r.Factors {
		f := &r.Factors[i]
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
	return b
}

// appendString appends s as a JSON string. It escapes the control characters of ASCII and
// Unicode (C0, C1, line and paragraph separator). Bytes that are not UTF-8 become U+FFFD.
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

// appendSeconds appends d exactly, in seconds without trailing zeros; d < 0 counts as 0.
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
