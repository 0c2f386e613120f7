//go:build unix

package execkind

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// An inlet is standard input of a process. A write, and a read of an [outlet], returns os.ErrDeadlineExceeded after at most
// lookEvery, so that the caller can look at its context.
type inlet struct{ pipe }

// An outlet is standard output of a process.
type outlet struct {
	pipe
	raw   syscall.RawConn
	probe func(fd uintptr) bool // of isQuiet
	quiet bool                  // the result of probe
}

// A pipe is an end of a pipe. Setting a deadline costs as much as half a read, so one deadline serves the calls of
// at least lookEvery/2.
type pipe struct {
	f        *os.File
	deadline time.Time
}

func newInlet(f *os.File) *inlet { return &inlet{pipe{f: f}} }

func newOutlet(f *os.File) *outlet {
	o := &outlet{pipe: pipe{f: f}}
	o.raw, _ = f.SyscallConn() // of a pipe there is no error
	o.probe = func(fd uintptr) bool {
		var b [1]byte
		n, err := syscall.Read(int(fd), b[:])
		o.quiet = n < 0 && (err == syscall.EAGAIN || err == syscall.EINTR)
		return true
	}
	return o
}

func (p *pipe) close() { p.f.Close() }

// set makes sure that the next call ends within lookEvery. now is the present time.
func (p *pipe) set(now time.Time) {
	if p.deadline.Sub(now) < lookEvery/2 {
		p.deadline = now.Add(lookEvery)
		p.f.SetDeadline(p.deadline)
	}
}

// write writes b, and returns how much it has written.
func (i *inlet) write(b []byte, now time.Time) (int, error) {
	i.set(now)
	return i.f.Write(b)
}

// read reads at least one byte into b, unless it returns an error.
func (o *outlet) read(b []byte, now time.Time) (int, error) {
	o.set(now)
	return o.f.Read(b)
}

// isQuiet reports whether there is nothing to read and the process has its output open. If not, a byte may be lost. On a
// busy machine the deadline may pass before the call.
func (o *outlet) isQuiet(now time.Time) bool {
	for {
		o.set(now)
		err := o.raw.Read(o.probe)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err == nil && o.quiet
		}
		now = time.Now()
	}
}
