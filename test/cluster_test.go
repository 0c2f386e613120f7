package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/task"
)

// The node that leads the queue is killed while a job is fed and computed, and restarts. No program
// gives up, and nothing is done twice: a request without a response is sent again under the same
// subject, and the ack wait is longer than an election.
func TestClusterLeaderDies(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "")
	held := newBlockingKind("1000000000100", "1000000000101")
	c.worker("patient", held)
	before := c.totals()
	job, user := c.submit("--id j --chunk 1 --budget 10m")
	user.write(sequence(1_000_000_000_000, 1_000_000_000_049, 1))
	user.awaitAnswer(job)
	user.write(sequence(1_000_000_000_100, 1_000_000_000_101, 1))
	held.awaitReached(t, 2)

	old := c.leader("FACTOR_TASKS")
	old.killNode()
	died := time.Now()
	user.write(sequence(1_000_000_000_200, 1_000_000_000_299, 1)) // to be queued without a leader
	close(held.at["1000000000100"])                               // to be settled without one
	late := c.start("producer", "submit 15 21 --chunk 2")         // to be begun without one
	c.awaitLeader("FACTOR_TASKS", old)
	led := time.Since(died)
	c.consumer("-n 1 --name later")
	close(held.at["1000000000101"])
	user.awaitAnswer(job)
	t.Logf("a new leader after %v, all answered after %v", led, time.Since(died))
	late.wantCode(0).wantStdout("15: 3 5\n21: 3 7\n")
	before.queued++
	c.restart(old)
	c.awaitCurrent()
	user.write(sequence(1_000_000_000_300, 1_000_000_000_309, 1))
	c.wantOnce("j", job, user, before, 0)
}

// The node that leads the queue is paused, as if the network had cut it off, and resumes without
// noticing. Programs connected to it are cut off too. The others continue.
func TestClusterNodeStops(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "")
	c.consumer("-n 1 --name one")
	c.consumer("-n 1 --name two")
	tutor := c.run("producer", "submit --chunk 43 --id tutorial", feed(tutorial)).wantCode(0).wantStderr("")
	checkAnswers(t, tutorial, tutor.stdout.String())
	if got := digest(tutor.stdout.String()); got != digestTutorial {
		t.Errorf("digest %s, not %s", got, digestTutorial)
	}
	c.checkAnsweredOnce("tutorial", 1000)

	before := c.totals()
	job, user := c.submit("--id j --chunk 1 --budget 10m")
	user.write(sequence(1_000_000_000_000, 1_000_000_000_049, 1))
	user.awaitAnswer(job)
	old := c.leader("FACTOR_TASKS")
	old.pause()
	stopped := time.Now()
	user.write(sequence(1_000_000_000_200, 1_000_000_000_299, 1))
	c.awaitLeader("FACTOR_TASKS", old)
	led := time.Since(stopped)
	old.resume()
	user.awaitAnswer(job)
	t.Logf("a new leader after %v, all answered after %v", led, time.Since(stopped))
	c.awaitCurrent()
	user.write(sequence(1_000_000_000_300, 1_000_000_000_309, 1))
	c.wantOnce("j", job, user, before, 0)
}

// The network separates the node that leads the queue from the other two, while programs are connected
// to all of them. The two continue. Programs connected to the separated node wait and lose nothing.
// Only the tasks that it delivered without the knowledge of the others are computed twice.
func TestClusterParts(t *testing.T) {
	t.Parallel()
	c := makeCluster(t, "", true)
	c.awaitCurrent()
	old := c.leader("FACTOR_TASKS")
	rest := slices.DeleteFunc(slices.Clone(c.nodes), func(n *node) bool { return n == old })
	for i, n := range c.nodes {
		n.consumer(fmt.Sprintf("-n 1 --name w%d", i))
	}
	before := c.totals()
	in, w := pipe(t)
	job, user := rest[0].start("producer", "submit --id j --chunk 1", in), &typedInput{t: t, w: w}
	user.write(slow(0, 20, 61))
	user.awaitAnswer(job)
	wait := old.start("producer", "wait j")
	wait.await(&wait.stdout, "\n")

	began := time.Now()
	c.isolate(old)
	user.write(slow(20, 40, 61))
	c.awaitLeader("FACTOR_TASKS", old)
	led := time.Since(began)
	user.awaitAnswer(job) // while it is away
	answered := time.Since(began)
	c.rejoin(old)
	user.write(slow(60, 20, 61))
	w.Close()
	for _, p := range []*program{job, wait} {
		p.wantCode(0)
		checkAnswers(t, user.typed.String(), p.stdout.String())
		if strings.Contains(p.stderr.String(), "what was lost") {
			t.Errorf("something was thought lost:\n%s", p.stderr.String())
		}
	}
	t.Logf("a new leader after %v, answers after %v, all done after %v", led, answered, time.Since(began))
	c.awaitCurrent()
	c.awaitAgreed()
	const count = 80
	now := c.totals()
	if queued := now.queued - before.queued; queued != count || now.left != 0 {
		t.Errorf("%d tasks were queued for %d chunks, %d are left", queued, count, now.left)
	}
	if again := len(c.resultSubjects()) - count; again < 0 || again > 3 {
		t.Errorf("%d results too many", again)
	} else {
		t.Logf("%d tasks were done twice", again)
	}
}

