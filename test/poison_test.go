package test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A poison kind factors, except that some numbers harm the worker: "exit", "kill", "panic", "hang", or
// "hoard" (allocate memory).
type poison map[string]string

func (p poison) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	honest := kind.All()[task.KindFactor]
	for i, n := range numbers {
		switch p[n.String()] {
		case "exit":
			os.Exit(1)
		case "kill":
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		case "panic":
			panic("this number is poison")
		case "hang":
			o.Tick()
			select {}
		case "hoard":
			o.Tick()
			for ; ; time.Sleep(time.Millisecond) {
				if ctx.Err() != nil {
					hoard = nil
					return context.Cause(ctx)
				}
				block := make([]byte, 2<<20)
				for j := range block {
					block[j] = 1
				}
				hoard = append(hoard, block)
				o.Tick()
			}
		}
		if err := honest.Run(ctx, numbers[i:i+1], o, done); err != nil {
			return err
		}
	}
	return nil
}

// hoard keeps the memory that "hoard" has allocated.
var hoard [][]byte

// poisonEnv turns this test binary into a worker: "URL NAME SLOTS NUMBER=DEED...".
const poisonEnv = "FACTORFLEET_TEST_POISON"

func init() {
	if text := os.Getenv(poisonEnv); text != "" {
		if err := poisonWorker(strings.Fields(text)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(75)
		}
		os.Exit(0)
	}
}

func poisonWorker(args []string) error {
	nc, err := nats.Connect(args[0])
	if err != nil {
		return err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	client, err := puller.Open(context.Background(), nc, js, args[1], stream.Options{})
	if err != nil {
		return err
	}
	slots, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	deeds := make(poison)
	for _, pair := range args[3:] {
		number, deed, _ := strings.Cut(pair, "=")
		deeds[number] = deed
	}
	w := worker.New(worker.Config{
		Announce: func(running func() []task.Address) { client.Announce(running) }, Name: args[1], Slots: slots, AckWait: client.AckWait(), DrainTimeout: 2 * time.Second,
		Grace: 5 * time.Second, MaxMemory: 128 << 20,
		Kinds: map[string]worker.Kind{task.KindFactor: deeds}, Log: zerolog.New(os.Stderr),
	}, client, client)
	ctx, stop := context.WithCancel(context.Background())
	go func() { // ends with the test
		os.Stdin.Read(make([]byte, 1))
		stop()
	}()
	return w.Run(ctx)
}

// A supervisor restarts a worker whenever it ends.
type supervisor struct {
	mu    sync.Mutex
	codes []int // exit codes so far; -1 = by a signal
}

func (s *supervisor) deaths() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.codes
}

// poisonWorker supervises a worker in its own processes until the end of the test.
func (s *server) poisonWorker(name string, slots int, deeds string) *supervisor {
	s.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	sup := new(supervisor)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	var output text
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			cmd := exec.Command(exe)
			cmd.Env = []string{poisonEnv + "=" + strings.Join([]string{s.url, name, strconv.Itoa(slots), deeds}, " ")}
			cmd.Stderr = &output
			in, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				s.t.Error(err)
				return
			}
			leave := context.AfterFunc(ctx, func() { in.Close() })
			err = cmd.Wait()
			var exit *exec.ExitError
			if leave() && errors.As(err, &exit) {
				sup.mu.Lock()
				sup.codes = append(sup.codes, exit.ExitCode())
				sup.mu.Unlock()
			}
		}
	}()
	s.t.Cleanup(func() {
		stop()
		<-ended
		if s.t.Failed() {
			s.t.Logf("worker %s output: %.6000s", name, output.String())
		}
	})
	return sup
}

// poisonLetter is the output of `producer dead show --json`.
type poisonLetter struct {
	Range, Writer, Error, Reproduce string
	Numbers                         []string
	Attempt                         int
	Attempts                        []struct {
		Attempt int
		Worker  string
		Error   string
		Elapsed time.Duration `json:"elapsed_ns"`
	}
	History []struct {
		Worker, Range, Outcome, Source string
		From, Until                    time.Time
	}
}

