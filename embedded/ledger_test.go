package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// record returns a record of the file RUNNING.
func record(text string) string { return text + strings.Repeat("\x00", recordSize-len(text)) }

// TestReadLedger: records of an earlier process are counted, damaged lines and records are skipped.
func TestReadLedger(t *testing.T) {
	const a, b = "norm j 0-1 0", "hi j 7-1 abc"
	for name, test := range map[string]struct {
		deaths, running string
		want            string // DEATHS afterwards
	}{
		"nothing":            {"", "", ""},
		"one died":           {"", record(a + "\n"), "1 " + a + "\n"},
		"it died again":      {"1 " + a + "\n", record(a + "\n"), "2 " + a + "\n"},
		"two died":           {"1 " + a + "\n", record(b+"\n") + record(a+"\n"), "2 " + a + "\n1 " + b + "\n"},
		"the same twice":     {"", record(a+"\n") + record(a+"\n"), "2 " + a + "\n"},
		"it had ended":       {"1 " + a + "\n", record("\x00orm j 0-1 0\n"), "1 " + a + "\n"},
		"an empty slot":      {"", record("") + record(a+"\n"), "1 " + a + "\n"},
		"a half record":      {"", a + "\n", ""},
		"a record and half":  {"", record(b+"\n") + a, "1 " + b + "\n"},
		"lines of no count":  {"x " + a + "\n-1 " + a + "\n0 " + b + "\n2\n\n 3 " + b + "\n", "", "3 " + b + "\n"},
		"a line without end": {"2 " + a, "", "2 " + a + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{"DEATHS": test.deaths, "RUNNING": test.running} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l, err := openLedger(opened(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			defer l.running.Close()
			if got, err := os.ReadFile(filepath.Join(dir, "DEATHS")); err != nil || string(got) != test.want {
				t.Errorf("DEATHS is %q, %v, want %q", got, err, test.want)
			}
			if info, err := l.running.Stat(); err != nil || info.Size() != 0 {
				t.Errorf("RUNNING is not empty: %+v, %v", info, err)
			}
		})
	}
}

// TestLedger: a process that dies leaves records of the tasks that it computed, and of no others.
func TestLedger(t *testing.T) {
	dir := t.TempDir()
	at := func(first uint64) task.Address {
		return task.Address{Class: task.ClassNorm, Job: strings.Repeat("j", 40), Range: task.Range{First: first, Count: 1}, Round: "0"}
	}
	for life := range 3 {
		l, err := openLedger(opened(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		for first, want := range map[uint64]int{1: life, 2: 0, 3: life, task.MaxPosition - 1: 0} {
			if got := l.Deaths(at(first)); got != want {
				t.Errorf("life %d: %d deaths of %d, want %d", life, got, first, want)
			}
		}
		l.Begin(0, at(2))
		l.Begin(5, at(3))
		l.Begin(1, at(task.MaxPosition-1))
		l.End(1)
		l.Begin(0, at(1)) // in the place of 2
		l.running.Close()
	}
}

// TestLedgerIsBounded: the oldest lines are removed first.
func TestLedgerIsBounded(t *testing.T) {
	dir := t.TempDir()
	var old strings.Builder
	for i := range maxDeaths {
		fmt.Fprintf(&old, "1 norm j %d-1 0\n", i)
	}
	if err := os.WriteFile(filepath.Join(dir, "DEATHS"), []byte(old.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "RUNNING"), []byte(record("norm k 0-1 0\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := openLedger(opened(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer l.running.Close()
	got, err := os.ReadFile(filepath.Join(dir, "DEATHS"))
	if err != nil || strings.Count(string(got), "\n") != maxDeaths || !strings.HasPrefix(string(got), "1 norm j 1-1 0\n") || !strings.HasSuffix(string(got), "\n1 norm k 0-1 0\n") {
		t.Errorf("%d lines, %v", strings.Count(string(got), "\n"), err)
	}
}

// TestLedgerFails: a store that cannot be written is an error.
func TestLedgerFails(t *testing.T) {
	for _, name := range []string{"DEATHS", "RUNNING"} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := openLedger(opened(t, dir)); err == nil || !strings.Contains(err.Error(), "open the ledger of the store: ") {
			t.Errorf("%s is a directory: %v", name, err)
		}
	}
}

// opened returns the open directory dir.
func opened(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}
