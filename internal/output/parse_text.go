package output

import (
	"bytes"
	"math/big"
	"strconv"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// An abbreviation stands for an unfinished factor x in format factor: c123…(92)^2.
type abbreviation struct {
	start  string // the first min(3, digits) digits of x
	digits uint64 // of x, 1 to maxDigits
	exp    uint32 // x^exp divides the number; >= 1
}

// parseAbbreviation reads c123…(92) or c123…(92)^2.
func parseAbbreviation(text []byte) (abbreviation, error) {
	text, exp, err := cutExponent(text)
	if err != nil {
		return abbreviation{}, err
	}
	start, length, ok := bytes.Cut(bytes.TrimPrefix(text, []byte("c")), []byte("…("))
	length, closed := bytes.CutSuffix(length, []byte(")"))
	_, number := parseNumber(start)
	digits, err := strconv.ParseUint(string(length), 10, 16)
	if !ok || !closed || !number || err != nil || digits == 0 || digits > maxDigits || exp == 0 || len(start) != int(min(digits, 3)) {
		return abbreviation{}, errUnfinished
	}
	return abbreviation{string(start), digits, exp}, nil
}

// fits reports whether m is the abbreviation of x.
func (m abbreviation) fits(x *big.Int) bool {
	var buf [40]byte
	return string(appendAbbreviation(buf[:0], nat.FromBig(x))) == "c"+m.start+"…("+strconv.FormatUint(m.digits, 10)+")"
}

// parseFactor reads a line of format factor: n, and the text after "n:".
func (r *Record) parseFactor(n, text []byte) error {
	if err := r.setNumber(n); err != nil {
		return err
	}
	var unfinished []abbreviation
	var composites Record // of which only the factors are used
	for token := range bytes.FieldsSeq(text) {
		if token[0] == 'c' && !bytes.Contains(token, []byte("…")) {
			if err := composites.addComposite(token[1:]); err != nil {
				return err
			}
			continue
		}
		if token[0] == 'c' {
			m, err := parseAbbreviation(token)
			if err != nil {
				return err
			}
			if k := len(unfinished) - 1; k >= 0 && unfinished[k].start == m.start && unfinished[k].digits == m.digits && unfinished[k].exp+m.exp > m.exp {
				unfinished[k].exp += m.exp
			} else {
				unfinished = append(unfinished, m)
			}
			continue
		}
		if err := r.addPower(token, 0); err != nil {
			return err
		}
	}
	for i := range r.Factors {
		r.Factors[i].Status = sizeStatus(r.Factors[i].P)
	}
	for _, f := range composites.Factors {
		r.sortIn(f)
	}
	if len(unfinished) > 0 {
		return r.addCofactor(unfinished)
	}
	if f := r.Factors; len(f) == 1 && f[0].Exp == 1 && isSquare(f[0].P, r.N) {
		f[0].Status = task.Value
		r.Kind = task.KindSquare
	}
	return nil
}

// addComposite adds an unfinished factor that is written "p" or "p^e".
func (r *Record) addComposite(text []byte) error {
	base, exp, err := cutExponent(text)
	if err != nil {
		return err
	}
	p, ok := parseNumber(base)
	if !ok || exp == 0 {
		return errUnfinished
	}
	return r.addFactor(p, exp, task.Composite)
}

// isSquare reports whether v = n*n. For n = 0 and n = 1 too: their factorizations are empty.
func isSquare(v, n nat.Nat) bool {
	if k := v.BitLen(); k != 2*n.BitLen() && k != 2*n.BitLen()-1 && n.BitLen() > 0 {
		return false
	}
	x := n.Big()
	return new(big.Int).Mul(x, x).Cmp(v.Big()) == 0
}

// addCofactor adds the unfinished factor: the number divided by its known factors, or the
// exp-th root of that if there is a single abbreviation and the root fits it.
func (r *Record) addCofactor(unfinished []abbreviation) error {
	left, err := r.cofactor()
	if err != nil {
		return err
	}
	if left.BitLen() < 2 {
		return errUnfinished
	}
	if m := unfinished[0]; len(unfinished) == 1 {
		if x := root(left, m.exp); x != nil && m.fits(x) {
			r.sortIn(task.Factor{P: nat.FromBig(x), Exp: m.exp, Status: task.Composite})
			return nil
		}
		if m.exp == 1 {
			return errUnfinished
		}
	}
	// Let the factors, k in all, have d1, d2, ... digits. Their product is at least 2^k, and has
	// more than (d1-1)+(d2-1)+... and at most d1+d2+... digits.
	var count, most uint64 // < 2^17 * 2^32 * 2^14, as a line has at most 2^17 abbreviations
	for _, m := range unfinished {
		count += uint64(m.exp)
		most += uint64(m.exp) * m.digits
	}
	digits := uint64(len(left.Append(nil, 10)))
	if count >= uint64(left.BitLen()) || digits <= most-count || digits > most {
		return errUnfinished
	}
	r.sortIn(task.Factor{P: nat.FromBig(left), Exp: 1, Status: task.Composite})
	return nil
}

// cofactor returns the number divided by the powers of its factors, a new number. It
// compares lengths first, so that no exponent makes it compute a number of more than
// twice the length of r.N (see checkBigProduct in package verify).
func (r *Record) cofactor() (*big.Int, error) {
	room := uint64(r.N.BitLen())
	for i := range r.Factors {
		f := &r.Factors[i]
		need := uint64(max(f.P.BitLen(), 2)-1) * uint64(f.Exp)
		if need >= room {
			return nil, errLeft
		}
		room -= need
	}
	left, rest := new(big.Int).Set(r.N.Big()), new(big.Int)
	for i := range r.Factors {
		f := &r.Factors[i]
		power := new(big.Int).Exp(f.P.Big(), big.NewInt(int64(f.Exp)), nil)
		if power.Sign() == 0 {
			return nil, errLeft
		}
		if left.QuoRem(left, power, rest); rest.Sign() != 0 {
			return nil, errLeft
		}
	}
	return left, nil
}

// parseSquare reads a line of format factordb and kind square: n, and the text after "n^2=".
func (r *Record) parseSquare(n, text []byte) error {
	if err := r.setNumber(n); err != nil {
		return err
	}
	return r.setValue(text)
}

// parseFactorDB reads a line of format factordb: n, and the text after "n=".
func (r *Record) parseFactorDB(n, text []byte) error {
	if err := r.setNumber(n); err != nil {
		return err
	}
	text, comment, _ := bytes.Cut(text, []byte("#"))
	text = bytes.TrimSpace(text)
	if r.N.BitLen() < 2 && bytes.Equal(n, text) {
		return nil
	}
	for part := range bytes.SplitSeq(text, []byte("*")) {
		if err := r.addPower(part, 0); err != nil {
			return err
		}
	}
	return r.setStatuses(countUnfinished(comment))
}

// countUnfinished returns the number of unfinished factors that a comment lists.
func countUnfinished(comment []byte) int {
	list, ok := bytes.CutPrefix(bytes.TrimSpace(comment), []byte(unfinishedLabel))
	if !ok {
		return 0
	}
	return len(bytes.Fields(list))
}
