package test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// The digest is that of the output of coreutils factor 9.1 for the same numbers.
const digestTutorial = "039505f905dc6618c6454a21e39ec6a9e440dc33eb210420ece60f1621e9a6fe"

func TestTutorial(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1 --name one")
	s.consumer("-n 1 --name two")
	p := s.run("producer", "submit --chunk 43 --id tutorial", feed(tutorial)).wantCode(0).wantStderr("")
	checkAnswers(t, tutorial, p.stdout.String())
	if got := digest(p.stdout.String()); got != digestTutorial {
		t.Errorf("digest %s, not %s", got, digestTutorial)
	}
	checkFactor(t, tutorial, p.stdout.String())

	s.checkAnsweredOnce("tutorial", 1000)
	for _, text := range s.answeredRanges("tutorial") { // 23 chunks of 43, and 11 numbers left; some of them in one result
		if r, err := task.ParseRange(text); err != nil || r.First%43 != 0 || r.Count%43 != 0 && r.End() != 1000 {
			t.Errorf("answers came for %s", text)
		}
	}
	if j := s.job("tutorial"); j.State != "done" || j.Count != 1000 || j.Verified != 1000 || j.Queued != 0 {
		t.Errorf("job: %+v", j)
	}
}

// answeredRanges returns the ranges for which a result is stored, sorted as text.
func (s *server) answeredRanges(job string) (ranges []string) {
	s.t.Helper()
	for _, subject := range s.resultSubjects() {
		token := strings.Split(subject, ".") // FACTOR.results.<job>.<range>.<worker>
		if token[2] == job {
			ranges = append(ranges, token[3])
		}
	}
	slices.Sort(ranges)
	return ranges
}

// checkAnsweredOnce checks that the stored results cover the first count numbers of a job, each exactly
// once.
func (s *server) checkAnsweredOnce(job string, count int) {
	s.t.Helper()
	type span struct{ first, count int }
	var spans []span
	for _, r := range s.answeredRanges(job) {
		first, length, _ := strings.Cut(r, "-")
		f, _ := strconv.Atoi(first)
		n, _ := strconv.Atoi(length)
		spans = append(spans, span{f, n})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.first - b.first })
	next := 0
	for _, r := range spans {
		if r.first != next {
			s.t.Fatalf("job %s: answers stored for %v: after %d comes %d", job, spans, next, r.first)
		}
		next += r.count
	}
	if next != count {
		s.t.Fatalf("job %s: answers stored for %d numbers, not %d", job, next, count)
	}
}

// A producer that is killed while it waits loses nothing: another producer prints everything, once.
func TestProducerDiesWaiting(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	submit := s.start("producer", "submit --id j --chunk 43", feed(tutorial))
	eventually(t, "all input is queued", func() bool {
		return s.state("j") == task.Sealed && !s.held("j.feed")
	})
	submit.kill()
	s.consumer("-n 2")
	p := s.run("producer", "wait j").wantCode(0).wantStderr("")
	checkAnswers(t, tutorial, p.stdout.String())
	s.checkAnsweredOnce("j", 1000)
	if queued := s.queuedEver(); queued != 24 {
		t.Errorf("%d tasks were queued for 24 chunks", queued)
	}

	// Submitting it again prints the answers again.
	again := s.run("producer", "submit --id j --chunk 43", feed(tutorial)).wantCode(0).wantStdout(p.stdout.String())
	again.wantStderr("")
	s.run("producer", "results j").wantCode(0).wantStdout(p.stdout.String())
	s.run("producer", "submit --id j", feed(strings.Replace(tutorial, "\n1000000000099\n", "\n1000000000098\n", 1))).
		wantCode(8).wantStdout("").wantSaid("other input: its number 51 is 1000000000099, here it is 1000000000098")
	s.run("producer", "submit --id j", feed(tutorial+"15\n")).wantCode(8).wantStdout("").wantSaid("1,000 numbers, this input has more")
	s.run("producer", "submit --id j", feed(sequence(999_999_999_999, 1_000_000_000_197, 2))).wantCode(8).wantStdout("").wantSaid("1,000 numbers, this input has only 100")
	if queued := s.queuedEver(); queued != 24 {
		t.Errorf("submitting again queued %d tasks", queued-24)
	}
}

