package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// An items is a Source of the items of a file:
//
//	lines  an item a line, as xargs -d '\n' reads them: all bytes between two newlines. Empty lines are skipped
//	json   an item a line, too; white space around it is removed. A line that is not one JSON value is invalid
//	nul    an item before each NUL byte, as xargs -0 reads them: any other bytes, or none
//
// A file of lines or JSON values may be compressed by gzip or zstd; in format nul all bytes belong to items.
//
// The last item needs no newline or NUL byte behind it. An item of more than task.MaxItem bytes is invalid.
type items struct {
	file
	format task.Format
	number uint64 // of the item at buf[pos]: its line, or of format nul its number, from 1; 0 before the first read
	item   []byte // the beginning of an item that continues at buf[pos], at most longestItem bytes
}

// longestItem is how many bytes of an item are kept: of one that has more, CheckItem says so.
const longestItem = task.MaxItem + 1

// errEmptyItem is the reason of an empty argument.
var errEmptyItem = errors.New("empty; -0 accepts empty items")

// ItemsFrom returns the items in r. name is the source in reports of invalid items, "-" for standard input. It does not
// close r.
func ItemsFrom(f task.Format, name string, r io.Reader) Source {
	return &items{file: file{name: name, r: r}, format: f}
}

// ItemsFile returns the items in a file. The file is opened by the first read of the Source and closed at its end.
func ItemsFile(f task.Format, path string) Source {
	return &items{file: file{name: path}, format: f}
}

func (s *items) read(dst []nat.Nat, to *sink) (n int, err error) {
	if s.number == 0 {
		s.number = 1
		s.open(s.format != task.FormatNUL)
		if s.format == task.FormatJSON {
			s.skipByteOrderMark()
		}
	}
	for {
		n += s.scan(dst[n:], to.bad)
		switch {
		case n == len(dst):
			return n, nil
		case s.err == io.EOF: // the last item is complete
			if len(s.item) > 0 {
				n += s.finish(dst[n:], to.bad)
			}
			return n, io.EOF
		case s.err != nil: // the last item may be incomplete: drop it
			return n, s.err
		case n > 0:
			return n, nil
		}
		s.fill()
	}
}

// scan reads items from buf until dst is full or buf is used up. An item at the end of buf may continue in the next
// read and stays in s.item. So dst gets at most bufferSize + task.MaxItem bytes.
func (s *items) scan(dst []nat.Nat, bad func(task.BadToken)) (n int) {
	end := byte('\n')
	if s.format == task.FormatNUL {
		end = 0
	}
	for n < len(dst) && s.pos < s.end {
		rest := s.buf[s.pos:s.end]
		at := bytes.IndexByte(rest, end)
		complete := at >= 0
		if !complete {
			at = len(rest)
		}
		s.item = append(s.item, rest[:min(at, longestItem-len(s.item))]...)
		s.pos += at
		if complete {
			n += s.finish(dst[n:], bad)
			s.number++
			s.pos++
		}
	}
	return n
}

// finish ends s.item: it stores it into dst or reports it. It returns how many items it stored, 0 or 1.
func (s *items) finish(dst []nat.Nat, bad func(task.BadToken)) int {
	item := s.item
	if len(item) <= task.MaxItem { // else it is invalid, whatever is left out of it
		item = trimItem(s.format, item)
	}
	err := task.CheckItem(s.format, item)
	s.item = s.item[:0]
	switch {
	case len(item) == 0 && s.format != task.FormatNUL:
		return 0
	case err != nil:
		b := task.BadToken{Source: s.name, Line: s.number, Text: quoted(item[:min(len(item), maxShown+1)]), Why: err.Error()}
		if s.format == task.FormatNUL {
			b.Line, b.Why = 0, fmt.Sprintf("item %d: %s", s.number, b.Why)
		}
		bad(b)
		return 0
	}
	dst[0] = task.ItemNumber(item)
	return 1
}

// trimItem removes what a format does not count as a part of an item.
func trimItem(f task.Format, item []byte) []byte {
	if f == task.FormatJSON {
		return bytes.Trim(item, " \t\r")
	}
	return item
}

// An itemArgs is a Source of arguments, of which each is an item.
type itemArgs struct {
	format task.Format
	rest   []string
}

// ItemArgs returns the items of command line arguments. The source of an invalid one is "argument", its line 0. An empty
// argument is valid only in format nul.
func ItemArgs(f task.Format, list []string) Source { return &itemArgs{f, list} }

func (a *itemArgs) read(dst []nat.Nat, to *sink) (n int, err error) {
	for n < len(dst) && len(a.rest) > 0 {
		item := trimItem(a.format, []byte(a.rest[0]))
		err := task.CheckItem(a.format, item)
		if len(item) == 0 && a.format != task.FormatNUL {
			err = errEmptyItem
		}
		if err == nil {
			dst[n] = task.ItemNumber(item)
			n++
		} else {
			to.bad(task.BadToken{Source: "argument", Text: quoted(item[:min(len(item), maxShown+1)]), Why: err.Error()})
		}
		a.rest = a.rest[1:]
	}
	if len(a.rest) == 0 {
		return n, io.EOF
	}
	return n, nil
}
