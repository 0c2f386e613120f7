package test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTop: the live view draws on a terminal, obeys keys, and leaves the terminal as it was. status --watch is the same
// there.
func TestTop(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1 --name attic")
	s.run("producer", "submit --id monday 15").wantCode(0)
	for _, args := range []string{"top", "status --watch", "top monday"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			screen := openTerminal(t, 24, 80)
			before := screen.settings()
			c := exec.CommandContext(t.Context(), binary(t, "producer"), append([]string{"-s", s.url}, strings.Fields(args)...)...)
			c.Stdin, c.Stdout, c.Stderr = screen.program, screen.program, screen.program
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			screen.await("jobs 0 of 1 ")
			screen.await("workers 1 ")
			if args == "top monday" {
				screen.await("job monday done")
			} else {
				screen.await("monday  done")
			}
			screen.press("3")
			screen.await("attic")
			screen.press("?")
			screen.await("producer top: keys")
			screen.press("q")
			if err := c.Wait(); err != nil {
				t.Errorf("after q: %v\n%s", err, screen.text())
			}
			screen.await("\x1b[?25h\x1b[?1049l")
			if after := screen.settings(); after != before {
				t.Errorf("the terminal has the settings %+v, not %+v", after, before)
			}
		})
	}
	s.run("producer", "top").wantCode(2).wantSaid("standard input and standard output must be a terminal: `producer status --watch` prints reports instead")
}

// A pseudoTerminal is a pseudo-terminal. Its output is kept.
type pseudoTerminal struct {
	t             *testing.T
	user, program *os.File

	mu  sync.Mutex
	out strings.Builder // guarded by mu
}

// openTerminal returns a pseudo-terminal (pts(4)) of so many rows and columns.
func openTerminal(t *testing.T, rows, columns uint16) *pseudoTerminal {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("NOT TESTED: there are no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { user.Close() })
	fd := int(user.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	x := &pseudoTerminal{t: t, user: user, program: program}
	go x.read()
	return x
}

func (x *pseudoTerminal) read() {
	for b := make([]byte, 4096); ; {
		n, err := x.user.Read(b)
		x.mu.Lock()
		x.out.Write(b[:n])
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (x *pseudoTerminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.out.String()
}

// await waits until the program has written something.
func (x *pseudoTerminal) await(what string) {
	x.t.Helper()
	eventually(x.t, fmt.Sprintf("%q is on the screen", what), func() bool { return strings.Contains(x.text(), what) })
}

func (x *pseudoTerminal) press(key string) {
	x.t.Helper()
	if _, err := x.user.WriteString(key); err != nil {
		x.t.Fatal(err)
	}
}

// settings returns how the terminal treats what is typed.
func (x *pseudoTerminal) settings() unix.Termios {
	x.t.Helper()
	s, err := unix.IoctlGetTermios(int(x.program.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return *s
}
