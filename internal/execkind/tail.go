package execkind

import (
	"os"
	"sync"

	"factorfleet/internal/text"
)

// tailBytes is how much of the end of standard error is kept of a process.
const tailBytes = 500

// A tail reads standard error of a process, and keeps its end.
type tail struct {
	f *os.File

	mu   sync.Mutex
	kept []byte // guarded by mu
}

// read reads until the end.
func (t *tail) read() {
	b := make([]byte, 4<<10)
	for {
		n, err := t.f.Read(b)
		t.mu.Lock()
		t.kept = append(t.kept, b[:n]...)
		t.kept = append(t.kept[:0], t.kept[max(0, len(t.kept)-tailBytes):]...)
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (t *tail) close() {
	if t.f != nil {
		t.f.Close()
	}
}

// String returns the end of standard error as one line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return text.Sanitize(string(t.kept), tailBytes)
}
