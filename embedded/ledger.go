package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"factorfleet/internal/task"
)

// A ledger is the house's own count of the deliveries that ended with its death. Here a
// number that kills its worker kills the server too, before it has written down that
// the task was handed out: it would come back as if it were new, again and again.
//
// The file RUNNING in the store has a record of recordSize bytes for each slot: the
// task that it computes. Writing it costs some microseconds, and what was written
// outlives the process; a power cut it need not outlive. Whoever opens the store next
// adds what is still there to the file DEATHS.
type ledger struct {
	running *os.File
	deaths  map[string]int // by key; not changed after open

	mu  sync.Mutex // guards buf
	buf [recordSize]byte
}

const (
	recordSize = 256
	maxDeaths  = 1000 // entries of DEATHS, the latest ones
)

// openLedger opens the ledger of a store that this process has locked.
func openLedger(dir string) (*ledger, error) {
	l, err := readLedger(dir)
	if err != nil {
		return nil, fmt.Errorf("open the ledger of the store: %w", err)
	}
	return l, nil
}

func readLedger(dir string) (*ledger, error) {
	path := filepath.Join(dir, "DEATHS")
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	l := &ledger{deaths: make(map[string]int)}
	var order []string // oldest first
	for line := range strings.Lines(string(old)) {
		count, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.Atoi(count); err == nil && n > 0 && key != "" {
			l.deaths[key] = n
			order = append(order, key)
		}
	}
	died, err := os.ReadFile(filepath.Join(dir, "RUNNING"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for ; len(died) >= recordSize; died = died[recordSize:] {
		key, _, _ := bytes.Cut(died[:recordSize], []byte("\n"))
		if len(key) > 0 && key[0] > ' ' {
			l.deaths[string(key)]++
			order = append(order, string(key))
		}
	}
	order = order[max(0, len(order)-maxDeaths):]
	var b strings.Builder
	written := make(map[string]bool)
	for _, key := range order {
		if !written[key] {
			written[key] = true
			fmt.Fprintf(&b, "%d %s\n", l.deaths[key], key)
		}
	}
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, err
	}
	l.running, err = os.OpenFile(filepath.Join(dir, "RUNNING"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	return l, err
}

func key(a task.Address) string {
	return string(a.Class) + " " + a.Job + " " + a.Range.String() + " " + string(a.Round)
}

// Deaths is worker.Ledger's, and so are Begin and End. An error of theirs is passed over:
// the worst is that a death is not counted.
func (l *ledger) Deaths(a task.Address) int { return l.deaths[key(a)] }

func (l *ledger) Begin(slot int, a task.Address) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.buf[copy(l.buf[:], key(a)+"\n"):])
	l.running.WriteAt(l.buf[:], int64(slot)*recordSize)
}

func (l *ledger) End(slot int) { l.running.WriteAt([]byte{0}, int64(slot)*recordSize) }
