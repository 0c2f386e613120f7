package output

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxLine bounds a line that Parse reads, in bytes. A written line is shorter: at most
// 16,383 factors 2 in format factor, or 1,386 distinct primes in json, and certificates
// of at most 256 KiB.
const maxLine = 1 << 20

// A Line is a record that Parse has read, with its line number.
type Line struct {
	Number uint64 // from 1
	Record
}

// A SyntaxError says that a line is not a record.
type SyntaxError struct {
	Line uint64 // from 1
	Why  string
}

// Error names the line and the reason.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// Parse returns the records of r. The format of each line is recognised on its own.
// Blank lines and headers are skipped. A line that is not a record yields a *SyntaxError,
// and Parse continues with the next line. Any other error is an error of r, and the last
// thing that Parse yields.
//
// Parse fills in what a format does not carry:
//
//	position     the count of records before it
//	status       by size: Prime below 2^64, else PRP. This is a claim that package verify
//	             checks
//	c123…(92)    the abbreviation of an unfinished factor: the number divided by its known factors. So two different unfinished
//	             factors of one number become one
//
// Factors keep their order, except for unfinished ones, which are sorted in.
func Parse(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewReaderSize(r, bufferSize)
		position := uint64(0)
		for number := uint64(1); ; number++ {
			line, long, err := readLine(in)
			if err != nil && err != io.EOF {
				yield(Line{Number: number}, err)
				return
			}
			if number == 1 {
				line = bytes.TrimPrefix(line, []byte("\ufeff")) // a byte order mark
			}
			if text := bytes.Trim(line, " \t\r\n"); long || len(text) > 0 && string(text) != csvHeader && string(text) != oldHeader {
				record, bad := Record{}, error(errLong)
				if !long {
					record, bad = parseLine(text, position)
				}
				position++
				if bad != nil {
					bad = &SyntaxError{Line: number, Why: bad.Error()}
				}
				if !yield(Line{number, record}, bad) {
					return
				}
			}
			if err == io.EOF {
				return
			}
		}
	}
}

// readLine returns the next line, which is valid until the next call. For a line longer
// than maxLine it returns nil, true.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	line, err = in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, false, err
	}
	line = slices.Clone(line)
	for err == bufio.ErrBufferFull {
		var more []byte
		more, err = in.ReadSlice('\n')
		if long = long || len(line)+len(more) > maxLine; long {
			line = nil
		} else {
			line = append(line, more...)
		}
	}
	return line, long, err
}

var (
	errLong       = errors.New("longer than 1 MiB") // maxLine
	errFormat     = errors.New("not in format factor, json, csv, factordb or pari")
	errNumber     = errors.New("the number is not a decimal integer of at most 16,384 bits")
	errFactor     = errors.New("a factor is not a decimal integer of at most 32,768 bits")
	errExponent   = errors.New("an exponent is not a decimal integer below 2^32")
	errUnfinished = errors.New("an unfinished factor does not fit the number without its known factors")
	errLeft       = errors.New("the known factors do not divide the number")
	errStatus     = errors.New("the status does not fit the factors")
)

// parseLine reads one line, which is not empty. The character after the leading digits
// determines the format.
func parseLine(text []byte, position uint64) (Record, error) {
	r := Record{Position: position, Kind: task.KindFactor}
	digits := 0
	for digits < len(text) && '0' <= text[digits] && text[digits] <= '9' {
		digits++
	}
	var err error
	switch rest := text[digits:]; {
	case digits == 0 && rest[0] == '{':
		err = r.parseJSON(text)
	case digits == 0 && rest[0] == '[':
		err = r.parsePARI(text)
	case digits == 0 || len(rest) == 0:
		err = errFormat
	case rest[0] == ':':
		err = r.parseFactor(text[:digits], rest[1:])
	case rest[0] == ',':
		err = r.parseCSV(string(text))
	case rest[0] == '=':
		err = r.parseFactorDB(text[:digits], rest[1:])
	case bytes.HasPrefix(rest, []byte("^2=")):
		err = r.parseSquare(text[:digits], rest[3:])
	default:
		err = errFormat
	}
	if err != nil {
		return Record{}, err
	}
	return r, nil
}

// setNumber sets r.N.
func (r *Record) setNumber(text []byte) error {
	n, ok := parseNumber(text)
	if !ok || n.BitLen() > task.MaxBits {
		return errNumber
	}
	r.N = n
	return nil
}

// setValue makes r the record of a square.
func (r *Record) setValue(text []byte) error {
	v, ok := parseNumber(text)
	if !ok {
		return errFactor
	}
	r.Kind = task.KindSquare
	r.Factors = []task.Factor{{P: v, Exp: 1, Status: task.Value}}
	return nil
}

// addPower adds a factor that is written "p" or "p^e".
func (r *Record) addPower(text []byte, status task.Status) error {
	base, exp, err := cutExponent(text)
	if err != nil {
		return err
	}
	p, ok := parseNumber(base)
	if !ok {
		return errFactor
	}
	return r.addFactor(p, exp, status)
}

// addFactor adds p^exp. If p equals the factor before it, exp is added to its exponent.
func (r *Record) addFactor(p nat.Nat, exp uint32, status task.Status) error {
	if k := len(r.Factors) - 1; k >= 0 && r.Factors[k].P.Cmp(p) == 0 && r.Factors[k].Status == status {
		if r.Factors[k].Exp+exp < exp {
			return errExponent
		}
		r.Factors[k].Exp += exp
		return nil
	}
	r.Factors = append(r.Factors, task.Factor{P: p, Exp: exp, Status: status})
	return nil
}

// sizeStatus returns the status of a factor that a format without statuses lists as prime.
func sizeStatus(p nat.Nat) task.Status {
	if _, ok := p.Word(); ok {
		return task.Prime
	}
	return task.PRP
}

// setStatuses sets the status of each factor by its size, except for the last count factors:
// these become Composite and are sorted in.
func (r *Record) setStatuses(count int) error {
	if count > len(r.Factors) {
		return errUnfinished
	}
	for i := range r.Factors {
		r.Factors[i].Status = sizeStatus(r.Factors[i].P)
	}
	last := len(r.Factors) - count
	unfinished := slices.Clone(r.Factors[last:])
	r.Factors = r.Factors[:last]
	for _, f := range unfinished {
		f.Status = task.Composite
		r.sortIn(f)
	}
	return nil
}

// sortIn inserts f before the first factor that is greater.
func (r *Record) sortIn(f task.Factor) {
	at := slices.IndexFunc(r.Factors, func(g task.Factor) bool { return g.P.Cmp(f.P) > 0 })
	if at < 0 {
		at = len(r.Factors)
	}
	r.Factors = slices.Insert(r.Factors, at, f)
}

// checkStatus returns an error if status, of the line, is not that of r.
func (r *Record) checkStatus(status string) error {
	if status != r.Status() {
		return errStatus
	}
	return nil
}
