package test

import (
	"fmt"
	"math/big"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// What mallory stores as results and as returns.

// answer stores a result for a range.
func (m *mallory) answer(job string, r task.Range, items []task.Factorization) {
	result := task.Result{Kind: task.KindFactor, Worker: m.name, Version: "1", Attempt: 1, Elapsed: time.Millisecond, Items: items}
	m.send(schema.ResultSubject(job, r, m.name), result.Encode())
}

// lie pulls tasks, and answers that each number is one factor of a status.
func lie(status task.Status) func(*mallory) {
	return func(m *mallory) {
		for _, msg := range m.pull(256, 200*time.Millisecond) {
			at, t := tasked(msg)
			if t == nil {
				continue
			}
			m.answer(at.Job, at.Range, factors(t.Numbers, status))
			m.settle(msg, "+ACK")
		}
		m.flush()
	}
}

// factors are answers that each number is one factor of a status.
func factors(numbers []nat.Nat, status task.Status) (items []task.Factorization) {
	for _, n := range numbers {
		items = append(items, task.Factorization{Method: "guess", Factors: []task.Factor{{P: n, Exp: 1, Status: status}}})
	}
	return items
}

func falseComposites(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.attack(lie(task.Composite))
	numbers := "340282366920938463463374607431768211507\n1267650600228229401496703205376\n" + // 2^128+51, 2^100
		"1856910058928070412348686333\n383123885216472214589586755549637256619304505646776321\n"
	f.submit("j", "--chunk 1", numbers)
	f.expect("mallory is quarantined", func() bool { return f.charge("mallory").Quarantined != nil })
	f.honest("worker-1", "-n 1")
	f.answers("j", numbers)
	f.names()
}

func wrongResults(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")
	f.attack(lie(task.Prime))
	numbers := semiprimes(2000, 20, 1)
	f.submit("j", "--chunk 1", numbers)
	f.answers("j", numbers)
	f.names()
}

// Results for ranges that the job does not have, for jobs that do not exist, and of bytes that are no result.
func resultsOfNothing(t *testing.T) {
	f := besiege(t, siegeAckWait)
	numbers := slow(0, 100, 61)
	f.submit("j", "--chunk 1", numbers)
	next := uint64(0)
	const most = 5000
	stop := f.attack(func(m *mallory) {
		for range min(100, most-next) {
			next++
			m.answer("j", task.Range{First: 100 + next, Count: 10}, nil)
			m.answer(fmt.Sprint("k", next), task.Range{First: 0, Count: 1}, nil)
			m.send(schema.ResultSubject("j", task.Range{First: next % 100, Count: 2 + next}, "mallory"), []byte("no result"))
		}
		if m.flush(); next == most {
			time.Sleep(20 * time.Millisecond)
		}
	})
	f.honest("worker-1", "-n 2")
	f.answers("j", numbers)
	stop()
	t.Logf("%d results of nothing were stored", 3*next)
	f.names()
}

// A process that verifies a result for a minute obeys signals, and the supervisor serves other jobs.
func hugePrimes(t *testing.T) {
	f := besiege(t, siegeAckWait)
	mersenne := new(big.Int).Lsh(big.NewInt(1), 11213)
	mersenne.Sub(mersenne, big.NewInt(1))
	numbers := strings.Repeat(mersenne.String()+"\n", 60)
	job := f.start("producer", "submit --id j --chunk 60", feed(numbers))
	m := f.mallory()
	var at schema.Place
	var content *task.Task
	eventually(t, "mallory has the task", func() bool {
		for _, msg := range m.pull(1, 200*time.Millisecond) {
			at, content = tasked(msg)
			m.settle(msg, "+ACK")
		}
		return content != nil
	})
	before := cpuTime(t, job.cmd.Process.Pid)
	m.answer(at.Job, at.Range, factors(content.Numbers, task.PRP))
	eventually(t, "the result is verified", func() bool { return cpuTime(t, job.cmd.Process.Pid) > before+time.Second })
	began := time.Now()
	job.signal(syscall.SIGINT)
	job.wantCode(130)
	t.Logf("ended %v after the signal", time.Since(began).Round(time.Millisecond))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("ended %v after the signal", took)
	}
	f.honest("worker-1", "-n 1")
	f.submit("k", "--priority hi", "15\n21\n")
	f.answers("k", "15\n21\n")
	f.run("producer", "cancel j").wantCode(0)
}

