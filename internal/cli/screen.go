package cli

import (
	"io"
	"os"
	"sync"
)

const clearLine = "\r\x1b[K"

// A Screen is standard error with, if it is a terminal, one line at its bottom that is
// redrawn in place. Whatever else may appear on the same terminal must be written
// through it: log lines by its Write, results by its Stdout. It is safe for concurrent use.
type Screen struct {
	stderr, stdout io.Writer
	terminal       bool // standard error can be redrawn
	shared         bool // and standard output appears on it too
	width          func() int

	mu     sync.Mutex // guards what is on the terminal, and the fields below
	drawn  string     // the line shown now; "" if none
	middle bool       // output ended in the middle of a line: nothing may be drawn
}

// NewScreen returns the Screen of this process.
func NewScreen() *Screen {
	s := &Screen{stderr: os.Stderr, stdout: os.Stdout, terminal: isTerminal(os.Stderr), width: func() int { return terminalWidth(os.Stderr) }}
	s.shared = s.terminal && isTerminal(os.Stdout)
	if s.terminal {
		enableEscapes(os.Stderr)
	}
	return s
}

// Write writes to standard error, above the line.
func (s *Screen) Write(b []byte) (int, error) { return s.write(s.stderr, b) }

// Stdout returns where results go: standard output itself unless it shares the
// terminal with the line. Buffer it.
func (s *Screen) Stdout() io.Writer {
	if !s.shared {
		return s.stdout
	}
	return screenOutput{s}
}

type screenOutput struct{ *Screen }

func (o screenOutput) Write(b []byte) (int, error) { return o.write(o.stdout, b) }

// write takes the line away; the next Draw brings it back.
func (s *Screen) write(w io.Writer, b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clearLocked()
	n, err := w.Write(b)
	if n > 0 {
		s.middle = b[n-1] != '\n'
	}
	return n, err
}

// Draw shows a line in place of the last one. The longest of the variants that fits
// the terminal is taken, the last one cut if need be.
func (s *Screen) Draw(variants ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.middle {
		return
	}
	line := fit(s.width()-1, variants)
	if line == s.drawn {
		return
	}
	io.WriteString(s.stderr, clearLine+line)
	s.drawn = line
}

// Clear takes the line away.
func (s *Screen) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clearLocked()
}

func (s *Screen) clearLocked() {
	if s.drawn != "" {
		io.WriteString(s.stderr, clearLine)
		s.drawn = ""
	}
}

// fit returns the first variant of at most width characters, or else the start of the last.
func fit(width int, variants []string) string {
	var runes []rune
	for _, v := range variants {
		if runes = []rune(v); len(runes) <= width {
			return v
		}
	}
	return string(runes[:max(0, width)])
}
