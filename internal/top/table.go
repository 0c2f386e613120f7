package top

import (
	"slices"
	"strings"
	"unicode/utf8"

	"factorfleet/internal/text"
)

// A column of a table. If a line is too short for all, those of the least weight are left out.
type column struct {
	title  string
	weight int
	right  bool
}

// A table is rows of text below columns. There may be very many rows: only those are made that are shown.
type table struct {
	columns []column
	count   int                  // of rows
	row     func(i int) []string // a cell for each column
}

// maxCell is the most characters of a cell.
const maxCell = 60

// made returns the rows from first to end. What workers have written is made printable.
func (t *table) made(first, end int) (rows [][]string) {
	for i := first; i < end; i++ {
		cells := t.row(i)
		for k := range cells {
			cells[k] = clean(cells[k], maxCell)
		}
		rows = append(rows, cells)
	}
	return rows
}

// clean makes a text, which a worker may have written, fit for a part of a line: as many columns as characters, of at most
// limit bytes.
func clean(s string, limit int) string { return text.Narrow(text.Sanitize(s, limit)) }

// gap is the space between two columns.
const gap = 2

// lines returns the heading and the rows from first to end, in width characters.
func (t *table) lines(width, first, end int) []string {
	rows := t.made(first, end)
	shown, widths := t.fit(width, rows)
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.title
	}
	list := []string{t.line(titles, shown, widths, width)}
	for _, row := range rows {
		list = append(list, t.line(row, shown, widths, width))
	}
	return list
}

// fit returns the columns that fit into width, and the width of each. A column without content is left out, but not the
// first one.
func (t *table) fit(width int, rows [][]string) (shown, widths []int) {
	for i, c := range t.columns {
		most, empty := utf8.RuneCountInString(c.title), true
		for _, row := range rows {
			most, empty = max(most, utf8.RuneCountInString(row[i])), empty && row[i] == ""
		}
		if widths = append(widths, most); !empty || i == 0 {
			shown = append(shown, i)
		}
	}
	for {
		total := -gap
		for _, i := range shown {
			total += widths[i] + gap
		}
		if total <= width || len(shown) == 1 {
			return shown, widths
		}
		last := slices.MinFunc(shown, func(a, b int) int { return t.columns[a].weight - t.columns[b].weight })
		if spare := width - (total - widths[last]); spare >= 20 && !t.columns[last].right { // a part of a text says something
			widths[last] = spare
			return shown, widths
		}
		shown = slices.DeleteFunc(shown, func(i int) bool { return i == last })
	}
}

// line returns a row with the columns that are shown.
func (t *table) line(cells []string, shown, widths []int, width int) string {
	var b strings.Builder
	for n, i := range shown {
		if n > 0 {
			b.WriteString(strings.Repeat(" ", gap))
		}
		cell := cut(cells[i], widths[i])
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if t.columns[i].right {
			b.WriteString(space + cell)
		} else {
			b.WriteString(cell + space)
		}
	}
	return cut(strings.TrimRight(b.String(), " "), width)
}

// cut returns at most width characters of a text; the last one is … if there were more.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	runes := []rune(s)
	return string(runes[:width-1]) + "…"
}