// overlapping is a job whose numbers take a while to verify, with all 210 ranges of it answered rightly by
// one worker.
func overlappingResults(t *testing.T) {
	f := besiege(t, siegeAckWait)
	const exponent, count = 2203, 20
	numbers := heavy(0, count, exponent)
	job := f.start("producer", "submit --id j --chunk 20", feed(numbers))
	m := f.mallory()
	eventually(t, "the task is queued", func() bool { return len(m.pull(1, 100*time.Millisecond)) > 0 })
	items := heavyFactors(count, exponent)
	for length := uint64(1); length <= count; length++ {
		for first := uint64(0); first+length <= count; first++ {
			m.answer("j", task.Range{First: first, Count: length}, items[first:first+length])
		}
	}
	m.flush()
	checkAnswers(t, numbers, job.wantCode(0).stdout.String())
	took := job.cmd.ProcessState.UserTime()
	t.Logf("verified in %v of CPU time", took)
	if took > 8*time.Second { // each number once: 0.6 s; each result: 23 s
		t.Errorf("it has verified for %v", took)
	}
}

// heavyFactors are the answers to heavy(0, count, exponent).
func heavyFactors(count int, exponent uint) (items []task.Factorization) {
	mersenne := new(big.Int).Lsh(big.NewInt(1), exponent)
	large := task.Factor{P: nat.FromBig(mersenne.Sub(mersenne, big.NewInt(1))), Exp: 1, Status: task.PRP}
	for i := range count {
		var list []task.Factor
		for n, p := uint64(2*i+1), uint64(3); n > 1; p += 2 {
			f := task.Factor{P: nat.New(p), Status: task.Prime}
			for ; n%p == 0; n /= p {
				f.Exp++
			}
			if f.Exp > 0 {
				list = append(list, f)
			}
		}
		items = append(items, task.Factorization{Method: "trial", Factors: append(list, large)})
	}
	return items
}

// give stores a return.
func (m *mallory) give(job string, r task.Range, round string, pieces uint32) {
	m.send(schema.ReturnSubject(job, r, round, m.name), (&task.Return{Reason: task.Drained, Pieces: pieces}).Encode())
}

// Sixty returns of one chunk, in 4096 pieces each. What an honest worker hands back at the same time is
// queued in time, and the queue stays small.
func returnsInPieces(t *testing.T) {
	f := besiege(t, siegeAckWait)
	small := sequence(1_000_001, 1_004_096, 1) + slow(1000, 10, 89)
	f.submit("j", "--chunk 4096", small)
	m := f.mallory()
	var at schema.Place
	for _, msg := range m.pull(1, 5*time.Second) {
		at, _ = tasked(msg)
	}
	if at.Job != "j" {
		t.Fatalf("mallory has no task: %+v", at)
	}
	leaving := f.honest("worker-2", "-n 1 --drain-timeout 2s")
	numbers := slow(0, 90, 89)
	f.submit("k", "--chunk 45", numbers)
	eventually(t, "worker-2 has the other job", func() bool { return m.queue().NumAckPending >= 2 })
	for i := range 60 {
		m.give("j", at.Range, fmt.Sprint("r", i), 4096)
	}
	m.flush()
	leaving.signal(syscall.SIGTERM)
	leaving.wantCode(0)
	f.names() // while the job is active
	f.honest("worker-1", "-n 2")
	f.answers("k", numbers)
	f.answers("j", small)
	f.queued(2000)
}

// queued checks that no more than most tasks were ever queued.
func (f *siege) queued(most uint64) {
	f.t.Helper()
	s, err := f.admin().Stream(f.t.Context(), schema.StreamTasks)
	if err != nil {
		f.t.Fatal(err)
	}
	last := s.CachedInfo().State.LastSeq
	f.t.Logf("%d tasks were queued", last)
	if last > most {
		f.t.Errorf("%d tasks were queued, not at most %d", last, most)
	}
}

// Twenty thousand returns of ranges that are answered, that are queued and that are computed, as fast as one
// connection can.
func returnsFlood(t *testing.T) {
	f := besiege(t, siegeAckWait)
	f.honest("worker-1", "-n 1")
	leaving := f.honest("worker-2", "-n 1 --drain-timeout 2s")
	numbers := sequence(1_000_001, 1_000_500, 1) + slow(0, 200, 89)
	f.submit("j", "--chunk 50", numbers)
	m := f.mallory()
	eventually(t, "some is answered", func() bool { return m.queue().AckFloor.Stream > 0 })
	const most = 20_000
	next := 0
	stop := f.attack(func(m *mallory) {
		for range min(500, most-next) {
			next++
			m.give("j", task.Range{First: uint64(next*7) % 600, Count: uint64(next)%64 + 1}, fmt.Sprint("r", next), 64)
		}
		if m.flush(); next == most {
			time.Sleep(20 * time.Millisecond)
		}
	})
	leaving.signal(syscall.SIGTERM)
	leaving.wantCode(0)
	f.answers("j", numbers)
	stop()
	t.Logf("%d returns were forged", next)
	f.queued(5000)
	f.names()
}
