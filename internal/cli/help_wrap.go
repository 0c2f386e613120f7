package cli

import (
	"strings"
	"unicode/utf8"
)

// wrapped returns text in lines of at most width columns, each behind indent and with a newline. A word that is longer
// than a line has a line of its own.
func wrapped(text, indent string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			b.WriteString(indent)
			column = utf8.RuneCountInString(indent)
		case column+1+n > width:
			b.WriteString("\n" + indent)
			column = utf8.RuneCountInString(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	if column > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

// columns returns a row for each pair: the first in a column of so many characters, the second wrapped beside it. A first
// one that is longer has a line of its own.
func columns(rows [][2]string, first int) string {
	var b strings.Builder
	indent := strings.Repeat(" ", 2+first+2)
	for _, row := range rows {
		right := strings.TrimPrefix(wrapped(row[1], indent, HelpWidth), indent)
		if n := utf8.RuneCountInString(row[0]); n <= first {
			b.WriteString("  " + row[0] + strings.Repeat(" ", first-n+2))
		} else {
			b.WriteString("  " + row[0] + "\n" + indent)
		}
		b.WriteString(right)
		if right == "" {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
