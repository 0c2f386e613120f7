package test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveStore starts `embedded run` on a store and returns its address.
func serveStore(t testing.TB, args string) (node *program, url string) {
	t.Helper()
	node = start(t, "embedded", "run --listen 127.0.0.1:0 "+args)
	node.await(&node.stderr, "listening on ")
	_, rest, _ := strings.Cut(node.stderr.String(), "listening on ")
	url, _, _ = strings.Cut(rest, ";")
	return node, url
}

// What was acknowledged is stored after the node was killed. A test cannot cut the power; that each
// write is synced is a setting of the server, with a test of its own.
func TestNodeIsKilled(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	node, url := serveStore(t, "-n 1 --ack-wait 1s --store "+store)
	numbers := slow(0, 200, 61)
	id := strings.TrimSpace(run(t, "producer", "submit --detach --chunk 5 -s "+url, feed(numbers)).wantCode(0).stdout.String())
	node.kill()
	p := run(t, "embedded", "submit --ack-wait 1s --chunk 5 --id "+id+" --store "+store, feed(numbers)).wantCode(0)
	checkAnswers(t, numbers, p.stdout.String())
}

// longNumbers returns numbers of 300 digits, which soon fill a store.
func longNumbers(count int) string {
	var b strings.Builder
	source := rand.New(rand.NewPCG(1, 2))
	for range count {
		b.WriteByte('1')
		for range 16 {
			fmt.Fprintf(&b, "%019d", source.Uint64()>>1)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// In a full store every process waits and logs this once. Nothing is lost, and work continues when
// there is room.
func TestFullStore(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	node, url := serveStore(t, "-n 1 --max-store 5MiB --store "+store)
	numbers := longNumbers(15_000)
	cut := len(numbers) / 15 * 7
	run(t, "producer", "submit --kind square --id ballast -s "+url, feed(numbers[:cut])).wantCode(0)
	job := start(t, "producer", "submit --kind square --id j -s "+url, feed(numbers[cut:]))
	node.await(&node.stderr, "the store is full, work waits for room")
	run(t, "producer", "rm ballast -s "+url).wantCode(0)
	job.wantCode(0)
	run(t, "producer", "submit 15 21 -s "+url).wantCode(0).wantStdout("15: 3 5\n21: 3 7\n")
	if n := strings.Count(node.stderr.String(), "the store is full"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, node.stderr.String())
	}
	node.signal(syscall.SIGTERM)
	node.wantCode(0)
}

// A running job can be cancelled and removed in a store that has no room for another message. Otherwise
// a user could not make room. Cancel keeps the results, so it has only the tasks to make room with: no number of that
// job has an answer, because the worker has one of 300 digits for longer than the test lasts.
func TestStopInFullStore(t *testing.T) {
	t.Parallel()
	for stop, submit := range map[string]string{"cancel j": "submit --budget 10h --id j", "rm --force j": "submit --kind square --id j"} {
		t.Run(stop, func(t *testing.T) {
			t.Parallel()
			node, url := serveStore(t, "-n 1 --max-store 5MiB --store "+t.TempDir()+"/store")
			s := &server{program: node, url: url}
			open, _ := pipe(t) // standard input that does not end
			idle := s.start("producer", "submit --id idle", open)
			eventually(t, "job idle", func() bool { return s.state("idle") != "" })
			job := s.start("producer", submit, feed(longNumbers(24_000))) // inputs and tasks alone are more than the store takes
			node.await(&node.stderr, "the store is full, work waits for room")
			s.fillUp()

			// The idle job has stored nothing that its removal would free.
			for _, command := range []string{"cancel idle", "rm --force idle"} {
				s.run("producer", command).wantCode(75).wantStdout("").wantSaid(
					"producer: error: write job idle: the store of the nats server is full (insufficient resources)\n", "producer: hint: remove jobs with `producer rm JOB`")
			}
			s.run("producer", stop).wantCode(0)
			job.wantCode(5)
			if stop == "cancel j" {
				s.run("producer", "rm j").wantCode(0)
			}
			s.run("producer", "rm --force idle").wantCode(0)
			idle.wantCode(5)
			s.run("producer", "submit 15 21").wantCode(0).wantStdout("15: 3 5\n21: 3 7\n")
			for _, stream := range []string{"FACTOR_INPUTS", "FACTOR_TASKS", "FACTOR_RETURNS"} {
				if n := s.stream(stream).CachedInfo().State.Msgs; n != 0 {
					t.Errorf("%s holds %d messages of removed jobs", stream, n)
				}
			}
		})
	}
}

// fillUp stores small messages until the store accepts none for a while. Tasks that were being settled
// when it became full have made some room.
func (s *server) fillUp() {
	_, js := s.connect()
	written, refused := 0, 0
	eventually(s.t, "the store takes nothing more", func() bool {
		written++
		if _, err := js.Publish(s.t.Context(), fmt.Sprintf("$KV.FACTOR_JOBS.worker.filler-%d", written), []byte("{}")); err == nil {
			refused = 0
		} else {
			refused++
		}
		return refused == 10
	})
}

// `embedded submit` exits with code 75 when nothing changes in a full store, and continues with a
// larger limit.
func TestFullStoreOfSubmit(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	numbers := longNumbers(20_000)
	args := "submit --kind square --id j --store " + store
	p := run(t, "embedded", args+" --max-store 5MiB --full-wait 2s", feed(numbers)).wantCode(75)
	p.wantSaid("embedded: error: the store in "+store+" is full", "embedded: hint: start again with a larger --max-store")
	run(t, "embedded", args, feed(numbers)).wantCode(0)
	run(t, "embedded", args+" --max-store 1K", feed("15")).wantCode(2).wantSaid("--max-store 1K is too small: it must be at least 4MiB")
	run(t, "embedded", args+" --max-store much", feed("15")).wantCode(2).wantSaid(`"much" is not a size`)
}

// smallDisk mounts a small file system with the given mount options until the end of the test.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: a full disk needs a small file system of its own, and mounting one needs root: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", disk).Run() })
	return disk
}

// A server that cannot create its streams reports why and leaves no temporary store, which run checks.
func TestStartWithoutRoom(t *testing.T) {
	t.Parallel()
	for _, descriptors := range []string{"9", "10", "12"} {
		t.Run(descriptors+" descriptors", func(t *testing.T) {
			t.Parallel()
			limited := exec.Command("sh", "-c", `ulimit -n `+descriptors+`; exec "$0" submit 10403`, binary(t, "embedded"))
			startCommand(t, limited).wantCode(74).wantStdout("").
				wantSaid("embedded: error: ", "too many open files", "embedded: hint: permit more open files: `ulimit -n 1024`\n")
		})
	}
	for _, options := range []string{"size=64k", "size=100m,nr_inodes=40"} {
		t.Run(options, func(t *testing.T) {
			t.Parallel()
			disk := smallDisk(t, options)
			for _, command := range []string{"submit 10403", "run -n 1 --listen 127.0.0.1:0", "run -n 1 --listen 127.0.0.1:0 --secure " + disk + "/keys"} {
				run(t, "embedded", command+" --store "+disk+"/store").wantCode(75).wantStdout("").
					wantSaid("no space left on device", "embedded: hint: free some space on the disk, then start the program again\n")
			}
		})
	}
}

// An interrupt ends the program at any moment of its start: with the exit code of the signal, or by the
// signal itself before the program handles signals.
func TestInterruptedStart(t *testing.T) {
	t.Parallel()
	for i, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for k := range 10 {
			p := start(t, "embedded", "submit 10403")
			time.Sleep(time.Duration(5+6*k+3*i) * time.Millisecond)
			p.cmd.Process.Signal(s) // it may have ended
			p.wait()
			if code := p.code(); code != -1 && code != 128+int(s) && code != 0 { // -1: before the program looks after signals
				t.Fatalf("%v: exit code %d\n%s", s, code, p.stderr.String())
			}
		}
	}
}

