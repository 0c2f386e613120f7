package test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A liar factors correctly and then changes its answers, until honest is set.
type liar struct {
	twist  func(n nat.Nat, f *task.Factorization)
	honest atomic.Bool
}

func (l *liar) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	from := len(*done)
	err := kind.All()[task.KindFactor].Run(ctx, numbers, o, done)
	for i := from; i < len(*done) && !l.honest.Load(); i++ {
		l.twist(numbers[i-from], &(*done)[i])
	}
	return err
}

// allPrime claims that n is prime.
func allPrime(n nat.Nat, f *task.Factorization) {
	f.Factors = []task.Factor{{P: n, Exp: 1, Status: task.Prime}}
}

// A workerReport is one worker in the output of `producer workers ls --json`.
type workerReport struct {
	Name, State string
	Alive       bool
	Quarantined *time.Time
	Reason      string `json:"quarantine_reason"`
	Strikes     []struct {
		Job, Range, Reason string
		Seq                uint64
	}
}

func (s *server) workerReport(name string) (r workerReport) {
	s.t.Helper()
	for _, r = range report[[]workerReport](s, "workers ls") {
		if r.Name == name {
			return r
		}
	}
	return workerReport{}
}

// A claim of a worker is printed only if it is true. A worker with three false answers is quarantined,
// and the job is completed by an honest worker.
func TestLyingWorkers(t *testing.T) {
	t.Parallel()
	numbers := sequence(1_000_001, 1_001_200, 1) // composites and primes below 2^64
	for name, twist := range map[string]func(nat.Nat, *task.Factorization){
		"composite primes":  allPrime,
		"wrong factors":     func(_ nat.Nat, f *task.Factorization) { f.Factors[0].P = nat.New(4711) },
		"a factor left out": func(_ nat.Nat, f *task.Factorization) { f.Factors = f.Factors[1:] },
		"exponents":         func(_ nat.Nat, f *task.Factorization) { f.Factors[0].Exp += 1 << 30 },
		"no order":          func(_ nat.Nat, f *task.Factorization) { f.Factors = append(f.Factors, f.Factors[0]) },
		"unfinished primes": func(_ nat.Nat, f *task.Factorization) { f.Factors[0].Status = task.Composite },
		"of something else": func(n nat.Nat, f *task.Factorization) { allPrime(nat.New(1_000_003), f) },
		"nothing":           func(_ nat.Nat, f *task.Factorization) { f.Factors = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startFleet(t)
			s.worker("liar", &liar{twist: twist})
			p := s.start("producer", "submit --id j --chunk 20", feed(numbers))
			p.await(&p.stderr, "worker quarantined")
			if output := p.stdout.String(); output != "" {
				t.Errorf("printed %.200q", output)
			}
			s.consumer("-n 1 --name honest")
			checkAnswers(t, numbers, p.wantCode(0).stdout.String())
			if r := s.workerReport("liar"); len(r.Strikes) != 3 || r.State != "quarantined" || r.Quarantined == nil {
				t.Errorf("liar: %+v", r)
			}
			if r := s.workerReport("honest"); len(r.Strikes) != 0 || !r.Alive || r.State != "running" {
				t.Errorf("honest: %+v", r)
			}
		})
	}
}

// A prime, a power, or a number that every worker splits is not printed as unfinished.
func TestFalselyUnfinished(t *testing.T) {
	t.Parallel()
	unfinished := func(n nat.Nat, f *task.Factorization) {
		f.Factors = []task.Factor{{P: n, Exp: 1, Status: task.Composite}}
	}
	numbers := "340282366920938463463374607431768211507\n1267650600228229401496703205376\n" + // 2^128+51, 2^100
		"1856910058928070412348686333\n383123885216472214589586755549637256619304505646776321\n"
	s := startFleet(t)
	s.worker("liar", &liar{twist: unfinished})
	p := s.start("producer", "submit --id j --chunk 1", feed(numbers))
	p.await(&p.stderr, "worker quarantined")
	if output := p.stdout.String(); output != "" {
		t.Errorf("printed %.200q", output)
	}
	s.consumer("-n 1 --name honest")
	p.wantCode(0).wantStdout("340282366920938463463374607431768211507: 340282366920938463463374607431768211507\n" +
		"1267650600228229401496703205376:" + strings.Repeat(" 2", 100) + "\n" +
		"1856910058928070412348686333: 3 618970019642690137449562111\n" +
		"383123885216472214589586755549637256619304505646776321: 618970019642690137449562111 618970019642690137449562111\n")
	if r := s.workerReport("liar"); len(r.Strikes) != 3 || r.State != "quarantined" {
		t.Errorf("liar: %+v", r)
	}
	for line, why := range map[string]string{ // as the two numbers were printed once
		"340282366920938463463374607431768211507: c340…(39)": "is called composite and is a probable prime",
		"1267650600228229401496703205376: c126…(31)":         "is unfinished and has a prime factor below 2^16",
	} {
		run(t, "producer", "verify -", feed(line+"\n")).wantCode(6).wantSaid(why)
	}
}

