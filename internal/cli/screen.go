package cli

import (
	"io"
	"os"
	"sync"

	"github.com/mattn/go-isatty"

	"factorfleet/internal/text"
)

// clearLine moves the cursor to the first column and erases the line.
const clearLine = "\r\x1b[K"

// A Screen is standard error. If that is a terminal, the Screen has a status line at the bottom,
// which is redrawn in place. All other output on the same terminal must pass through the Screen: log
// lines by Write, answers by Stdout. It is safe for concurrent use.
type Screen struct {
	stderr, stdout io.Writer
	terminal       bool // standard error can be redrawn
	shared         bool // standard output appears on the same terminal
	visible        bool // standard output is a terminal: answers do not control it
	width          func() int

	mu     sync.Mutex // guards the terminal and the fields below
	drawn  string     // the status line on the terminal; "" if none
	middle bool       // output ended in the middle of a line: nothing may be drawn
}

// NewScreen returns the Screen of this process.
func NewScreen() *Screen {
	s := &Screen{stderr: os.Stderr, stdout: os.Stdout, terminal: isTerminal(os.Stderr), width: func() int { return terminalWidth(os.Stderr) }}
	s.shared = s.terminal && isTerminal(os.Stdout)
	s.visible = isatty.IsTerminal(os.Stdout.Fd()) || isatty.IsCygwinTerminal(os.Stdout.Fd())
	if s.terminal {
		enableEscapes(os.Stderr)
	}
	return s
}

// Write writes to standard error, above the status line.
func (s *Screen) Write(b []byte) (int, error) { return s.write(s.stderr, b) }

// ShowsStdout reports whether standard output is a terminal.
func (s *Screen) ShowsStdout() bool { return s.visible }

// Stdout returns the writer for answers: standard output itself, unless it shares the terminal with
// the status line. Each write redraws the line, so the caller should buffer. On a terminal control characters, which
// the answers of commands may have, are made visible; each write must end between two characters.
func (s *Screen) Stdout() io.Writer {
	w := s.stdout
	if s.shared {
		w = screenOutput{s}
	}
	if s.visible {
		w = visibleOutput{w}
	}
	return w
}

type visibleOutput struct{ w io.Writer }

func (o visibleOutput) Write(b []byte) (int, error) {
	if _, err := o.w.Write(text.AppendVisible(nil, b)); err != nil {
		return 0, err // how many bytes of b were written is not known
	}
	return len(b), nil
}

type screenOutput struct{ *Screen }

func (o screenOutput) Write(b []byte) (int, error) { return o.write(o.stdout, b) }

// write erases the status line first; the next Draw shows it again.
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

// Draw replaces the status line by the first of the variants that fits the terminal. If none fits,
// the last one is cut. Without variants it erases the line.
func (s *Screen) Draw(variants ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.middle {
		return
	}
	if len(variants) == 0 {
		s.clearLocked()
		return
	}
	line := fit(s.width()-1, variants)
	if line == s.drawn {
		return
	}
	io.WriteString(s.stderr, clearLine+line)
	s.drawn = line
}

// Clear erases the status line.
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
		v = text.Narrow(v) // a method or a host may be what a worker claims
		if runes = []rune(v); len(runes) <= width {
			return v
		}
	}
	return string(runes[:max(0, width)])
}
