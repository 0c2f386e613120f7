package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// setNumbers sets the numbers of a letter, or its items: as strings, or in base64 if one of them is not UTF-8.
func (r *letterReport) setNumbers(l *fleet.DeadLetter) {
	r.Numbers = []string{}
	items, ok := itemsOf(l)
	if !ok {
		for _, n := range l.Numbers {
			r.Numbers = append(r.Numbers, n.String())
			r.brief = append(r.brief, n.String())
		}
		return
	}
	valid := true
	for _, item := range items {
		valid = valid && utf8.Valid(item)
		r.brief = append(r.brief, task.QuoteItem(item))
	}
	for _, item := range items {
		if valid {
			r.Items = append(r.Items, string(item))
		} else {
			r.ItemsBase64 = append(r.ItemsBase64, base64.StdEncoding.EncodeToString(item))
		}
	}
}

// itemsOf returns the items of a letter; false if it is of another kind, or has a number that is no item.
func itemsOf(l *fleet.DeadLetter) (items [][]byte, ok bool) {
	if !task.IsExec(l.Kind) {
		return nil, false
	}
	for _, n := range l.Numbers {
		item, ok := task.AppendItem(nil, n)
		if !ok {
			return nil, false
		}
		items = append(items, item)
	}
	return items, true
}

// columnOf returns what the table of letters calls their numbers.
func columnOf(letters []fleet.DeadLetter) string {
	items := 0
	for i := range letters {
		if task.IsExec(letters[i].Kind) {
			items++
		}
	}
	switch {
	case items == 0:
		return "NUMBER"
	case items == len(letters):
		return "ITEM"
	}
	return "NUMBER OR ITEM"
}

// longestShown is the length of an item, in bytes, that a command to repeat its computation contains.
const longestShown = 1000

// reproduceItem returns the command that runs the command of a user for an item, or "" if a terminal cannot show the item.
func reproduceItem(kind string, item []byte) string {
	text := string(item)
	printable := func(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
	if len(item) > longestShown || strings.ContainsFunc(text, func(r rune) bool { return !printable(r) }) {
		return ""
	}
	name, _ := task.ExecName(kind)
	empty := ""
	if len(item) == 0 {
		empty = " -0"
	}
	return fmt.Sprintf("embedded submit -n 1 --kind %s --exec %s=COMMAND%s -- '%s'", kind, name, empty, strings.ReplaceAll(text, "'", `'\''`))
}

// exportItems prints the items of a letter as submit reads them: each ends with a newline, or with NUL if the items of its
// job do. false if the letter has none.
func (d deadSession) exportItems(w io.Writer, l *fleet.DeadLetter, formats map[string]task.Format) (bool, error) {
	items, ok := itemsOf(l)
	if !ok {
		return false, nil
	}
	if _, known := formats[l.Job]; !known {
		j, err := d.fl.Job(d.ctx, l.Job)
		if err != nil {
			return true, err
		}
		formats[l.Job] = j.Format
	}
	end := byte('\n')
	if formats[l.Job] == task.FormatNUL {
		end = 0
	}
	for _, item := range items {
		if _, err := w.Write(append(item, end)); err != nil {
			return true, err
		}
	}
	return true, nil
}