// On a full disk the streams of the server fail. The program detects this within seconds. A restart
// repairs them once there is space.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "size=12m")
	store := disk + "/store"
	node, url := serveStore(t, "-n 1 --max-store 1GiB --store "+store) // the limit is of no use here
	submit := start(t, "producer", "submit --kind square --id j -s "+url, feed(longNumbers(30_000)))
	if err := os.WriteFile(disk+"/other", make([]byte, 6<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	node.wantCode(75).wantSaid("embedded: error: the nats server's store in "+store+" is not healthy", "embedded: hint: free some space")
	submit.kill()
	if err := os.Remove(disk + "/other"); err != nil {
		t.Fatal(err)
	}
	numbers := sequence(1_000_000, 1_000_100, 1)
	p := run(t, "embedded", "submit --id k --store "+store, feed(numbers)).wantCode(0)
	checkAnswers(t, numbers, p.stdout.String())
}

// A damaged store is either refused with a hint, or the lost numbers are computed again. No answer is
// wrong or missing.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	numbers := sequence(1_000_000_001, 1_000_004_000, 1)
	blocks := func(store, stream string) string {
		list, _ := filepath.Glob(store + "/jetstream/$G/streams/" + stream + "/msgs/*.blk")
		if len(list) == 0 {
			t.Fatalf("no block of %s", stream)
		}
		return list[len(list)-1]
	}
	for name, test := range map[string]struct {
		stream  string
		damage  func(t *testing.T, path string)
		refused bool
	}{
		"results flipped":   {"FACTOR_RESULTS", flip, false},
		"results truncated": {"FACTOR_RESULTS", halve, false},
		"tasks flipped":     {"FACTOR_TASKS", flip, false},
		"meta damaged": {"FACTOR_RESULTS", func(t *testing.T, path string) {
			flip(t, filepath.Dir(filepath.Dir(path))+"/meta.inf")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := t.TempDir() + "/store"
			args := "--id j --chunk 50 --store " + store
			if test.stream == "FACTOR_TASKS" {
				node, url := serveStore(t, "-n 0 --store "+store)
				run(t, "producer", "submit --detach --id j --chunk 50 -s "+url, feed(numbers)).wantCode(0)
				node.signal(syscall.SIGTERM)
				node.wantCode(0)
			} else {
				run(t, "embedded", "submit "+args, feed(numbers)).wantCode(0)
			}
			test.damage(t, blocks(store, test.stream))
			p := run(t, "embedded", "submit "+args, feed(numbers))
			if test.refused {
				p.wantCode(1).wantStdout("").wantSaid("is not healthy", test.stream)
				return
			}
			p.wantCode(0)
			checkAnswers(t, numbers, p.stdout.String())
		})
	}
}

