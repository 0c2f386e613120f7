package test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// difference returns the first line in which two texts differ.
func difference(got, want string) string {
	a, b := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is\n  %.300q\nnot\n  %.300q", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("it has %d bytes, not %d; one is the beginning of the other", len(got), len(want))
}

// A text is output that may still grow.
type text struct {
	mu    sync.Mutex
	b     []byte
	grown chan struct{} // closed by the next write; nil if no test waits
	over  bool          // the program has ended
}

func (x *text) Write(b []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.b = append(x.b, b...)
	x.wakeLocked()
	return len(b), nil
}

func (x *text) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.over = true
	x.wakeLocked()
}

func (x *text) wakeLocked() {
	if x.grown != nil {
		close(x.grown)
		x.grown = nil
	}
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.b)
}

// look returns nil if the text contains piece, else a channel that is closed by the next write.
func (x *text) look(piece string) (<-chan struct{}, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if bytes.Contains(x.b, []byte(piece)) {
		return nil, nil
	}
	if x.over {
		return nil, errNoMore
	}
	if x.grown == nil {
		x.grown = make(chan struct{})
	}
	return x.grown, nil
}

// await waits until the program has written piece to x, its stdout or stderr.
func (p *program) await(x *text, piece string) {
	p.t.Helper()
	late := time.After(patience)
	for {
		grown, err := x.look(piece)
		if err != nil {
			p.t.Fatalf("%s: %v without having written %q\nstdout: %.2000s\nstderr: %.5000s", p.line, err, piece, p.stdout.String(), p.stderr.String())
		}
		if grown == nil {
			return
		}
		select {
		case <-grown:
		case <-late:
			p.t.Fatalf("%s: has not written %q after %v\nstdout: %.2000s\nstderr: %.5000s", p.line, piece, patience, p.stdout.String(), p.stderr.String())
		}
	}
}

// eventually calls ok repeatedly until it returns true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for late := time.Now().Add(patience); !ok(); <-ticker.C {
		if time.Now().After(late) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}
