package test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// What TestSoak checks and reports: the answers of a slow twin, what is left, and what the programs have used.

// mixture returns count numbers: most take a worker a fixed time without using the processor, some must be tested
// as heavy numbers are, and some are small.
func (s *soak) mixture(count int) string {
	var b strings.Builder
	for range count {
		switch s.random.IntN(10) {
		case 0:
			b.WriteString(heavy(s.random.IntN(1000), 1, 2203))
		case 1, 2, 3:
			fmt.Fprintln(&b, s.random.Uint64N(1<<40))
		default:
			b.WriteString(slow(s.random.IntN(100_000), 1, 61))
		}
	}
	return b.String()
}

// twinAnswers returns the output of factor for a mixture. It shares nothing with the programs: it divides by the
// Mersenne primes that a mixture has, and by every odd number up to the square root of the rest.
func twinAnswers(t testing.TB, numbers string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(numbers) {
		x, _ := new(big.Int).SetString(word, 10)
		var large []string
		for _, exponent := range []uint{61, 2203} {
			p := new(big.Int).Lsh(big.NewInt(1), exponent)
			p.Sub(p, big.NewInt(1))
			if q, r := new(big.Int).QuoRem(x, p, new(big.Int)); r.Sign() == 0 && x.Sign() > 0 {
				x, large = q, append(large, p.String())
			}
		}
		if !x.IsUint64() {
			t.Fatalf("the slow twin has no answer for %s", word)
		}
		fmt.Fprintf(&b, "%s:", word)
		for _, p := range append(divide(x.Uint64()), large...) {
			b.WriteString(" " + p)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// divide returns the prime factors of n in ascending order.
func divide(n uint64) (primes []string) {
	for p := uint64(2); p*p <= n; p += 1 + p&1 {
		for ; n%p == 0; n /= p {
			primes = append(primes, fmt.Sprint(p))
		}
	}
	if n > 1 {
		primes = append(primes, fmt.Sprint(n))
	}
	return primes
}

// soakSamples is how many samples a soak takes, at least.
const soakSamples = 6

// A usage is what the programs use at a time of the soak, and what is stored.
type usage struct {
	at                             time.Duration
	jobs                           int
	serverMB, serveMB, workerMB    int // the largest of each kind
	storeKB, consumers, leases     int
	inputs, tasks, results, others int // messages
}

// takeSample takes a sample if it is time for one, or if now is set.
func (s *soak) takeSample(now bool) {
	s.t.Helper()
	if at := time.Since(s.began); now || at >= time.Duration(len(s.samples)+1)**soakFlag/soakSamples {
		s.samples = append(s.samples, s.usage(at))
	}
}

func (s *soak) usage(at time.Duration) usage {
	s.t.Helper()
	x := usage{at: at, jobs: s.did["jobs"], serverMB: s.memory(s.program), serveMB: s.memory(s.supervisors...), workerMB: s.memory(s.group.members...)}
	js, err := jetstream.New(s.watch)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, count := range map[string]*int{
		schema.StreamInputs: &x.inputs, schema.StreamTasks: &x.tasks, schema.StreamResults: &x.results, schema.StreamReturns: &x.others, schema.StreamDead: &x.others,
		schema.BucketStream(schema.BucketJobs): nil, schema.BucketStream(schema.BucketWorkers): nil, schema.BucketStream(schema.BucketLeases): &x.leases,
	} {
		st, err := js.Stream(s.t.Context(), name)
		if err != nil {
			continue // the server was away a moment ago
		}
		state := st.CachedInfo().State
		x.consumers += state.Consumers
		if count != nil {
			*count += int(state.Msgs)
		}
	}
	filepath.WalkDir(filepath.Join(filepath.Dir(s.guard.conf), "store"), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				x.storeKB += int(info.Size() / 1000)
			}
		}
		return nil
	})
	return x
}

// memory returns the largest resident memory of the programs that run, in units of 10^6 bytes.
func (s *soak) memory(programs ...*program) (most int) {
	for _, p := range programs {
		if !ended(p) {
			most = max(most, resident(p.cmd.Process.Pid))
		}
	}
	return most
}

// checkLeft ends the workers and then the supervisors, and checks that they leave nothing of the jobs.
func (s *soak) checkLeft() {
	s.t.Helper()
	s.group.stop()
	for _, name := range []string{schema.StreamTasks, schema.StreamReturns} { // a return waits for the next sweep
		eventually(s.t, name+" is empty", func() bool { s.replaceEnded(); return len(s.subjects(name)) == 0 })
	}
	s.takeSample(true)
	// Leases of killed programs expire after 15 s. A server that is killed may forget that; a supervisor that lives long
	// enough then removes them.
	leases := func() int { return len(s.subjects(schema.BucketStream(schema.BucketLeases))) }
	if *soakFlag > longSoak {
		eventually(s.t, "the supervisors' leases alone are left", func() bool { s.replaceEnded(); return leases() == len(s.supervisors) })
	}
	for _, p := range s.supervisors {
		p.await(&p.stderr, "supervising")
		p.signal(syscall.SIGTERM)
		p.wantCode(0)
	}
	if *soakFlag > longSoak {
		eventually(s.t, "no lease is left", func() bool { return leases() == 0 })
	}
	for _, name := range []string{schema.StreamResults, schema.StreamInputs, schema.StreamDead} {
		s.t.Logf("%5d left in %s", len(s.subjects(name)), name)
	}
	s.takeSample(true)
}

// report logs the counts of the soak.
func (s *soak) report() {
	s.t.Helper()
	maps.Copy(s.did, s.hostile.did)
	for _, what := range slices.Sorted(maps.Keys(s.did)) {
		s.t.Logf("%5d %s", s.did[what], what)
	}
	s.t.Log("     at  jobs  server  serve  worker (MB)  store (KB)  consumers  leases  inputs  tasks  results  returns and dead letters")
	for _, x := range s.samples {
		s.t.Logf("%7s %5d %7d %6d %7d %16d %10d %7d %7d %6d %8d %8d", x.at.Round(time.Second), x.jobs, x.serverMB, x.serveMB, x.workerMB, x.storeKB, x.consumers, x.leases, x.inputs, x.tasks, x.results, x.others)
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err == nil {
		cpu := time.Duration(used.Utime.Nano() + used.Stime.Nano())
		s.t.Logf("CPU time of all programs of this run: %v, %.2f cores", cpu.Round(time.Second), cpu.Seconds()/time.Since(s.began).Seconds())
	}
	s.t.Logf("%d numbers printed, 0 twice, 0 lost, all as the slow twin has them; %d results came for them; a job took %v at most", s.numbers, s.sight.resultCount(), s.longest.Round(time.Second/10))
	s.t.Logf("results came again at most %v after a fault; a dead worker's task at most %v (ack wait %v)", s.slowest.Round(time.Millisecond), s.detected().Round(time.Millisecond), s.ackWait)
}

// detected returns the longest time from the death of a worker until its task was handed back by another one. A
// task is redelivered one ack wait after its worker's last heartbeat. So a fault younger than three quarters of the
// ack wait is not the cause of a redelivery.
func (s *soak) detected() (longest time.Duration) {
	s.sight.mu.Lock()
	defer s.sight.mu.Unlock()
	for _, r := range s.sight.returns {
		if !r.died {
			continue
		}
		for _, at := range slices.Backward(s.died) {
			if after := r.at.Sub(at); after > s.ackWait*3/4 {
				longest = max(longest, after)
				break
			}
		}
	}
	return longest
}
