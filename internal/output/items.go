package output

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// isItem reports whether r is the answer for an item of a kind exec:NAME.
func (r *Record) isItem() bool { return task.IsExec(r.Kind) }

// CheckFormat returns an error if f cannot be the format of answers for a job of that kind.
func CheckFormat(f Format, kind string) error {
	if task.IsExec(kind) && f != Factor && f != JSON {
		return fmt.Errorf("--format %s is for numbers: use json, or leave it out, for the answers of kind %s", f, kind)
	}
	return nil
}

// appendItem appends the answer for an item in format f.
func appendItem(b []byte, f Format, r *Record) ([]byte, error) {
	if err := CheckFormat(f, r.Kind); err != nil {
		return b, err
	}
	if f == JSON {
		return appendItemJSON(b, r), nil
	}
	return appendItemLine(b, r), nil
}

// appendItemLine appends the line of the command, or an empty one (in format json null) if the item was given up: so line
// k belongs to item k.
func appendItemLine(b []byte, r *Record) []byte {
	switch {
	case r.Dead == "":
		b, _ = r.AppendItem(b)
	case r.Format == task.FormatJSON:
		b = append(b, "null"...)
	}
	if r.Format == task.FormatNUL {
		return append(b, 0)
	}
	return append(b, '\n')
}

// appendItemJSON appends r in format json.
func appendItemJSON(b []byte, r *Record) []byte {
	b = strconv.AppendUint(append(b, `{"v":1,"i":`...), r.Position, 10)
	b = appendString(append(b, `,"kind":`...), r.Kind)
	b = appendString(append(b, `,"format":`...), cmp.Or(string(r.Format), string(task.FormatLines)))
	item, _ := task.AppendItem(nil, r.N)
	b = appendBytes(append(b, `,"item`...), r.Format, item)
	b = append(append(append(b, `,"status":"`...), r.Status()...), '"')
	if r.Dead == "" {
		line, _ := r.AppendItem(item[:0])
		b = appendBytes(append(b, `,"result`...), r.Format, line)
	}
	b = appendSeconds(append(b, `,"cpu_s":`...), r.CPU)
	if r.Wall > 0 {
		b = appendSeconds(append(b, `,"wall_s":`...), r.Wall)
	}
	b = appendString(append(b, `,"worker":`...), r.Worker)
	b = strconv.AppendUint(append(b, `,"attempt":`...), uint64(r.Attempt), 10)
	b = appendSource(b, &r.Source)
	if r.Dead != "" {
		b = appendString(append(b, `,"error":`...), r.Dead)
	}
	return append(b, "}\n"...)
}

// appendBytes ends a name, and appends the bytes of an item: of format json as they are, which is one value, without white space around it,
// and else as a string. Bytes that are not UTF-8 are in base64, under the name with _base64.
func appendBytes(b []byte, f task.Format, item []byte) []byte {
	switch {
	case f == task.FormatJSON:
		return append(append(b, `":`...), bytes.TrimSpace(item)...)
	case utf8.Valid(item):
		return appendString(append(b, `":`...), string(item))
	}
	b = base64.StdEncoding.AppendEncode(append(b, `_base64":"`...), item)
	return append(b, '"')
}

// itemLine is a line of format json for an item. New fields may be added.
type itemLine struct {
	V            int             `json:"v"`
	I            uint64          `json:"i"`
	Kind         string          `json:"kind"`
	Format       task.Format     `json:"format"`
	Item         json.RawMessage `json:"item,omitempty"`
	ItemBase64   []byte          `json:"item_base64,omitempty"`
	Status       string          `json:"status"`
	Result       json.RawMessage `json:"result,omitempty"`
	ResultBase64 []byte          `json:"result_base64,omitempty"`
	CPU          json.Number     `json:"cpu_s"`
	Wall         json.Number     `json:"wall_s,omitempty"`
	Worker       string          `json:"worker"`
	Attempt      uint32          `json:"attempt"`
	jsonSource
	Error string `json:"error,omitempty"`
}

var errItem = errors.New("an item or a result is missing, or is not of the format that the line states")

// parseItem reads a line of format json, version 1, for an item.
func (r *Record) parseItem(text []byte) error {
	var line itemLine
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	if !task.IsExec(line.Kind) || task.CheckFormat(line.Format) != nil {
		return errItem
	}
	r.Kind, r.Format = line.Kind, line.Format
	r.Position, r.Worker, r.Attempt = line.I, line.Worker, line.Attempt
	r.Source = line.source()
	if line.Status == "DEAD" {
		r.Dead = cmp.Or(line.Error, gaveUp)
	}
	if err := r.setTimes(line.CPU.String(), line.Wall.String()); err != nil {
		return err
	}
	item, err := line.bytes(line.Item, line.ItemBase64)
	if err != nil {
		return err
	}
	r.N = item
	if r.Dead == "" {
		result, err := line.bytes(line.Result, line.ResultBase64)
		if err != nil {
			return err
		}
		r.Factors = []task.Factor{{P: result, Exp: 1, Status: task.Value}}
	}
	return r.checkStatus(line.Status)
}

// bytes is the inverse of appendBytes. It returns the item as a number.
func (l *itemLine) bytes(value json.RawMessage, encoded []byte) (n nat.Nat, err error) {
	item := []byte(value)
	if l.Format != task.FormatJSON {
		var text *string
		if value != nil {
			err = json.Unmarshal(value, &text)
		}
		switch {
		case err != nil || (text == nil) == (encoded == nil):
			return n, errItem
		case text != nil:
			item = []byte(*text)
		default:
			item = encoded
		}
	}
	if err := task.CheckItem(l.Format, item); err != nil {
		return n, errItem
	}
	return task.ItemNumber(item), nil
}
