package test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A blockingKind stops at chosen numbers until the test lets them through.
type blockingKind struct {
	at      map[string]chan struct{} // closed to let the number through
	reached chan string              // receives each such number when the kind stops at it
}

func newBlockingKind(numbers ...string) blockingKind {
	g := blockingKind{at: make(map[string]chan struct{}), reached: make(chan string, 100)}
	for _, n := range numbers {
		g.at[n] = make(chan struct{})
	}
	return g
}

func (g blockingKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	honest := kind.All()[task.KindFactor]
	for i, n := range numbers {
		if opened := g.at[n.String()]; opened != nil {
			g.reached <- n.String()
			if err := g.wait(ctx, o, opened); err != nil {
				return err
			}
		}
		if err := honest.Run(ctx, numbers[i:i+1], o, done); err != nil {
			return err
		}
	}
	return nil
}

// wait ticks like a computation until opened is closed.
func (g blockingKind) wait(ctx context.Context, o worker.RunOptions, opened <-chan struct{}) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-opened:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
			o.Tick()
		}
	}
}

// awaitReached waits until the kind has stopped at n numbers.
func (g blockingKind) awaitReached(t testing.TB, n int) {
	t.Helper()
	late := time.After(patience)
	for i := range n {
		select {
		case <-g.reached:
		case <-late:
			t.Fatalf("%d of %d numbers have started after %v", i, n, patience)
		}
	}
}

// A typedInput is the standard input of a producer, to which the test types one line after the other.
type typedInput struct {
	t     testing.TB
	w     *os.File
	typed strings.Builder
}

func (y *typedInput) write(text string) {
	y.t.Helper()
	if _, err := y.w.WriteString(text); err != nil {
		y.t.Fatal(err)
	}
	y.typed.WriteString(text)
}

// submit starts a producer that reads a typedInput.
func (c *cluster) submit(args string) (*program, *typedInput) {
	c.t.Helper()
	in, w := pipe(c.t)
	return c.start("producer", "submit "+args, in), &typedInput{t: c.t, w: w}
}

// awaitAnswer waits for the answer to the last line that was typed.
func (y *typedInput) awaitAnswer(p *program) {
	y.t.Helper()
	lines := strings.Fields(y.typed.String())
	p.await(&p.stdout, "\n"+lines[len(lines)-1]+": ")
}

// wantOnce ends the input and checks what must hold whatever happened to the servers: every number is
// answered once, no task was queued twice or found missing, and at most so many deliveries were lost on
// their way to a worker. It does not use the counts of the durables, which may be older after a change of
// the leader.
func (c *cluster) wantOnce(job string, p *program, y *typedInput, before queueTotals, lost int) {
	c.t.Helper()
	y.w.Close()
	p.wantCode(0)
	checkAnswers(c.t, y.typed.String(), p.stdout.String())
	count := len(strings.Fields(y.typed.String()))
	c.checkAnsweredOnce(job, count)
	if strings.Contains(p.stderr.String(), "what was lost") {
		c.t.Errorf("something was thought lost:\n%s", p.stderr.String())
	}
	now := c.totals()
	if queued := now.queued - before.queued; queued != uint64(count) {
		c.t.Errorf("%d tasks were queued for %d chunks", queued, count)
	}
	if now.left != 0 {
		c.t.Errorf("%d tasks are left in the queue", now.left)
	}
	if again, spent := before.watch.redeliveries(), c.deliveriesBeforeAnswers(); again > 0 || spent > lost {
		c.t.Errorf("workers were given %d tasks more than once; %d deliveries were spent before answers", again, spent)
	}
}

// queueTotals are the tasks that were ever queued, those that are left, and a recorder of deliveries.
type queueTotals struct {
	queued, left uint64
	watch        *recorder
}

func (c *cluster) totals() queueTotals {
	c.t.Helper()
	state := c.stream("FACTOR_TASKS").CachedInfo().State
	return queueTotals{queued: state.LastSeq, left: state.Msgs, watch: c.record()}
}