// A producer that is killed while it reads leaves a job that was cut off. The stored part of the job is
// finished, and a submit of the whole input continues it.
func TestProducerDiesReading(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 2")
	const stored = 430
	lines := strings.SplitAfter(tutorial, "\n")
	part := strings.Join(lines[:stored], "")
	in, feeder := pipe(t)
	submit := s.start("producer", "submit --id j --chunk 43", in)
	if _, err := feeder.WriteString(part); err != nil {
		t.Fatal(err)
	}
	submit.await(&submit.stdout, "\n"+strings.TrimSpace(lines[stored-1])+": ")
	submit.kill()

	// The leases of the killed producer expire after 15 s.
	p := s.run("producer", "wait j").wantCode(1).wantSaid("the input of job j was cut off after 430 numbers")
	checkAnswers(t, part, p.stdout.String())
	if j := s.job("j"); !j.CutOff || j.State != "done" || j.Count != stored {
		t.Errorf("job: %+v", j)
	}
	s.run("producer", "submit --id j --chunk 43 15 21").wantCode(8).wantStdout("").wantSaid("number 1 is 999999999999, here it is 15")

	before := s.queuedEver()
	p = s.run("producer", "submit --id j --chunk 43", feed(tutorial)).wantCode(0).wantStderr("")
	checkAnswers(t, tutorial, p.stdout.String())
	s.checkAnsweredOnce("j", 1000)
	if queued := s.queuedEver() - before; queued != 14 {
		t.Errorf("%d tasks were queued for 13 chunks and 11 numbers", queued)
	}
	if j := s.job("j"); j.CutOff || j.State != "done" || j.Verified != 1000 {
		t.Errorf("job: %+v", j)
	}
	s.run("producer", "wait j").wantCode(0).wantStdout(p.stdout.String()).wantStderr("")
}

// Cancel stops running computations within a second, so that the slots are free for other jobs.
func TestCancel(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 2")
	job := s.start("producer", "submit --id hard --chunk 1 --budget 10m", arguments(hard, hard, hard, hard))
	eventually(t, "both slots work", func() bool { return s.unsettled() == 2 })
	began := time.Now()
	s.run("producer", "cancel hard").wantCode(0)
	job.wantCode(5).wantSaid("job hard was cancelled")
	s.run("producer", "submit 15 21 --chunk 1").wantCode(0).wantStdout("15: 3 5\n21: 3 7\n")
	// 1 s for the slots; the rest is for starting two programs on a busy machine.
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the next job was done %v after cancelling", took)
	}
	if status, inWork := s.status(); inWork != 0 || status.Jobs != 0 {
		t.Errorf("afterwards: %+v", status)
	}
	s.run("producer", "results hard").wantCode(1).wantStdout("").wantStderr("producer: no answer yet for 4 of 4 numbers: job hard was cancelled\n")
}

// A consumer that gets SIGTERM hands back what it cannot finish in time. This is not a failure and
// spends no delivery.
func TestDrain(t *testing.T) {
	t.Parallel()
	for signals, numbers := range map[int]string{1: slow(0, 90, 89), 2: heavy(0, 90, 2203)} {
		t.Run(fmt.Sprintf("%d signals", signals), func(t *testing.T) {
			t.Parallel()
			s := startFleet(t)
			leaving := s.consumer("-n 1 --name leaving --drain-timeout 2s")
			job := s.start("producer", "submit --id j --chunk 45", feed(numbers))
			eventually(t, "a chunk is running", func() bool { return s.unsettled() > 0 })
			for range signals {
				leaving.signal(syscall.SIGTERM)
			}
			began := time.Now()
			leaving.wantCode(0)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("the drain took %v", took)
			}
			s.consumer("-n 2 --name staying")
			job.wantCode(0)
			if said := strings.ReplaceAll(job.stderr.String(), "producer: "+noWorker+"\n", ""); said != "" { // on a busy machine
				t.Errorf("standard error: %s", said)
			}
			checkAnswers(t, numbers, job.stdout.String())
			s.checkAnsweredOnce("j", 90)
			if tasks, deliveries := s.queuedEver(), s.deliveries(); deliveries != tasks {
				t.Errorf("%d deliveries of %d tasks", deliveries, tasks)
			}
			if j := s.job("j"); j.Letters != 0 || j.State != "done" {
				t.Errorf("job: %+v", j)
			}
		})
	}
}

