package test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

var formats = []string{"factor", "json", "csv", "factordb", "pari"}

// oddities are numbers that formats treat in different ways.
var oddities = "0\n1\n2\n4\n7\n360\n1024\n18446744073709551615\n18446744073709551616\n170141183460469231731687303715884105727\n" +
	semiprimes(2, 40, 7)

func TestFormats(t *testing.T) {
	t.Parallel()
	outputs := make(map[string]string)
	for _, format := range formats {
		p := run(t, "embedded", "submit --format "+format, feed(oddities)).wantCode(0).wantStderr("")
		outputs[format] = p.stdout.String()
		run(t, "producer", "verify -", feed(p.stdout.String())).wantCode(0).wantStdout("12 lines: 12 verified, 0 unfinished, 0 given up, 0 wrong; primes: 19 below 2^64, 0 by certificate, 1 PRP\n").wantStderr("")
	}
	checkAnswers(t, strings.TrimPrefix(oddities, "0\n"), strings.TrimPrefix(outputs["factor"], "0:\n"))
	checkJSON(t, outputs["json"], outputs["factor"])
	checkCSV(t, outputs["csv"], outputs["factor"])

	short := run(t, "embedded", "submit --json 360").wantCode(0)
	checkJSON(t, short.stdout.String(), "360: 2 2 2 3 3 5\n")
}

// checkJSON compares lines of JSON with the answers in format factor.
func checkJSON(t *testing.T, lines, answers string) {
	t.Helper()
	var got strings.Builder
	position := 0
	for line := range strings.Lines(lines) {
		var record struct {
			V, I      int
			N, Status string
			Factors   []struct {
				P string
				E int
			}
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if record.V != 1 || record.I != position || record.Status == "" {
			t.Errorf("%+v", record)
		}
		position++
		got.WriteString(record.N + ":")
		for _, f := range record.Factors {
			got.WriteString(strings.Repeat(" "+f.P, f.E))
		}
		got.WriteByte('\n')
	}
	if got.String() != answers {
		t.Errorf("JSON: %s", difference(got.String(), answers))
	}
}

// checkCSV compares a table with the answers in format factor.
func checkCSV(t *testing.T, table, answers string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"index", "n", "status", "factors", "method", "cpu_s", "worker", "wall_s"}; !slices.Equal(rows[0], want) {
		t.Errorf("header %v", rows[0])
	}
	var got strings.Builder
	for i, row := range rows[1:] {
		if row[0] != fmt.Sprint(i) {
			t.Errorf("row %d is number %s", i, row[0])
		}
		got.WriteString(row[1] + ":")
		for power := range strings.SplitSeq(row[3], "*") {
			p, exp, _ := strings.Cut(power, "^")
			e := 1
			fmt.Sscan(exp, &e)
			if p != "" {
				got.WriteString(strings.Repeat(" "+p, e))
			}
		}
		got.WriteByte('\n')
	}
	if got.String() != answers {
		t.Errorf("CSV: %s", difference(got.String(), answers))
	}
}

// Every format shows that an answer is unfinished.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		p := run(t, "embedded", "submit --budget 50ms -n 1 --format "+format, arguments("15", hard)).wantCode(1)
		p.wantSaid("1 number could not be factored completely within the budget")
		run(t, "producer", "verify -", feed(p.stdout.String())).
			wantCode(1).wantStdout("2 lines: 1 verified, 1 unfinished, 0 given up, 0 wrong; primes: 2 below 2^64, 0 by certificate, 0 PRP\n").wantStderr("")
		if format == "factor" {
			p.wantStdout("15: 3 5\n" + hard + ": c" + hard + "\n")
		}
	}
}

func TestVerifyFindsLies(t *testing.T) {
	t.Parallel()
	for _, lie := range []string{"15: 3 7", "15: 15", "15:", "15: 1 3 5", "21: 7 3", "x: 3", "15=3*7", "[15,[3,1;7,1]]", "15 3 5"} {
		p := run(t, "producer", "verify -", feed("4: 2 2\n"+lie+"\n6: 2 3\n")).wantCode(6).wantSaid("producer: standard input: line 2: ")
		p.wantStdout("3 lines: 2 verified, 0 unfinished, 0 given up, 1 wrong; primes: 3 below 2^64, 0 by certificate, 0 PRP\n")
	}
}

