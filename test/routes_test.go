package test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// answerers returns the workers that have stored results of a job.
func (s *server) answerers(job string) map[string]int {
	s.t.Helper()
	found := make(map[string]int)
	for _, subject := range s.resultSubjects() {
		token := strings.Split(subject, ".") // FACTOR.results.<job>.<range>.<worker>
		if token[2] == job {
			found[token[4]]++
		}
	}
	return found
}

const needsGPU = "no worker that runs now offers label gpu: start one with consumer run --label gpu; the job waits\n"

// A job that requires a label waits for a worker with that label, and says so at once. No other worker ever gets a task of
// it, also when the worker is killed or drains.
func TestRoutedJob(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.run("producer", "init --ack-wait 1s").wantCode(0)
	s.consumer("-n 2 --name plain")
	numbers := slow(0, 60, 61)
	job := s.start("producer", "submit --id j --require gpu --chunk 6", feed(numbers))
	job.await(&job.stderr, needsGPU)
	for _, line := range []string{"status j", "ls"} {
		if p := s.run("producer", line).wantCode(0); !strings.Contains(p.stdout.String(), "\n  "+needsGPU) {
			t.Errorf("%s:\n%s", line, p.stdout.String())
		}
	}
	if list := report[struct{ Waits []string }](s, "status j").Waits; len(list) != 1 || list[0]+"\n" != needsGPU {
		t.Errorf("status: %q", list)
	}
	if p := s.run("producer", "status").wantCode(0); !strings.Contains(p.stdout.String(), "\nnorm+gpu ") {
		t.Errorf("status:\n%s", p.stdout.String())
	}
	other := s.run("producer", "submit 10403") // the plain worker is free
	other.wantCode(0).wantStdout("10403: 101 103\n")

	_, js := s.connect()
	if err := js.DeleteConsumer(t.Context(), "FACTOR_TASKS", "workers-norm+gpu"); err != nil { // no supervisor is there
		t.Fatal(err)
	}
	dying := s.consumer("-n 1 --name dying --label ssd --label gpu")
	eventually(t, "a chunk is running", func() bool { return s.unsettled() > 0 })
	if p := s.run("producer", "workers ls").wantCode(0); !strings.Contains(p.stdout.String(), "\n  offers: labels gpu, ssd\n") {
		t.Errorf("workers ls:\n%s", p.stdout.String())
	}
	dying.kill()
	leaving := s.consumer("-n 2 --name leaving --label gpu --drain-timeout 1s")
	eventually(t, "it has answered some", func() bool { return s.answerers("j")["leaving"] > 0 })
	leaving.signal(syscall.SIGTERM)
	leaving.wantCode(0)
	s.consumer("-n 2 --name heir --label gpu")
	job.wantCode(0).wantStderr("producer: " + needsGPU)
	checkAnswers(t, numbers, job.stdout.String())
	if found := s.answerers("j"); found["plain"] > 0 || found["heir"] == 0 {
		t.Errorf("results of %v", found)
	}
}

// A detached job waits, and its durable is created again if somebody removes it.
func TestRoutedDetached(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	supervisor := s.start("producer", "serve")
	supervisor.await(&supervisor.stderr, "connected")
	s.run("producer", "submit --detach --id j --require gpu --require ssd 10403 360").wantCode(0).
		wantSaid("no worker that runs now offers label gpu, ssd: start one with consumer run --label gpu --label ssd; the job waits")
	_, js := s.connect()
	if err := js.DeleteConsumer(t.Context(), "FACTOR_TASKS", "workers-norm+gpu+ssd"); err != nil {
		t.Fatal(err)
	}
	s.consumer("-n 1 --name half --label gpu")
	s.consumer("-n 1 --name gpu --label gpu --label ssd")
	s.run("producer", "wait j").wantCode(0).wantStdout("10403: 101 103\n360: 2 2 2 3 3 5\n")
	if found := s.answerers("j"); len(found) != 1 || found["gpu"] == 0 {
		t.Errorf("results of %v", found)
	}
}

// Large numbers go to workers that accept them, and wait for one.
func TestMaxDigits(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.consumer("-n 1 --name small --max-digits 20")
	const large = "10000000000000000016800000000000000005031" // 41 digits: (10^20+39) * (10^20+129)
	job := s.start("producer", "submit --as-completed --id j --chunk 3 10403 360 "+large)
	job.await(&job.stdout, "360: ")
	eventually(t, "the number waits", func() bool {
		return strings.Contains(s.run("producer", "status j").stdout.String(), "no worker that runs now accepts numbers of any size: start one with consumer run without --max-digits; the job waits")
	})
	s.consumer("-n 1 --name any")
	job.wantCode(0)
	if out := job.stdout.String(); !strings.Contains(out, large+": 100000000000000000039 100000000000000000129\n") {
		t.Errorf("answers:\n%s", out)
	}
	if found := s.answerers("j"); found["any"] != 1 || found["small"] == 0 {
		t.Errorf("results of %v", found)
	}
}

func TestRouteFlags(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, args, want string }{
		{"consumer", "run --label GPU", `--label "GPU" is not a label: use 1 to 24 of a-z 0-9 _ -`},
		{"consumer", "run --label exec=x", `--label "exec=x" is not a label`},
		{"consumer", "run --label large --max-digits 90", "--label large is for workers that accept numbers of any size"},
		{"consumer", "run --max-digits 3", "--max-digits must be at least 20, not 3"},
		{"producer", "submit --require g.u 33", `--require "g.u" is not a label`},
		{"producer", "submit --require a --require b --require c --require d --require e 33", "--require: 5 labels, a job may require 4"},
		{"producer", "submit --require a --campaign always 33", "--campaign always: every worker takes part"},
		{"embedded", "submit --require gpu 33", "--require gpu: only this process can do the work, and has no such --label"},
	} {
		run(t, test.name, test.args).wantCode(2).wantSaid(test.want)
	}
	run(t, "embedded", "submit --require gpu --label gpu 33").wantCode(0).wantStdout("33: 3 11\n").wantStderr("")
}

// With keys, a worker takes the tasks of its labels, and a producer creates their durables. Nobody needs more rights.
func TestSecureRoutes(t *testing.T) {
	t.Parallel()
	f := fortify(t, filepath.Join(t.TempDir(), "keys"), "127.0.0.1:0 -n 1")
	submit := strings.Replace(f.says("submit here: ")[0], "NUMBER...", "--require gpu 10403", 1)
	job := f.machine(submit)
	job.await(&job.stderr, needsGPU)
	f.worker(f.says("on the next machine: ")[0] + " --label gpu")
	job.wantCode(0)
	job.wantStdout("10403: 101 103\n")
	f.submit()
}
