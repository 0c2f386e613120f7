package test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/events"
	"factorfleet/internal/nat"
)

// events returns the events that a program has printed so far, which have the form of the schema.
func eventsOf(p *program) (list []events.Event) {
	p.t.Helper()
	for line := range strings.Lines(p.stdout.String()) {
		var e events.Event
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		wantSchema(p.t, "event", line)
		list = append(list, e)
	}
	return list
}

// awaitEvent waits for an event.
func awaitEvent(p *program, what string, is func(*events.Event) bool) (found events.Event) {
	p.t.Helper()
	eventually(p.t, what, func() bool {
		list := eventsOf(p)
		i := slices.IndexFunc(list, func(e events.Event) bool { return is(&e) })
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	})
	return found
}

// joiner starts workers until the events of p say of one that it has joined: one that is there when p looks first has not.
func joiner(s *faultFleet, p *program) (name string, c *program) {
	s.t.Helper()
	for i := range 10 {
		name = fmt.Sprint("gopher", i)
		c = s.start("consumer", "run -n 1 --name "+name)
		for end := time.Now().Add(patience / 10); time.Now().Before(end); {
			if slices.ContainsFunc(eventsOf(p), func(e events.Event) bool {
				return e.Event == events.WorkerJoined && e.Worker == name && e.Slots == 1
			}) {
				return name, c
			}
			time.Sleep(20 * time.Millisecond)
		}
		c.signal(syscall.SIGTERM)
		c.wantCode(0)
	}
	s.t.Fatal("no worker joins")
	return "", nil
}

// TestEvents: what happens is printed as it happens, also after a restart of the server: each chunk once.
func TestEvents(t *testing.T) {
	t.Parallel()
	s := newFaultFleet(t, time.Second)
	s.run("producer", "submit --detach --id before --after 10m 15").wantCode(0)
	p := s.start("producer", "events --follow --json")
	name, c := joiner(s, p)
	s.run("producer", "submit --id j --chunk 1 15 21 35").wantCode(0)
	awaitEvent(p, "the job ends", func(e *events.Event) bool { return e.Event == events.JobDone && e.Job == "j" && e.Verified == 3 })
	stop := s.worker("fragile", fragile{nat.New(1_000_017)})

	s.stopServer(syscall.SIGKILL)
	s.restartServer()
	c.signal(syscall.SIGTERM)
	awaitEvent(p, "the worker leaves", func(e *events.Event) bool { return e.Event == events.WorkerLeft && e.Worker == name })
	s.run("producer", "submit --id k --chunk 1 10403 1000017 360").wantCode(1)
	awaitEvent(p, "the dead letter", func(e *events.Event) bool {
		return e.Event == events.DeadLetter && e.Job == "k" && e.Number == "1000017" && e.Error != ""
	})
	awaitEvent(p, "a failed attempt", func(e *events.Event) bool { return e.Event == events.AttemptFailed && e.Job == "k" && e.Attempt > 0 })
	awaitEvent(p, "the second job ends", func(e *events.Event) bool { return e.Event == events.JobDone && e.Job == "k" && e.Dead == 1 })
	stop()

	chunks := make(map[string]int)
	for _, e := range eventsOf(p) {
		if e.Job == "before" {
			t.Errorf("an event of before the start: %+v", e)
		}
		if e.Event == events.ChunkAnswered {
			chunks[e.Job+" "+e.Range+" "+e.Worker]++
		}
	}
	answers := 0
	for what, n := range chunks {
		if n != 1 {
			t.Errorf("%s was said %d times", what, n)
		}
		if strings.HasPrefix(what, "j ") {
			answers++
		}
	}
	if answers != 3 {
		t.Errorf("chunks %v", chunks)
	}
	p.signal(syscall.SIGINT)
	p.wantCode(0)
}

// TestEventsOfObserver: an observer sees jobs and workers, and is told what is left out.
func TestEventsOfObserver(t *testing.T) {
	t.Parallel()
	f := fortify(t, t.TempDir()+"/keys", "127.0.0.1:0 -n 1")
	f.submit()
	context := " --context " + f.keys + "/observer.json"
	const note = "an observer may not read results and dead letters"
	p := run(t, "producer", "events --json"+context).wantCode(0).wantSaid(note)
	for _, e := range eventsOf(p) {
		if !strings.HasPrefix(string(e.Event), "job-") {
			t.Errorf("%+v", e)
		}
	}
	if p := run(t, "producer", "events --only job"+context).wantCode(0); strings.Contains(p.stderr.String(), note) {
		t.Errorf("nothing is left out: %s", p.stderr.String())
	}
	run(t, "producer", "events --only chunk"+context).wantCode(3).wantSaid(note)
	for check, want := range map[string]string{"queue": "QUEUE OK", "workers": "WORKERS OK", "dead": "DEAD OK", "supervisor": "SUPERVISOR OK"} {
		p := run(t, "producer", "check "+check+context).wantCode(0)
		if !strings.HasPrefix(p.stdout.String(), "FACTOR "+want+" - ") {
			t.Errorf("%s", p.stdout.String())
		}
	}
	run(t, "producer", "check queue --context "+f.keys+"/worker-1.json").wantCode(3)
	wantSchema(t, "check", run(t, "producer", "check workers --json --warn 5: --critical ~:9"+context).wantCode(1).stdout.String())
}
