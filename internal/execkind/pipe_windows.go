package execkind

import (
	"io"
	"os"
	"time"
)

// An inlet is standard input of a process. A write, and a read of an [outlet], returns os.ErrDeadlineExceeded after at most
// lookEvery, so that the caller can look at its context. Pipes have no deadlines on Windows, so a goroutine
// of each makes the calls. It ends when the pipe is closed.
type inlet struct {
	f       *os.File
	pending chan written // of the write that runs; nil = none
}

type written struct {
	n   int
	err error
}

// An outlet is standard output of a process.
type outlet struct {
	f    *os.File
	data chan []byte // closed at the end
	left []byte
}

func newInlet(f *os.File) *inlet { return &inlet{f: f} }

func newOutlet(f *os.File) *outlet {
	o := &outlet{f: f, data: make(chan []byte, 1)}
	go func() {
		defer close(o.data)
		for {
			b := make([]byte, 16<<10)
			n, err := f.Read(b)
			if n > 0 {
				o.data <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return o
}

func (i *inlet) close() { i.f.Close() }

// close ends the goroutine, which may wait for a reader.
func (o *outlet) close() {
	o.f.Close()
	go func() {
		for range o.data {
		}
	}()
}

// write writes b. If it returns os.ErrDeadlineExceeded with 0, the caller calls it again with the same b.
func (i *inlet) write(b []byte, _ time.Time) (int, error) {
	if i.pending == nil {
		i.pending = make(chan written, 1)
		go func(done chan<- written) {
			n, err := i.f.Write(b)
			done <- written{n, err}
		}(i.pending)
	}
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	select {
	case w := <-i.pending:
		i.pending = nil
		return w.n, w.err
	case <-timer.C:
		return 0, os.ErrDeadlineExceeded
	}
}

// read reads at least one byte into b, unless it returns an error.
func (o *outlet) read(b []byte, _ time.Time) (int, error) {
	if len(o.left) == 0 {
		timer := time.NewTimer(lookEvery)
		defer timer.Stop()
		select {
		case data, ok := <-o.data:
			if !ok {
				return 0, io.EOF
			}
			o.left = data
		case <-timer.C:
			return 0, os.ErrDeadlineExceeded
		}
	}
	n := copy(b, o.left)
	o.left = o.left[n:]
	return n, nil
}

// isQuiet reports whether there is nothing to read and the process has its output open. If not, output may be lost.
func (o *outlet) isQuiet(time.Time) bool {
	if len(o.left) > 0 {
		return false
	}
	select {
	case <-o.data:
		return false
	default:
		return true
	}
}
