package test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleettest"
	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/puller"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A fragile kind panics at one number.
type fragile struct{ at nat.Nat }

func (f fragile) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	honest := kind.All()[task.KindFactor]
	for i, n := range numbers {
		if n.Cmp(f.at) == 0 {
			panic("this number is too much for me")
		}
		if err := honest.Run(ctx, numbers[i:i+1], o, done); err != nil {
			return err
		}
	}
	return nil
}

// worker runs a worker in this process, which factors with k until stop is called.
func (s *server) worker(name string, k worker.Kind) (stop func()) {
	s.t.Helper()
	return s.workerOf(name, map[string]worker.Kind{task.KindFactor: k})
}

// workerOf is worker with other kinds.
func (s *server) workerOf(name string, kinds map[string]worker.Kind) (stop func()) {
	s.t.Helper()
	nc, js := s.connect()
	ctx, cancel := context.WithCancel(context.Background())
	client, err := puller.Open(ctx, nc, js, name, stream.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	offers := fleettest.Offers(kinds)
	client.Offer(offers)
	go client.PollRoutes(ctx)
	w := worker.New(worker.Config{
		Name: name, Slots: 2, AckWait: client.AckWait(), DrainTimeout: 2 * time.Second,
		Kinds: kinds, Log: zerolog.Nop(),
	}, client, client)
	if err := client.Listen(ctx, puller.Orders{Cancel: w.Cancel, Quarantine: w.Quarantine, Release: w.Release}); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		for ; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
			client.Beat(worker.Status{Host: "test", Offers: offers, Stats: w.Stats(), Holding: w.Holding()})
		}
	}()
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("worker %s: %v", name, err)
		}
		ended <- nil
	}
	s.t.Cleanup(stop)
	return stop
}

// A number that fails three times at the only worker is given up, and no other number. Its dead letter can be
// shown and retried.
func TestDeadLetter(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, time.Second)
	stop := s.worker("fragile", fragile{nat.New(1_000_017)})
	numbers := sequence(1_000_001, 1_000_050, 1)
	p := s.run("producer", "submit --id j", feed(numbers)).wantCode(1)
	// A busy machine may miss an ack wait of a second, and the number is then queued again.
	said := regexp.MustCompile(`(?m)^.* INF `+notComputed+` .*\n`).ReplaceAllString(p.stderr.String(), "")
	if want := "producer: number 17 of the input, 1000017, was given up: panic: this number is too much for me (on fragile)\n" +
		"producer: job j gave up 1 number; `producer dead show j` shows why\n"; said != want {
		t.Errorf("standard error differs: %s", difference(said, want))
	}
	checkAnswers(t, strings.Replace(numbers, "1000017\n", "", 1), p.stdout.String())

	type letter struct {
		Job, Range, Error, Reproduce string
		Numbers                      []string
		Attempt                      int
		Final                        bool
		Attempts                     []struct {
			Attempt int
			Worker  string
			Error   string
		}
	}
	letters := report[[]letter](s, "dead ls j")
	if len(letters) != 1 || letters[0].Job != "j" || letters[0].Range != "16-1" || letters[0].Attempt != 3 || !letters[0].Final ||
		!slices.Equal(letters[0].Numbers, []string{"1000017"}) {
		t.Fatalf("dead letters: %+v", letters)
	}
	s.wantRecords(letters[0].Error)
	shown := report[[]letter](s, "dead show")
	if len(shown) != 1 || len(shown[0].Attempts) < 3 || shown[0].Attempts[0].Worker != "fragile" ||
		!strings.Contains(shown[0].Attempts[0].Error, "too much for me") {
		t.Errorf("dead show: %+v", shown)
	}
	name, args, _ := strings.Cut(shown[0].Reproduce, " ")
	checkAnswers(t, "1000017", run(t, name, args).wantCode(0).stdout.String())
	if list := s.run("producer", "dead ls").wantCode(0).stdout.String(); strings.Count(list, "\n") != 2 || !strings.Contains(list, "1000017") {
		t.Errorf("dead ls: %s", list)
	}
	if text := s.run("producer", "dead show j").wantCode(0).stdout.String(); strings.Count(text, "too much for me") < 4 {
		t.Errorf("dead show: %s", text)
	}
	s.run("producer", "dead export j").wantCode(0).wantStdout("1000017\n")
	s.run("producer", "wait j").wantCode(1).wantStdout(p.stdout.String()).wantSaid("1000017, was given up")
	run(t, "producer", "verify -", feed(s.run("producer", "wait j --json").wantCode(1).stdout.String())).
		wantCode(1).wantStdout("50 lines: 49 verified, 0 unfinished, 1 given up, 0 wrong; primes: 140 below 2^64, 0 by certificate, 0 PRP\n")

	stop()
	for filter, want := range map[string]int{"--failure much.for": 1, "--failure memory": 0, "--since 1h": 1, "--worker nobody": 0, "--failure much --since 1h": 1} {
		if got := report[[]letter](s, "dead ls j "+filter); len(got) != want {
			t.Errorf("dead ls %s: %+v", filter, got)
		}
	}
	s.run("producer", "dead ls j --failure (").wantCode(2).wantSaid("--failure: ")
	s.run("producer", "dead export j --failure memory").wantCode(0).wantStdout("")
	s.run("producer", "dead rm j --failure memory").wantCode(0).wantSaid("removed: 0")
	s.run("producer", "retry j --failed --failure memory").wantCode(0).wantSaid("queued again: 0;")
	s.run("producer", "retry j --failed --failure much").wantCode(0).wantSaid("queued again: 1;")
	if left := report[[]letter](s, "dead ls"); len(left) != 0 {
		t.Errorf("dead letters after the retry: %+v", left)
	}
	s.consumer("-n 1")
	checkAnswers(t, numbers, s.run("producer", "wait j").wantCode(0).wantStderr("").stdout.String())
}

// Removing a dead letter requeues the number, because nothing else records that it was given up.
func TestDeadLetterRemoved(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, time.Second)
	stop := s.worker("fragile", fragile{nat.New(15)})
	s.run("producer", "submit --id j 15 21").wantCode(1).wantStdout("21: 3 7\n")
	stop()
	_, js := s.connect()
	letter := task.Failure{Worker: "w", Attempt: 3, Err: "no", Numbers: []nat.Nat{nat.New(15)}}
	if _, err := js.Publish(t.Context(), "FACTOR.dead.k.0-1.w", letter.Encode()); err != nil { // of another job
		t.Fatal(err)
	}
	s.run("producer", "dead rm").wantCode(2)
	if there := report[[]any](s, "dead ls"); len(there) != 1 {
		t.Fatalf("dead letters: %+v", there)
	}
	if there := report[[]any](s, "dead ls --claims"); len(there) != 3 { // also that of the worker for job j
		t.Fatalf("dead letters: %+v", there)
	}
	if list := s.run("producer", "dead ls --claims").wantCode(0).stdout.String(); strings.Count(list, "claim") != 2 || strings.Count(list, "given up") != 1 {
		t.Errorf("dead ls --claims: %s", list)
	}
	s.run("producer", "dead rm j").wantCode(0).wantSaid("removed: 1\n")
	s.run("producer", "dead rm --all").wantCode(0).wantSaid("removed: 1\n")
	if left := report[[]any](s, "dead ls --claims"); len(left) != 0 {
		t.Errorf("dead letters are left: %+v", left)
	}
	s.consumer("-n 1")
	s.run("producer", "wait j").wantCode(0).wantStdout("15: 3 5\n21: 3 7\n")
}
