package test

import (
	"crypto/rand"
	"math/big"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// twoPrimes returns a product of so many digits of two random primes of half of the bits each.
func twoPrimes(t testing.TB, digits int) *big.Int {
	t.Helper()
	bits := int(float64(digits) * 3.3219) // below 10^digits; the product has this length or one bit less
	for {
		n := big.NewInt(1)
		for _, size := range []int{bits / 2, bits - bits/2} {
			p, err := rand.Prime(rand.Reader, size)
			if err != nil {
				t.Fatal(err)
			}
			n.Mul(n, p)
		}
		if len(n.String()) == digits {
			return n
		}
	}
}

// owner returns the name of the worker that has the ordinary task of the first number of a job; "" if none says so.
func (s *server) owner(job string) string {
	s.t.Helper()
	type active struct {
		Name       string
		Activities []struct{ Job, Composite string }
	}
	for _, w := range report[[]active](s, "workers ls") {
		for _, a := range w.Activities {
			if a.Job == job && a.Composite != "" {
				return w.Name
			}
		}
	}
	return ""
}

// yields returns how many results of parts are stored.
func (s *server) yields() (n int) {
	s.t.Helper()
	for _, subject := range s.resultSubjects() {
		if task.IsChildID(strings.Split(subject, ".")[2]) {
			n++
		}
	}
	return n
}

// TestCampaign: consumers sieve one number together. The one that has the number is stopped, another one is killed, one
// is added, and the supervisor that conducts the sieve ends. The number is answered, and nothing of the sieve is left.
func TestCampaign(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, 2*time.Second)
	supervisors := []*program{s.supervise("--listen none --log-level debug"), s.supervise("--listen none --log-level debug")}
	consumers := make(map[string]*program)
	for _, name := range []string{"a", "b", "c"} {
		consumers[name] = s.consumer("-n 1 --name " + name)
	}
	n := twoPrimes(t, 68).String() + "\n"
	s.run("producer", "submit --detach --id j --campaign always", feed(n)).wantCode(0).wantStderr("")
	var conducting *program
	eventually(t, "a campaign begins", func() bool {
		for _, p := range supervisors {
			if strings.Contains(p.stderr.String(), "free workers sieve a composite of 68 digits") {
				conducting = p
			}
		}
		return conducting != nil
	})
	if text := s.run("producer", "status j").wantCode(0).stdout.String(); !strings.Contains(text, "  number 1, 68 digits: ") {
		t.Errorf("status: %s", text)
	}
	owner := ""
	eventually(t, "a worker says that it has the number", func() bool { owner = s.owner("j"); return owner != "" })
	consumers[owner].signal(syscall.SIGSTOP)
	delete(consumers, owner)
	eventually(t, "consumers publish relations", func() bool { return s.yields() >= 2 })
	for name, p := range consumers {
		p.kill()
		delete(consumers, name)
		break
	}
	s.consumer("-n 1 --name d")
	conducting.signal(syscall.SIGTERM)
	conducting.wantCode(0)
	eventually(t, "the job is done", func() bool { return s.state("j") == task.Done })
	checkAnswers(t, n, s.run("producer", "results j").wantCode(0).wantStderr("").stdout.String())
	eventually(t, "nothing of the sieve is left", func() bool { return s.yields() == 0 && len(s.parts()) == 0 })
	if letters := s.subjects(schema.StreamDead); len(letters) > 0 {
		t.Errorf("dead letters and failures: %q", letters)
	}
	others := 0
	for _, p := range supervisors {
		if p != conducting && strings.Contains(p.stderr.String(), "a divisor of the composite was found") {
			others++
		}
	}
	if others != 1 {
		t.Errorf("the supervisor that is left has found no divisor")
	}
}

// parts returns the keys of parts.
func (s *server) parts() []string {
	s.t.Helper()
	return s.keys(schema.BucketJobs, "part.*.*")
}

// TestCampaignSecure: the identities that a fleet has already may sieve together, and learn the divisor.
func TestCampaignSecure(t *testing.T) {
	t.Parallel()
	f := fortify(t, filepath.Join(t.TempDir(), "keys"), "127.0.0.1:0 -n 0")
	for _, line := range f.says("on the next machine: ") {
		f.worker(line)
	}
	n := twoPrimes(t, 68).String()
	p := f.runs(strings.Replace(f.says("submit here: ")[0], "NUMBER...", "--campaign always "+n, 1)).wantCode(0)
	checkAnswers(t, n+"\n", p.stdout.String())
	f.await(&f.stderr, "the campaign is over") // its owner may have been done before it had a divisor
	for _, want := range []string{"free workers sieve a composite of 68 digits", "sieve tasks queued"} {
		if !strings.Contains(f.stderr.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if strings.Contains(f.stderr.String(), "has failed") {
		t.Error("the campaign has failed")
	}
	f.signal(syscall.SIGTERM)
	f.wantCode(0)
}