// Input that the store has lost is reported, and no program waits for it. A submit of the same input
// stores what is missing, and only that.
func TestLostInput(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	numbers := sequence(1_000_000_001, 1_000_020_000, 1) // five blocks of 4096
	args := "submit --id j --store " + store
	run(t, "embedded", args, feed(numbers)).wantCode(0)
	list, err := filepath.Glob(store + "/jetstream/$G/streams/FACTOR_INPUTS/msgs/*.blk")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	flip(t, list[0])

	node, url := serveStore(t, "-n 1 --store "+store)
	s := &server{program: node, url: url}
	lost := s.run("producer", "wait j").wantCode(1).wantStdout("")
	lost.wantSaid("producer: error: the server has lost input: of the 20,000 numbers of job j only the first ", "producer: hint: submit the same input again with the same --id")
	s.run("producer", "results j").wantCode(1).wantSaid("producer: no answer yet for ", " of 20,000 numbers")
	s.run("producer", "submit --id j", feed(strings.Replace(numbers, "1000019999\n", "1000019998\n", 1))).wantCode(8).wantSaid("job j exists with other input")
	p := s.run("producer", "submit --id j", feed(numbers)).wantCode(0).wantStderr("")
	checkAnswers(t, numbers, p.stdout.String())
	s.run("producer", "wait j").wantCode(0).wantStdout(p.stdout.String())
}

// flip inverts 40 bytes in the middle of a file.
func flip(t *testing.T, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		b[len(b)/2+i] ^= 0xff
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// halve removes the second half of a file.
func halve(t *testing.T, path string) {
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, info.Size()/2)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A number that kills its node every time is given up, because the node keeps a ledger of its own. The
// server does not count a delivery during which it died.
func TestLedgerOfNode(t *testing.T) {
	t.Parallel()
	store := t.TempDir() + "/store"
	deaths := 0
	for deaths < 6 {
		p := start(t, "embedded", "submit -n 1 --ack-wait 1s --id j --budget 10m --store "+store+" 21 "+hard)
		began := time.Now()
		eventually(t, "the hard number is running, or given up", func() bool {
			info, err := os.Stat(store + "/RUNNING")
			running, _ := os.ReadFile(store + "/RUNNING")
			select {
			case <-p.ended:
				return true
			default:
			}
			return err == nil && info.ModTime().After(began) && strings.Contains(string(running), "norm j ")
		})
		select {
		case <-p.ended:
		default:
			p.kill() // as if the number had done it
			deaths++
			continue
		}
		p.wantCode(1).wantStdout("21: 3 7\n").wantSaid("embedded: number 2 of the input, ", "was given up: its worker died")
		break
	}
	if deaths > 5 || deaths < 3 {
		t.Errorf("it took %d deaths", deaths)
	}
}