// A worker that gives up before the budget of a number is spent gets a strike, and the number is
// factored by another worker.
func TestUnfinishedTooEarly(t *testing.T) {
	t.Parallel()
	early := func(n nat.Nat, f *task.Factorization) {
		f.Factors, f.Method = []task.Factor{{P: n, Exp: 1, Status: task.Composite}}, "unfinished after ecm(B1=50000,B2=5000000,curves=200)"
	}
	// Products of two Mersenne primes, of 138 to 168 bits.
	numbers := "348449143564781709757282234618550490759169\n1427247692705959880439315947500961989719490561\n" +
		"365375409162584546090451976447383451195951546369\n374144419156711146897884040346152783797331507019777\n"
	s := startFleet(t)
	s.worker("liar", &liar{twist: early})
	p := s.start("producer", "submit --id j --chunk 1", feed(numbers))
	p.await(&p.stderr, "worker quarantined")
	if output := p.stdout.String(); output != "" {
		t.Errorf("printed %.200q", output)
	}
	s.consumer("-n 1 --name honest")
	p.wantCode(0).wantStdout("348449143564781709757282234618550490759169: 2147483647 162259276829213363391578010288127\n" +
		"1427247692705959880439315947500961989719490561: 2305843009213693951 618970019642690137449562111\n" +
		"365375409162584546090451976447383451195951546369: 2147483647 170141183460469231731687303715884105727\n" +
		"374144419156711146897884040346152783797331507019777: 2305843009213693951 162259276829213363391578010288127\n")
	r := s.workerReport("liar")
	if len(r.Strikes) != 3 || r.State != "quarantined" {
		t.Errorf("liar: %+v", r)
	}
	for _, strike := range r.Strikes {
		if !strings.Contains(strike.Reason, "before its budget of 30s was spent") {
			t.Errorf("strike for %q", strike.Reason)
		}
	}
	if r := s.workerReport("honest"); len(r.Strikes) != 0 {
		t.Errorf("honest: %+v", r)
	}
}

// A false proof does not count and is a strike for its worker.
func TestForgedCertificates(t *testing.T) {
	t.Parallel()
	var numbers strings.Builder
	for n, found := new(big.Int).Lsh(big.NewInt(1), 80), 0; found < 12; n.Add(n, big.NewInt(1)) {
		if n.ProbablyPrime(0) {
			found++
			fmt.Fprintln(&numbers, new(big.Int).Mul(n, big.NewInt(3)))
		}
	}
	// forge applies twist to the proved large prime of an answer, its last factor.
	forge := func(twist func(f *task.Factor, certificate *string)) func(nat.Nat, *task.Factorization) {
		return func(_ nat.Nat, f *task.Factorization) {
			if last := len(f.Factors) - 1; last == len(f.Certificates)-1 {
				twist(&f.Factors[last], &f.Certificates[last])
			}
		}
	}
	for name, twist := range map[string]func(nat.Nat, *task.Factorization){
		"no certificate":    forge(func(_ *task.Factor, c *string) { *c = "" }),
		"cut off":           forge(func(_ *task.Factor, c *string) { *c = (*c)[:len(*c)-1] }),
		"no witness":        forge(func(_ *task.Factor, c *string) { *c = (*c)[:strings.LastIndex(*c, ":")] + ":1" }),
		"of another":        forge(func(_ *task.Factor, c *string) { *c = "618970019642690137449562111 +2:1" }),
		"of a probable one": forge(func(f *task.Factor, _ *string) { f.Status = task.PRP }),
		"a composite proved": func(n nat.Nat, f *task.Factorization) {
			allPrime(n, f)
			f.Certificates = []string{n.String() + " -2:3"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startFleet(t)
			s.worker("liar", &liar{twist: twist})
			p := s.start("producer", "submit --certify --json --id j --chunk 1", feed(numbers.String()))
			p.await(&p.stderr, "worker quarantined")
			if output := p.stdout.String(); output != "" {
				t.Errorf("printed %.200q", output)
			}
			s.consumer("-n 1 --name honest")
			run(t, "producer", "verify -", feed(p.wantCode(0).stdout.String())).wantCode(0).
				wantStdout("12 lines: 12 verified, 0 unfinished, 0 given up, 0 wrong; primes: 12 below 2^64, 12 by certificate, 0 PRP\n")
			if r := s.workerReport("liar"); len(r.Strikes) != 3 || r.State != "quarantined" {
				t.Errorf("liar: %+v", r)
			}
		})
	}
}

