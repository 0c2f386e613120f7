package test

import (
	"flag"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/sample"
)

var etaPrograms = flag.String("eta-programs", "", "directory of the programs that BenchmarkETA measures, of another version; default: this one")

// BenchmarkETA runs mixed jobs as a user does, reads the time left off the status line at 10, 50 and 90 % of the time that
// the job took, and reports the error: the time that was shown less the time that was left, in percent of the whole time.
// Nothing is asserted: the figures depend on what else the machine does. A moment without an ETA is logged, and is no
// metric.
func BenchmarkETA(b *testing.B) {
	for _, job := range []struct {
		name    string
		numbers func() []nat.Nat
		run     func(b *testing.B, file *etaLines, list string)
	}{
		{"easy-then-hard", easyThenHard, etaEmbedded},
		{"few-hard", fewHard, etaEmbedded},
		{"worker-stops", mixedSizes, etaWorkerStops},
	} {
		b.Run(job.name, func(b *testing.B) {
			binary(b, "embedded") // build it first
			var list strings.Builder
			for _, n := range job.numbers() {
				list.WriteString(n.String() + "\n")
			}
			for b.Loop() {
				lines := &etaLines{began: time.Now()}
				job.run(b, lines, list.String())
				lines.report(b)
			}
		})
	}
}

// easyThenHard returns 20,000 random numbers of 63 bits and 250 products of two primes, of 52 digits.
func easyThenHard() []nat.Nat {
	return append(sample.Random(63, 20_000, 1), sample.Semiprimes(172, 250, 2)...)
}

// fewHard returns 8 products of two primes, of 62 to 69 digits.
func fewHard() (list []nat.Nat) {
	for i := range 8 {
		list = append(list, sample.Semiprimes(bitsOfDigits(62+i), 1, uint64(i+1))...)
	}
	return list
}

// mixedSizes returns random numbers of 30 to 58 digits, in an order without a trend.
func mixedSizes() (list []nat.Nat) {
	for i := range 5000 {
		list = append(list, sample.Random(bitsOfDigits(30+i*7%29), 1, uint64(i+1))...)
	}
	return list
}

func bitsOfDigits(digits int) int { return int(math.Round((float64(digits) - 0.5) * math.Log2(10))) }

// etaProgram is the setting that runs a program of -eta-programs.
func etaProgram(c *exec.Cmd) {
	if *etaPrograms != "" {
		c.Path = filepath.Join(*etaPrograms, filepath.Base(c.Path))
	}
}

// etaEmbedded runs the job with embedded and all cores.
func etaEmbedded(b *testing.B, lines *etaLines, list string) {
	p := start(b, "embedded", "submit --progress always", feed(list), environment("COLUMNS=200"), etaProgram,
		func(c *exec.Cmd) { c.Stderr = lines })
	<-p.ended
	lines.ended = time.Now()
}

// etaWorkerStops runs the job with a fleet of two consumers of one slot, one of which is stopped once half of the answers
// are there.
func etaWorkerStops(b *testing.B, lines *etaLines, list string) {
	s := startFleet(b)
	one, two := s.start("consumer", "run --name one -n 1", etaProgram), s.start("consumer", "run --name two -n 1", etaProgram)
	one.await(&one.stderr, "worker ready")
	two.await(&two.stderr, "worker ready")
	total := strings.Count(list, "\n")
	answers := &countedLines{half: total / 2, then: func() { two.signal(syscall.SIGTERM) }}
	lines.began = time.Now()
	p := s.start("producer", "submit --progress always", feed(list), environment("COLUMNS=200"), etaProgram,
		func(c *exec.Cmd) { c.Stdout, c.Stderr = answers, lines })
	<-p.ended
	lines.ended = time.Now()
}

// countedLines calls then once it has half lines.
type countedLines struct {
	lines, half int
	then        func()
}

func (w *countedLines) Write(p []byte) (int, error) {
	before := w.lines
	if w.lines += strings.Count(string(p), "\n"); before < w.half && w.lines >= w.half {
		w.then()
	}
	return len(p), nil
}

// etaLines has the status lines of a job, with the times at which they were drawn.
type etaLines struct {
	mu           sync.Mutex
	began, ended time.Time
	lines        []etaLine
}

type etaLine struct {
	at   time.Time
	text string
}

func (l *etaLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for text := range strings.SplitSeq(string(p), "\r\x1b[K") {
		if text = strings.TrimSpace(text); text != "" {
			l.lines = append(l.lines, etaLine{time.Now(), text})
		}
	}
	return len(p), nil
}

// report logs what was shown at each moment, and reports the errors.
func (l *etaLines) report(b *testing.B) {
	took := l.ended.Sub(l.began)
	b.Logf("the job took %.1f s", took.Seconds())
	for _, percent := range []int{10, 50, 90} {
		moment := l.began.Add(took * time.Duration(percent) / 100)
		shown := "nothing"
		var at time.Time
		for _, line := range l.lines {
			if line.at.After(moment) {
				break
			}
			shown, at = line.text, line.at
		}
		left := l.ended.Sub(at)
		eta, ok := shownETA(shown)
		if !ok {
			b.Logf("%d %%: no ETA, %.1f s were left: %s", percent, left.Seconds(), shown)
			continue
		}
		failed := 100 * (eta - left).Seconds() / took.Seconds()
		b.Logf("%d %%: %.0f s shown, %.1f s were left, error %+.0f %% of the job: %s", percent, eta.Seconds(), left.Seconds(), failed, shown)
		b.ReportMetric(failed, fmt.Sprintf("%%error-at-%d%%", percent))
	}
}

var (
	etaText  = regexp.MustCompile(`ETA ((?:\d+ (?:s|min|h|d) ?)+)`)
	leftText = regexp.MustCompile(`about ((?:\d+ (?:s|min|h) ?)+)left`)
	unitText = regexp.MustCompile(`(\d+) (s|min|h|d)`)
)

// shownETA returns the time left that a status line shows.
func shownETA(line string) (d time.Duration, ok bool) {
	match := etaText.FindStringSubmatch(line)
	if match == nil {
		if match = leftText.FindStringSubmatch(line); match == nil {
			return 0, false
		}
	}
	for _, part := range unitText.FindAllStringSubmatch(match[1], -1) {
		n, err := strconv.Atoi(part[1])
		if err != nil {
			return 0, false
		}
		d += time.Duration(n) * map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[part[2]]
	}
	return d, true
}
