package output

import (
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"factorfleet/internal/task"
)

// jsonLine is a line of format json for a number; itemLine is one for an item. New fields may be added. Changing a field makes
// version 2.
type jsonLine struct {
	V       int          `json:"v"`
	I       uint64       `json:"i"`
	N       string       `json:"n"`
	Expr    string       `json:"expr,omitempty"`
	Status  string       `json:"status"`
	Value   *string      `json:"value,omitempty"`
	Factors []jsonFactor `json:"factors"`
	Method  string       `json:"method"`
	CPU     json.Number  `json:"cpu_s"`
	Wall    json.Number  `json:"wall_s,omitempty"`
	Effort  float64      `json:"effort,omitempty"`
	Worker  string       `json:"worker"`
	Attempt uint32       `json:"attempt"`
	jsonSource
	Error string `json:"error,omitempty"`
}

type jsonFactor struct {
	P    string `json:"p"`
	E    uint32 `json:"e"`
	St   string `json:"st"`
	Cert string `json:"cert,omitempty"`
}

var (
	errVersion = errors.New(`not a JSON line of version 1: "v" is not 1`)
	errColumns = errors.New("not the columns " + csvHeader)
	errSeconds = errors.New("a time is not a number of seconds >= 0")
)

// gaveUp is the reason of a number that was given up, if the line has none.
const gaveUp = "given up"

// statuses maps the statuses of factors in json.
var statuses = map[string]task.Status{"P": task.Prime, "PRP": task.PRP, "C": task.Composite}

// parseJSON reads a line of format json.
func (r *Record) parseJSON(text []byte) error {
	var line struct {
		jsonLine
		Kind string `json:"kind"` // only of lines for items
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	if line.V != 1 {
		return errVersion
	}
	if line.Kind != "" {
		return r.parseItem(text)
	}
	if err := r.setNumber([]byte(line.N)); err != nil {
		return err
	}
	r.Expr = line.Expr
	r.Position, r.Worker, r.Attempt, r.Method = line.I, line.Worker, line.Attempt, line.Method
	if err := r.setTimes(line.CPU.String(), line.Wall.String()); err != nil {
		return err
	}
	for _, f := range line.Factors {
		p, ok := parseNumber([]byte(f.P))
		if !ok {
			return errFactor
		}
		status, ok := statuses[f.St]
		if !ok {
			return errStatus
		}
		r.Factors = append(r.Factors, task.Factor{P: p, Exp: f.E, Status: status})
	}
	r.Source = line.source()
	if line.Effort > 0 && line.Effort <= task.MaxWorkDigits {
		r.Effort = line.Effort
	}
	r.Certificates = certificates(line.Factors)
	if line.Value != nil {
		if err := r.setValue([]byte(*line.Value)); err != nil {
			return err
		}
	}
	if line.Status == "DEAD" {
		r.Dead = cmp.Or(line.Error, gaveUp)
	}
	return r.checkStatus(line.Status)
}

// certificates returns the certificates of a list of factors, nil if there are none.
func certificates(list []jsonFactor) (texts []string) {
	for i, f := range list {
		if f.Cert != "" && texts == nil {
			texts = make([]string, len(list))
		}
		if f.Cert != "" {
			texts[i] = f.Cert
		}
	}
	return texts
}

// setTimes reads the CPU time and the wall-clock time. Earlier versions wrote no wall-clock time.
func (r *Record) setTimes(cpu, wall string) error {
	var ok, ok2 bool
	r.CPU, ok = parseSeconds(cmp.Or(cpu, "0"))
	r.Wall, ok2 = parseSeconds(cmp.Or(wall, "0"))
	if !ok || !ok2 {
		return errSeconds
	}
	return nil
}

// parseCSV reads a line of format csv.
func (r *Record) parseCSV(text string) error {
	fields, ok := splitCSV(strings.ToValidUTF8(text, "\ufffd"))
	if !ok {
		return errColumns
	}
	position, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		return errColumns
	}
	if err := r.setNumber([]byte(fields[1])); err != nil {
		return err
	}
	if err := r.setTimes(fields[5], fields[7]); err != nil {
		return err
	}
	r.Position, r.Method, r.Worker = position, fields[4], fields[6]
	if fields[2] == "V" {
		return r.setValue([]byte(fields[3]))
	}
	if err := r.parseProduct(fields[3]); err != nil {
		return err
	}
	switch {
	case fields[2] == "DEAD":
		r.Dead = gaveUp
	case fields[2] == "P" && r.Status() == "PRP": // proved by a certificate, which csv does not carry
		return nil
	}
	return r.checkStatus(fields[2])
}

// parseProduct reads the factors of a csv line, such as 2^3*5*c45, "" for none. Factors
// after a "c" are unfinished and come last.
func (r *Record) parseProduct(text string) error {
	if text == "" {
		return nil
	}
	unfinished := 0
	for part := range strings.SplitSeq(text, "*") {
		digits, marked := strings.CutPrefix(part, "c")
		status := task.Status(0)
		if marked {
			unfinished++
			status = task.Composite
		} else if unfinished > 0 {
			return errUnfinished
		}
		if err := r.addPower([]byte(digits), status); err != nil {
			return err
		}
	}
	return r.setStatuses(unfinished)
}

// splitCSV splits a line of eight fields by RFC 4180, or of the first seven, as earlier versions wrote; false if it is
// malformed.
func splitCSV(text string) (fields [8]string, ok bool) {
	for i := range fields {
		if i == 7 && text == "" {
			return fields, true
		}
		if i > 0 {
			if text, ok = strings.CutPrefix(text, ","); !ok {
				return fields, false
			}
		}
		if !strings.HasPrefix(text, `"`) {
			end := strings.IndexByte(text, ',')
			if end < 0 {
				end = len(text)
			}
			fields[i], text = text[:end], text[end:]
			continue
		}
		var field strings.Builder
		for strings.HasPrefix(text, `"`) { // at the start, and after each doubled quote
			piece, rest, closed := strings.Cut(text[1:], `"`)
			if !closed {
				return fields, false
			}
			field.WriteString(piece)
			if text = rest; strings.HasPrefix(text, `"`) {
				field.WriteByte('"')
			}
		}
		fields[i] = field.String()
	}
	return fields, text == ""
}
