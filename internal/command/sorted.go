package command

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/collect"
	"factorfleet/internal/output"
	"factorfleet/internal/text"
)

// The orders of answers.
const (
	byIndex = "index" // that of the input
	byTime  = "time"  // the most CPU time first
	bySize  = "size"  // the largest number first
)

// maxSorted bounds the answers that are sorted, in bytes of their lines and of the entries for them.
const maxSorted = 256 << 20

// sortFlag returns the flag --sort of `producer results`.
func sortFlag() ucli.Flag {
	return &ucli.StringFlag{Name: "sort", Category: "which answers", Usage: "`KEY` of the order: index, that of the input; time, the most CPU time first; or size, the largest number first; time and size take at most " + text.Bytes(maxSorted) + " of answers"}
}

// A sorter keeps the lines of answers until all are there. It writes those with equal keys in the order of the input.
type sorter struct {
	by    string
	line  bytes.Buffer   // what lines has written
	lines *output.Writer // to line
	size  int            // of all entries
	most  int
	list  []sortedLine
}

type sortedLine struct {
	position uint64
	cpu      time.Duration
	bits     int
	number   string // its decimal digits, if by size
	text     []byte
}

// newSorter returns the sorter that --sort requests; nil for the order of the input. Its error has exit code Usage.
func newSorter(c *ucli.Context, f output.Format) (*sorter, error) {
	switch by := c.String("sort"); by {
	case "", byIndex:
		return nil, nil
	case byTime, bySize:
		s := &sorter{by: by, most: maxSorted}
		s.lines = output.New(&s.line, f, c.Bool("exponents"))
		s.lines.Flush() // the first line of a table, which the printer writes
		return s, nil
	default:
		return nil, cli.Usagef("--sort %.40q is no order: use %s", by, strings.Join([]string{byIndex, byTime, bySize}, ", "))
	}
}

// add keeps the line of an answer.
func (s *sorter) add(item *collect.Item) error {
	s.line.Reset()
	if err := cmp.Or(s.lines.Write((*output.Record)(item)), s.lines.Flush()); err != nil {
		return err
	}
	l := sortedLine{position: item.Position, cpu: item.CPU, bits: item.N.BitLen(), text: bytes.Clone(s.line.Bytes())}
	if s.by == bySize {
		l.number = item.N.String()
	}
	s.list = append(s.list, l)
	if s.size += 100 + len(l.text) + len(l.number); s.size > s.most {
		return cli.WithHint(errSorted, "select fewer answers, or leave --sort out and sort the lines with another program")
	}
	return nil
}

var errSorted = errors.New("--sort: the answers take more than " + text.Bytes(maxSorted) + " of memory")

// writeTo writes all lines in order.
func (s *sorter) writeTo(w io.Writer) error {
	slices.SortFunc(s.list, func(a, b sortedLine) int {
		if s.by == byTime {
			return cmp.Or(cmp.Compare(b.cpu, a.cpu), cmp.Compare(a.position, b.position))
		}
		return cmp.Or(cmp.Compare(b.bits, a.bits), cmp.Compare(len(b.number), len(a.number)), cmp.Compare(b.number, a.number), cmp.Compare(a.position, b.position))
	})
	for i := range s.list {
		if _, err := w.Write(s.list[i].text); err != nil {
			return err
		}
	}
	return nil
}
