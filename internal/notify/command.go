package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"factorfleet/internal/text"
)

// readOn is how long the standard error of a command is read after its process has ended: a process that it has left behind
// may keep it open.
const readOn = 2 * time.Second

// run makes one attempt: the command gets the event on standard input. It has the environment of this process, because it
// is the command of the user who runs this process, and may ask the fleet for more.
func (t *Target) run(ctx context.Context, e *Event, body []byte) error {
	c := exec.CommandContext(ctx, t.words[0], t.words[1:]...)
	c.Stdin = bytes.NewReader(body)
	c.Env = append(os.Environ(), e.variables()...)
	said := new(tail)
	c.Stderr = said // its standard output is discarded
	c.WaitDelay = readOn
	inGroup(c)
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return finalError{err}
	case errors.As(err, &exit) && (exit.ExitCode() == 126 || exit.ExitCode() == 127): // of a shell: it cannot run it
		return finalError{said.explain(err)}
	case errors.Is(err, exec.ErrWaitDelay): // it has ended well, and left a process behind that has its standard error
		return nil
	}
	return said.explain(err)
}

// A tail keeps the last bytes that are written to it.
type tail struct{ last []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if extra := len(t.last) - maxDetail; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return len(b), nil
}

// explain adds to err what the command has said last.
func (t *tail) explain(err error) error {
	if detail := text.Sanitize(string(t.last), maxDetail); detail != "" {
		return fmt.Errorf("%w: %s", err, detail)
	}
	return err
}