// A worker can be quarantined and released, by the fleet and by a command.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	l := &liar{twist: allPrime}
	stop := s.worker("liar", l)
	numbers := sequence(1_000_001, 1_000_100, 1)
	p := s.start("producer", "submit --id j --chunk 10", feed(numbers))
	p.await(&p.stderr, "worker quarantined")
	r := s.workerReport("liar")
	if !r.Alive || len(r.Strikes) != 3 || r.Strikes[0].Job != "j" || r.Strikes[0].Seq == 0 || !strings.Contains(r.Reason, "3 results did not verify") {
		t.Errorf("liar: %+v", r)
	}
	if list := s.run("producer", "workers ls").wantCode(0).stdout.String(); !slices.Contains(strings.Fields(list), "quarantined") {
		t.Errorf("workers ls:\n%s", list)
	}
	l.honest.Store(true)
	s.run("producer", "workers release liar").wantCode(0).wantStderr("").wantStdout("")
	checkAnswers(t, numbers, p.wantCode(0).stdout.String())
	eventually(t, "the worker is free", func() bool {
		r := s.workerReport("liar")
		return r.State == "running" && len(r.Strikes) == 0 && r.Quarantined == nil
	})
	stop()

	s.run("producer", "workers quarantine other --reason").wantCode(2)
	s.run("producer", "workers quarantine other", arguments("--reason", "too \x1b[1m hot")).wantCode(0)
	s.run("producer", "workers quarantine other").wantCode(0).wantSaid("producer: worker other was quarantined already\n")
	if r := s.workerReport("other"); r.Alive || r.State != "quarantined" || r.Reason != "too [1m hot" || len(r.Strikes) != 0 {
		t.Errorf("other: %+v", r)
	}
	q := s.start("producer", "submit --id k 15 21")
	other := s.consumer("-n 1 --name other") // learns it from the holder
	other.await(&other.stderr, "worker quarantined")
	s.run("producer", "workers release other").wantCode(0)
	other.await(&other.stderr, "worker released")
	q.wantCode(0).wantStdout("15: 3 5\n21: 3 7\n")

	s.run("producer", "workers release nobody").wantCode(7).wantStderr("producer: error: no such worker: nobody; `producer workers ls` lists them\n")
	s.run("producer", "workers release other").wantCode(0)
	for _, bad := range []string{"release", "release a b", "release A.B", "quarantine", "quarantine *"} {
		s.run("producer", "workers "+bad).wantCode(2)
	}
}

// Whatever unknown clients publish to the streams, all printed answers are true, and reports stay
// readable.
func TestStrangers(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	numbers := sequence(1_000_001, 1_002_000, 1)
	s.run("producer", "submit --id j --chunk 43 --detach", feed(numbers)).wantCode(0)
	p := s.start("producer", "wait j")

	nc, js := s.connect()
	put := func(subject, payload string) {
		t.Helper()
		m := nats.NewMsg(subject)
		m.Data = []byte(payload)
		if _, err := js.PublishMsg(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
	}
	escape := "\x1b]0;owned\x07\x1b[2J\u202e\n"
	letter := string((&task.Failure{Err: escape, Kind: escape, Version: escape, Worker: escape, Time: time.UnixMilli(1 << 60)}).Encode())
	for _, r := range []string{"0-43", "17-1", "0-2000", "0-1000000", "9007199254740990-1", "x", "00-1"} {
		for _, w := range []string{"honest", "stranger", "sweeper"} {
			put("FACTOR.results.j."+r+"."+w+"x", letter)
			put("FACTOR.returns.j."+r+".0."+w, letter)
			put("FACTOR.failed.j."+r+".0.1."+w, letter)
			put("FACTOR.dead.j."+r+"."+w, letter)
		}
	}
	for seq := range 60 {
		put("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.FACTOR_TASKS.workers-norm", fmt.Sprintf(`{"stream_seq":%d,"deliveries":3}`, seq))
	}
	status, err := json.Marshal(map[string]any{"host": escape, "version": escape, "state": escape, "slots": 1 << 40, "started": time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	nc.Publish("$KV.FACTOR_WORKERS.stranger.1", status)
	nc.Publish("$KV.FACTOR_WORKERS.stranger.2", []byte("{"))
	nc.Publish("FACTOR.ctl.cancel.*.x", nil)
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}

	s.consumer("-n 2 --name honest")
	checkAnswers(t, numbers, p.wantCode(0).stdout.String())
	for _, command := range []string{"workers ls", "dead ls", "dead show", "dead ls --json", "dead show --json", "workers ls --json", "ls", "status", "status j"} {
		p := s.run("producer", command).wantCode(0)
		for _, bad := range []string{"\x1b", "\x07", "\u202e"} {
			if strings.Contains(p.stdout.String()+p.stderr.String(), bad) {
				t.Errorf("%s: prints %q", p.line, bad)
			}
		}
	}
	if r := s.workerReport("honest"); len(r.Strikes) != 0 {
		t.Errorf("honest: %+v", r)
	}
}
