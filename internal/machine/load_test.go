package machine

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"testing"
	"testing/fstest"
	"time"
)

// tree returns the files of processes: the states of the threads of each, and the children of its first thread.
func tree(load string, states map[int]string, children map[int]string) fstest.MapFS {
	files := map[string]string{"proc/loadavg": load}
	for id, threads := range states {
		for i, state := range threads {
			dir := fmt.Sprintf("proc/%d/task/%d/", id, id+i)
			files[dir+"stat"] = fmt.Sprintf("%d (a) R (b) %c 1 2 3", id+i, state)
			files[dir+"children"] = ""
		}
		files[fmt.Sprintf("proc/%d/task/%d/children", id, id)] = children[id]
	}
	return fake(files)
}

func TestOwnThreads(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		states   map[int]string
		children map[int]string
		want     int
	}{
		"nothing is known":        {nil, nil, 0},
		"only the one that reads": {map[int]string{100: "RSS"}, nil, 0},
		"others that run":         {map[int]string{100: "RRDSI"}, nil, 2},
		"children":                {map[int]string{100: "R", 200: "RR", 300: "SR", 400: "RRRR"}, map[int]string{100: "200 ", 200: "300"}, 3},
		"a circle":                {map[int]string{100: "RR"}, map[int]string{100: "100 100 x"}, 1},
	} {
		if got := ownThreads(tree("", test.states, test.children), 100); got != test.want {
			t.Errorf("%s: %d threads, want %d", name, got, test.want)
		}
	}
	if counts("") || counts("1 (x)") || !counts("1 (x) R") || counts("1 (R) S") {
		t.Error("states")
	}
}

// TestOthers: with two threads of its own in a load that tends to 5, others tend to 3 from the first sample on.
func TestOthers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	others, own := 3.0, 0.0
	l := NewLoad(nil, 100)
	for range 60 {
		keep := math.Exp(-5.0 / 60) // what the kernel does
		own = own*keep + 2*(1-keep)
		l.files = tree(fmt.Sprintf("%.2f 1.00 0.50 3/100 28169\n", own+others), map[int]string{100: "RRRS"}, nil)
		if got, err := l.Others(now); err != nil || math.Abs(got-others) > 0.01 {
			t.Fatalf("others have a load of %v, %v; want %v", got, err, others)
		}
		now = now.Add(LoadEvery)
	}
	l.files = tree("0.01 1.00", map[int]string{100: "RRR"}, nil)
	if got, err := l.Others(now); got != 0 || err != nil {
		t.Errorf("the own part is larger than the load: %v, %v", got, err)
	}
	for _, files := range []fs.FS{fake(nil), tree("", nil, nil), tree("x", nil, nil), tree("NaN 1", nil, nil), tree("-1 1", nil, nil), tree("+Inf", nil, nil)} {
		l.files = files
		if got, err := l.Others(now); err == nil {
			t.Errorf("a load of %v without an error", got)
		}
	}
}

func TestTooLoaded(t *testing.T) {
	t.Parallel()
	state := false
	for i, step := range []struct {
		load float64
		want bool
	}{{1.9, false}, {2, false}, {2.1, true}, {1.9, true}, {1.61, true}, {1.6, false}, {1.9, false}, {2.01, true}, {0, false}} {
		if state = TooLoaded(state, step.load, 2); state != step.want {
			t.Errorf("step %d, load %v: %v", i, step.load, state)
		}
	}
}

// TestOthersHere reads the files of this machine.
func TestOthersHere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells its load in /proc")
	}
	l := NewLoad(Root(), os.Getpid())
	if others, err := l.Others(time.Now()); err != nil || others < 0 {
		t.Errorf("others have a load of %v, %v", others, err)
	}
}