// All nodes are replaced, one after the other, while a job is fed and computed.
func TestClusterRollingRestart(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "")
	held := newBlockingKind("1000000000100")
	c.worker("patient", held)
	before := c.totals()
	job, user := c.submit("--id j --chunk 1 --budget 10m")
	next := uint64(1_000_000_000_000)
	more := func() {
		user.write(sequence(next, next+19, 1))
		next += 20
	}
	more()
	user.awaitAnswer(job)
	user.write("1000000000100\n") // runs all the time
	next = 1_000_000_000_101
	held.awaitReached(t, 1)
	c.consumer("-n 1 --name other")
	began := time.Now()
	for _, n := range c.nodes {
		more()
		n.lameDuck()
		more()
		c.restart(n)
		more()
		c.awaitCurrent()
	}
	close(held.at["1000000000100"])
	user.awaitAnswer(job)
	t.Logf("all nodes exchanged and all answered after %v", time.Since(began))
	c.wantOnce("j", job, user, before, len(c.nodes)) // each one closes connections while tasks are delivered
}

// A number whose worker dies on each of three deliveries is given up although no worker is left that
// requests tasks. Finding it spends no delivery of other tasks. If the advisory of the server is lost
// while another task is unsettled, the number is found once any task is settled.
func TestClusterExhausted(t *testing.T) {
	t.Parallel()
	const ackWait = time.Second
	c := startCluster(t, " --ack-wait "+ackWait.String())
	_, js := c.connect()
	for _, test := range []struct {
		class string
		lost  bool // the server's word
	}{{"norm", false}, {"hi", true}} {
		durable, err := js.Consumer(t.Context(), "FACTOR_TASKS", "workers-"+test.class)
		if err != nil {
			t.Fatal(err)
		}
		take := func(task string, attempt uint64) jetstream.Msg { // as a worker that dies
			t.Helper()
			m, err := durable.Next(jetstream.FetchMaxWait(3 * ackWait))
			if err != nil {
				t.Fatal(err)
			}
			meta, err := m.Metadata()
			if err != nil || m.Subject() != "FACTOR.tasks."+test.class+"."+task+".0" || meta.NumDelivered != attempt {
				t.Fatalf("got %s: %+v, %v; not %s for the %d. time", m.Subject(), meta, err, task, attempt)
			}
			return m
		}
		poison, others := "poison-"+test.class, "others-"+test.class
		c.run("producer", "submit --detach --chunk 1 --priority "+test.class+" --id "+poison+" 15").wantCode(0)
		for attempt := range uint64(3) {
			take(poison+".0-1", attempt+1)
		}
		mark := task.Failure{Class: task.Class(test.class), Worker: "victim", Attempt: 3, Err: "the last attempt has begun", Time: time.Now()}
		if _, err := js.Publish(t.Context(), "FACTOR.failed."+poison+".0-1.0.3.victim", mark.Encode()); err != nil {
			t.Fatal(err)
		}
		c.run("producer", "submit --detach --chunk 1 --priority "+test.class+" --id "+others+" 21").wantCode(0)
		if test.lost {
			take(others+".0-1", 1)
			c.loseWord("workers-" + test.class)
		}
		wait := c.start("producer", "wait "+poison)
		if test.lost {
			if err := take(others+".0-1", 2).DoubleAck(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		wait.wantCode(1).wantStdout("").wantSaid("number 1 of the input, 15, was given up: its worker died or stopped responding on each of 3 deliveries")
		if !test.lost {
			take(others+".0-1", 1)
		}
	}
}

// loseWord waits until the advisory of an exhausted task is stored, and deletes it.
func (c *cluster) loseWord(durable string) {
	c.t.Helper()
	nc, _ := c.connect()
	returns := c.stream("FACTOR_RETURNS")
	eventually(c.t, "the advisory of an exhausted task", func() bool {
		m, err := nc.Request("$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS."+durable, []byte(`{"batch":1,"no_wait":true,"max_bytes":1}`), patience)
		if err != nil || len(m.Data) > 0 {
			c.t.Fatalf("requested at most a byte and got %v, %v", m, err)
		}
		info, err := returns.Info(c.t.Context())
		return err == nil && info.State.Msgs > 0
	})
	if err := returns.Purge(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}
