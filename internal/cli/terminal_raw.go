package cli

import (
	"context"
	"errors"
	"os"

	"golang.org/x/term"
)

// ErrNoTerminal says that a program cannot draw a screen and read keys.
var ErrNoTerminal = errors.New("standard input and standard output must be a terminal")

// A Terminal is standard input and standard output of a program that draws a screen and reads single keys.
type Terminal struct {
	in, out *os.File
	before  *term.State // of in; nil = unchanged
}

// OpenTerminal returns the terminal of the program, or ErrNoTerminal.
func OpenTerminal() (*Terminal, error) {
	if !isTerminal(os.Stdin) || !isTerminal(os.Stdout) {
		return nil, ErrNoTerminal
	}
	enableEscapes(os.Stdout)
	return &Terminal{in: os.Stdin, out: os.Stdout}, nil
}

// Raw has the terminal pass each key at once, without an echo. Ctrl-C is then a key, and no signal. Restore must follow.
func (t *Terminal) Raw() (err error) {
	t.before, err = term.MakeRaw(int(t.in.Fd()))
	return err
}

// Restore undoes Raw.
func (t *Terminal) Restore() {
	if t.before != nil {
		term.Restore(int(t.in.Fd()), t.before)
	}
}

// Size returns the columns and rows of the terminal, 80 and 24 if they are unknown.
func (t *Terminal) Size() (width, height int) {
	if width, height, err := term.GetSize(int(t.out.Fd())); err == nil && width > 0 && height > 0 {
		return width, height
	}
	return 80, 24
}

// Keys returns what the terminal sends, until its end or until ctx ends. The goroutine that reads waits for a key; it ends
// with the process.
func (t *Terminal) Keys(ctx context.Context) <-chan []byte {
	keys := make(chan []byte)
	go func() {
		defer close(keys)
		for {
			b := make([]byte, 64)
			n, err := t.in.Read(b)
			if err != nil {
				return
			}
			select {
			case keys <- b[:n]:
			case <-ctx.Done():
				return
			}
		}
	}()
	return keys
}