// A consumer that is killed costs one delivery and one ack wait.
func TestConsumerDies(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.run("producer", "init --ack-wait 1s").wantCode(0)
	numbers := slow(0, 60, 61)
	dying := s.consumer("-n 1 --name dying")
	job := s.start("producer", "submit --chunk 30", feed(numbers))
	eventually(t, "a chunk is running", func() bool { return s.unsettled() > 0 })
	dying.kill()
	s.consumer("-n 2 --name heir")
	job.wantCode(0).wantStderr("")
	checkAnswers(t, numbers, job.stdout.String())
	if letters := report[[]any](s, "dead ls"); len(letters) != 0 {
		t.Errorf("dead letters: %v", letters)
	}
}

// The server restarts: nothing is lost, and no program gives up.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	serve := func(port string) *server {
		s := &server{program: start(t, "nats-server", "-a 127.0.0.1 -js -sd "+store+" -p "+port)}
		s.await(&s.stderr, "Server is ready")
		s.url = listens(t, s.program)
		return s
	}
	s := serve("-1")
	s.run("producer", "init").wantCode(0)
	numbers := slow(0, 60, 61)
	worker := s.consumer("-n 2")
	job := s.start("producer", "submit --chunk 3 --as-completed", feed(numbers))
	job.await(&job.stdout, "\n")
	s.signal(syscall.SIGTERM)
	s.wait()
	serve(s.url[strings.LastIndexByte(s.url, ':')+1:])
	job.wantCode(0)
	lines := strings.SplitAfter(job.stdout.String(), "\n")
	place := make(map[string]int)
	for i, n := range strings.Fields(numbers) {
		place[n] = i
	}
	slices.SortStableFunc(lines[:len(lines)-1], func(a, b string) int {
		a, _, _ = strings.Cut(a, ":")
		b, _, _ = strings.Cut(b, ":")
		return place[a] - place[b]
	})
	checkAnswers(t, numbers, strings.Join(lines, ""))
	worker.signal(syscall.SIGTERM)
	worker.wantCode(0)
}

// The server in embedded accepts other programs, and with a store it keeps their jobs.
func TestEmbeddedRun(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	serve := func(args string) (node *program, url string) {
		node = start(t, "embedded", "run --listen 127.0.0.1:0 --store "+store+" "+args)
		node.await(&node.stderr, "listening on ")
		_, rest, _ := strings.Cut(node.stderr.String(), "listening on ")
		url, _, _ = strings.Cut(rest, ";")
		return node, url
	}
	node, url := serve("-n 0")
	numbers := sequence(1_000_000_007, 1_000_000_206, 1)
	id := strings.TrimSpace(run(t, "producer", "submit --detach --server "+url, feed(numbers)).wantCode(0).stdout.String())
	node.signal(syscall.SIGTERM)
	node.wantCode(0)

	node, url = serve("-n 0")
	worker := start(t, "consumer", "run -s "+url)
	worker.await(&worker.stderr, "worker ready")
	p := run(t, "producer", "-s "+url+" wait "+id).wantCode(0).wantStderr("")
	checkAnswers(t, numbers, p.stdout.String())
	worker.signal(syscall.SIGTERM)
	worker.wantCode(0)
	node.signal(syscall.SIGTERM)
	node.wantCode(0)

	node, url = serve("-n 1")
	run(t, "producer", "submit 15 -s "+url).wantCode(0).wantStdout("15: 3 5\n")
	node.signal(syscall.SIGTERM)
	node.wantCode(0)
}
