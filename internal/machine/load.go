package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Load measures the load of the machine without the part of this process. The load is the number of threads that run or
// want to: the kernel counts them every 5 s, and takes a mean in which a count of t ago has the weight e^(-t/60 s). A Load
// does the same with the threads of this process and its children. So
//
//	load of others = load of the machine - mean of the own threads
//
// where both forget at the same rate. It is a mean of samples, and so not exact by some tenths.
//
// One goroutine calls its methods.
type Load struct {
	files   fs.FS
	self    int // process id
	own     float64
	sampled time.Time // the last sample; zero = none
}

// LoadEvery is the time between two samples, as in the kernel.
const LoadEvery = 5 * time.Second

// loadMemory is the time after which a sample has 1/e of its weight.
const loadMemory = time.Minute

// errNoLoad is the error if the system does not tell its load.
var errNoLoad = errors.New("this system does not tell its load in /proc/loadavg")

// NewLoad returns a Load for the process of that id. The process has just been started, so it has no part in the load yet.
func NewLoad(root fs.FS, self int) *Load { return &Load{files: root, self: self} }

// Others takes a sample at now, and returns the load of the other processes of the machine, at least 0. It should be called
// every LoadEvery. After a longer time, as after a suspension, the sample stands for all of it.
func (l *Load) Others(now time.Time) (float64, error) {
	text, err := fs.ReadFile(l.files, "proc/loadavg")
	if err != nil {
		return 0, errNoLoad
	}
	first, _, _ := strings.Cut(string(text), " ")
	all, err := strconv.ParseFloat(first, 64)
	if err != nil || !(all >= 0) || math.IsInf(all, 1) {
		return 0, fmt.Errorf("%w: %.40q", errNoLoad, text)
	}
	l.sample(now, ownThreads(l.files, l.self))
	return max(0, all-l.own), nil
}

// sample adds a count of the own threads that run or want to.
func (l *Load) sample(now time.Time, threads int) {
	passed := LoadEvery
	if !l.sampled.IsZero() {
		passed = max(0, now.Sub(l.sampled))
	}
	l.sampled = now
	keep := math.Exp(-passed.Seconds() / loadMemory.Seconds())
	l.own = l.own*keep + float64(threads)*(1-keep)
}

// reopenAt is the part of the limit to which the load has to fall until new tasks are taken again. The distance keeps a
// load about the limit from changing the state with each sample.
const reopenAt = 0.8

// TooLoaded reports whether a load of others is too high for new tasks, if before says whether it was so at the last look:
//
//	from below  above limit
//	from above  until it is at most 0.8 limit
func TooLoaded(before bool, others, limit float64) bool {
	if before {
		return others > reopenAt*limit
	}
	return others > limit
}