// As completed, answers are printed in any order.
func TestAsCompleted(t *testing.T) {
	t.Parallel()
	numbers := sequence(1_000_000_001, 1_000_000_200, 1)
	p := run(t, "embedded", "submit --as-completed --chunk 7", feed(numbers)).wantCode(0)
	lines := slices.Sorted(strings.Lines(p.stdout.String())) // all of one length
	checkAnswers(t, numbers, strings.Join(lines, ""))
}

// A job without a waiting process is finished by the workers, and can be printed later.
func TestDetach(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	p := s.run("producer", "submit --detach 15 21 33 --chunk 1").wantCode(0).wantStderr("producer: " + noWorker + "\nproducer: " + unsupervised + "\n")
	id := strings.TrimSpace(p.stdout.String())
	s.run("producer", "results "+id).wantCode(1).wantStdout("").wantStderr("producer: no answer yet for 3 of 3 numbers; `producer wait " + id + "` waits for the rest\n")
	if j := s.job(id); j.State != "sealed" || j.Stored != 3 || j.Queued != 3 || j.Chunks != 3 {
		t.Errorf("job: %+v", j)
	}
	s.consumer("-n 1")
	eventually(t, "all is answered", func() bool { return s.covered(schema.StreamResults, id) == 3 })
	const answers = "15: 3 5\n21: 3 7\n33: 3 11\n"
	s.run("producer", "results "+id).wantCode(0).wantStdout(answers).wantStderr("")
	s.run("producer", "wait "+id).wantCode(0).wantStdout(answers).wantStderr("")
	s.run("producer", "results -e --format factordb "+id).wantCode(0).wantStdout("15=3*5\n21=3*7\n33=3*11\n")

	// Every report is JSON if requested.
	if jobs := report[[]struct{ ID, State string }](s, "ls"); len(jobs) != 1 || jobs[0].ID != id || jobs[0].State != "done" {
		t.Errorf("jobs: %+v", jobs)
	}
	workers := report[[]struct {
		Name  string
		Slots int
	}](s, "workers ls")
	if len(workers) != 1 || workers[0].Slots != 1 {
		t.Errorf("workers: %+v", workers)
	}
	for _, command := range []string{"ls", "status", "status " + id, "workers ls", "dead ls", "dead show", "init"} {
		report[any](s, command)
		if text := s.run("producer", command).wantCode(0).wantStderr("").stdout.String(); strings.ContainsAny(text, "{}") {
			t.Errorf("%s: %s", command, text)
		}
	}
	// A job without an id chosen by the user is removed once it is printed.
	s.run("producer", "submit 15").wantCode(0)
	if jobs := report[[]any](s, "ls"); len(jobs) != 1 {
		t.Errorf("jobs: %+v", jobs)
	}
}

// An orderKind is a blockingKind that records the numbers in the order in which it begins them.
type orderKind struct {
	blockingKind
	mu    sync.Mutex
	begun []string
}

func (k *orderKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	k.mu.Lock()
	for _, n := range numbers {
		k.begun = append(k.begun, n.String())
	}
	k.mu.Unlock()
	return k.blockingKind.Run(ctx, numbers, o, done)
}

// place is the number of numbers that were begun before n.
func (k *orderKind) place(n string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Index(k.begun, n)
}

// hi overtakes norm, which overtakes low.
func TestPriority(t *testing.T) {
	t.Parallel()
	s := startFleet(t)
	s.run("producer", "submit --detach --id low --priority low --chunk 1", feed(sequence(1001, 1040, 1))).wantCode(0)
	s.run("producer", "submit --detach --id norm --chunk 1", feed(sequence(2001, 2040, 1))).wantCode(0)
	k := &orderKind{blockingKind: newBlockingKind("2001", "2002")} // one for each slot
	s.worker("one", k)
	k.awaitReached(t, 2)
	s.run("producer", "submit --detach --id hi --priority hi 15").wantCode(0)
	close(k.at["2001"])
	close(k.at["2002"])
	for _, id := range []string{"hi", "norm", "low"} {
		s.run("producer", "wait "+id).wantCode(0)
	}
	if hi, norm, low := k.place("15"), k.place("2040"), k.place("1040"); hi < 0 || hi > norm-20 || norm > low-20 {
		t.Errorf("begun in the order %v", k.begun)
	}
}