// One number of 4096 that kills its worker is given up alone, after the documented number of deaths,
// with a record of each failure that the worker survived. All other numbers are answered.
func TestPoison(t *testing.T) {
	t.Parallel()
	const first, count, bad = 1_000_000_000_001, 4096, 1_000_000_002_345
	numbers := sequence(first, first+count-1, 1)
	for _, test := range []struct {
		deed    string
		slots   int
		deaths  int // of the worker, at most
		records int // of failed attempts: those that the worker survived, the last one's is its dead letter
		silent  int // attempts at the number of which a supervisor saw that they killed the worker, at least
		ackWait string
		says    string // the letter
	}{
		{"exit", 1, 5, 0, 2, "2s", "its worker died or stopped responding on each of 3 deliveries"},
		{"kill", 3, 5, 0, 2, "2s", "its worker died or stopped responding on each of 3 deliveries"},
		{"panic", 2, 0, 4, 0, "1s", "panic: this number is poison"},
		{"hang", 2, 2, 4, 0, "4s", "no sign of life for 1.3"},
		{"hoard", 2, 0, 4, 0, "1s", "more memory than a worker may use"},
	} {
		t.Run(test.deed, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			s.run("producer", "init --ack-wait "+test.ackWait).wantCode(0)
			sup := s.poisonWorker("victim", test.slots, fmt.Sprintf("%d=%s", bad, test.deed))
			began := time.Now()
			p := s.run("producer", "submit --id j --budget 1s --chunk 4096", feed(numbers)).wantCode(1)
			t.Logf("%s: isolated and given up after %v, %d deaths", test.deed, time.Since(began).Round(100*time.Millisecond), len(sup.deaths()))
			p.wantSaid("producer: number 2345 of the input, 1000000002345, was given up: ", test.says)
			checkAnswers(t, strings.Replace(numbers, strconv.Itoa(bad)+"\n", "", 1), p.stdout.String())
			if codes := sup.deaths(); len(codes) > test.deaths {
				t.Errorf("the worker died %d times: %v", len(codes), codes)
			}
			shown := report[[]poisonLetter](s, "dead show j")
			if len(shown) != 1 || shown[0].Range != "2344-1" || shown[0].Attempt != 3 || len(shown[0].Numbers) != 1 ||
				shown[0].Numbers[0] != strconv.Itoa(bad) || !strings.Contains(shown[0].Error, test.says) ||
				shown[0].Reproduce != "embedded submit -n 1 --budget 1s "+strconv.Itoa(bad) {
				t.Fatalf("dead show: %+v", shown)
			}
			if len(shown[0].Attempts) != test.records {
				t.Errorf("%d records of attempts: %+v", len(shown[0].Attempts), shown[0].Attempts)
			}
			silent := 0 // attempts that killed the worker: the second and the third
			for _, h := range shown[0].History {
				if h.Worker == "victim" && h.Range == "2344-1" && h.Outcome == "silent" && h.Source == "supervisor" && !h.From.IsZero() {
					silent++
				}
			}
			if silent < test.silent {
				t.Errorf("the history has %d attempts that killed the worker: %+v", silent, shown[0].History)
			}
			for _, a := range shown[0].Attempts {
				if a.Worker != "victim" || !strings.Contains(a.Error, test.says) {
					t.Errorf("attempt: %+v", a)
				}
			}
		})
	}
}

// Numbers that run beside a killer on every delivery are not given up with it: the last attempt at a
// number runs alone, and counts only if it has started.
func TestPoisonBesideOthers(t *testing.T) {
	t.Parallel()
	for name, killers := range map[string][]string{"one": {"15"}, "two": {"15", "21"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			s.run("producer", "init --ack-wait 2s").wantCode(0)
			// All of them arrive together at a worker with five slots, and are unfinished when it dies.
			others := strings.Fields(heavy(0, 3, 4423))
			sup := s.poisonWorker("victim", 5, strings.Join(killers, "=kill ")+"=kill")
			p := s.run("producer", "submit --id j --chunk 1", arguments(killers...), arguments(others...)).wantCode(1)
			for i, n := range killers {
				p.wantSaid(fmt.Sprintf("producer: number %d of the input, %s, was given up: ", i+1, n))
			}
			p.wantSaid(fmt.Sprintf("%d number", len(killers)))
			checkAnswers(t, strings.Join(others, "\n")+"\n", p.stdout.String())
			t.Logf("%d deaths", len(sup.deaths()))
			if n := len(sup.deaths()); n > 3*len(killers) || n < 3 {
				t.Errorf("the worker died %d times", n)
			}
		})
	}
}

// The only worker dies on the third delivery: the number is given up nevertheless.
func TestPoisonKillsLastWorker(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.run("producer", "init --ack-wait 1s").wantCode(0)
	sup := s.poisonWorker("victim", 1, "15=exit")
	job := s.start("producer", "submit --id j 15")
	eventually(t, "the worker is dead", func() bool { return len(sup.deaths()) >= 3 })
	job.wantCode(1).wantSaid("15, was given up")
}
