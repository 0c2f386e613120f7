package output

import "bytes"

// parsePARI reads a line of format pari: [n,matrix], [n,matrix,unfinished] or [n,value], also with the spaces that
// gp prints. Earlier versions listed the unfinished factors in a comment only.
func (r *Record) parsePARI(text []byte) error {
	text, comment, _ := bytes.Cut(text, []byte(`\\`))
	text = bytes.ReplaceAll(text, []byte(" "), nil)
	text, ok := bytes.CutSuffix(text, []byte("]"))
	n, answer, comma := bytes.Cut(text[min(1, len(text)):], []byte(","))
	if !ok || !comma {
		return errFormat
	}
	if err := r.setNumber(n); err != nil {
		return err
	}
	answer, composites, listed := cutComposites(answer)
	if string(answer) == "matrix(0,2)" || r.N.BitLen() == 0 && string(answer) == "Mat([0,1])" {
		return nil
	}
	matrix, ok := cutAround(answer, "Mat([", "])")
	if !ok {
		matrix, ok = cutAround(answer, "[", "]")
	}
	if !ok {
		return r.setValue(answer)
	}
	for row := range bytes.SplitSeq(matrix, []byte(";")) {
		p, e, ok := bytes.Cut(row, []byte(","))
		if !ok {
			return errFormat
		}
		base, okBase := parseNumber(p)
		exp, okExp := parseExponent(string(e))
		switch {
		case !okBase:
			return errFactor
		case !okExp:
			return errExponent
		}
		if err := r.addFactor(base, exp, 0); err != nil {
			return err
		}
	}
	if !listed {
		return r.setStatuses(countUnfinished(comment))
	}
	return r.setComposites(composites)
}

// cutComposites cuts the list of unfinished factors off a matrix that it follows.
func cutComposites(text []byte) (matrix []byte, composites [][]byte, listed bool) {
	at := max(bytes.LastIndex(text, []byte("],[")), bytes.LastIndex(text, []byte("),[")))
	if at < 0 {
		return text, nil, false
	}
	list, ok := cutAround(text[at+2:], "[", "]")
	if !ok {
		return text, nil, false
	}
	return text[:at+1], bytes.Split(list, []byte(",")), true
}

// setComposites is setStatuses for the last factors, which must be those of a list.
func (r *Record) setComposites(list [][]byte) error {
	last := len(r.Factors) - len(list)
	for i, text := range list {
		p, ok := parseNumber(text)
		if !ok || last < 0 || p.Cmp(r.Factors[last+i].P) != 0 {
			return errUnfinished
		}
	}
	return r.setStatuses(len(list))
}

// cutAround returns what stands in text between a prefix and a suffix.
func cutAround(text []byte, prefix, suffix string) ([]byte, bool) {
	text, ok := bytes.CutPrefix(text, []byte(prefix))
	if !ok {
		return nil, false
	}
	return bytes.CutSuffix(text, []byte(suffix))
}
