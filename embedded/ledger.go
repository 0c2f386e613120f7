package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"factorfleet/internal/task"
)

// A ledger counts how many processes of this node died while they computed a task. It is a
// worker.Ledger; package attempt says what the count means for a delivery.
//
// The server's count of deliveries is not enough here: a number that kills its worker kills the server
// too, before the server has stored that it delivered the task. After each restart the task would
// look new.
//
// The store has two files. RUNNING has a record of recordSize bytes for each slot, the key of the task
// that the slot computes. Writing it takes some microseconds. It survives the process, and need not
// survive a power cut. DEATHS has a line "<count> <key>" for each task, oldest first. The process that
// opens the store next adds the records of RUNNING to DEATHS.
type ledger struct {
	running *os.File
	deaths  map[string]int // by key; not changed after openLedger

	mu  sync.Mutex // guards buf
	buf [recordSize]byte
}

const (
	fileRunning = "RUNNING"
	fileDeaths  = "DEATHS"

	recordSize = 256
	maxDeaths  = 1000 // lines of DEATHS, the latest ones
)

// openLedger opens the ledger of a store that this process has locked.
func openLedger(store *os.Root) (*ledger, error) {
	l, err := readLedger(store)
	if err != nil {
		return nil, fmt.Errorf("open the ledger of the store: %w", err)
	}
	return l, nil
}

func readLedger(store *os.Root) (*ledger, error) {
	lines, err := readIfExists(store, fileDeaths)
	if err != nil {
		return nil, err
	}
	records, err := readIfExists(store, fileRunning)
	if err != nil {
		return nil, err
	}
	l := &ledger{deaths: make(map[string]int)}
	order := append(l.addLines(lines), l.addRecords(records)...)
	if err := store.WriteFile(fileDeaths+".new", l.lines(order), 0o600); err != nil {
		return nil, err
	}
	if err := store.Rename(fileDeaths+".new", fileDeaths); err != nil {
		return nil, err
	}
	l.running, err = store.OpenFile(fileRunning, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	return l, err
}

func readIfExists(store *os.Root, name string) ([]byte, error) {
	b, err := store.ReadFile(name)
	if os.IsNotExist(err) {
		return nil, nil
	}
	return b, err
}

// addLines reads the content of DEATHS and returns its keys in order. It skips damaged lines.
func (l *ledger) addLines(lines []byte) (order []string) {
	for line := range strings.Lines(string(lines)) {
		count, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.Atoi(count); err == nil && n > 0 && key != "" {
			l.deaths[key] = n
			order = append(order, key)
		}
	}
	return order
}

// addRecords counts a death for each record of RUNNING and returns their keys in order. A record that
// begins with a zero byte is of a slot that computed nothing.
func (l *ledger) addRecords(records []byte) (order []string) {
	for ; len(records) >= recordSize; records = records[recordSize:] {
		key, _, _ := bytes.Cut(records[:recordSize], []byte("\n"))
		if len(key) > 0 && key[0] > ' ' {
			l.deaths[string(key)]++
			order = append(order, string(key))
		}
	}
	return order
}

// lines returns the content of DEATHS for the last maxDeaths keys.
func (l *ledger) lines(order []string) []byte {
	var b bytes.Buffer
	written := make(map[string]bool)
	for _, key := range order[max(0, len(order)-maxDeaths):] {
		if !written[key] {
			written[key] = true
			fmt.Fprintf(&b, "%d %s\n", l.deaths[key], key)
		}
	}
	return b.Bytes()
}

func key(a task.Address) string {
	return string(a.Class) + " " + a.Job + " " + a.Range.String() + " " + string(a.Round)
}

// Deaths returns how many earlier processes died while they computed a.
func (l *ledger) Deaths(a task.Address) int { return l.deaths[key(a)] }

// Begin records that slot computes a. A failed write is ignored: at worst a death is not counted.
func (l *ledger) Begin(slot int, a task.Address) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.buf[copy(l.buf[:], key(a)+"\n"):])
	l.running.WriteAt(l.buf[:], int64(slot)*recordSize)
}

// End records that slot computes nothing. A failed write is ignored, as by Begin.
func (l *ledger) End(slot int) { l.running.WriteAt([]byte{0}, int64(slot)*recordSize) }
