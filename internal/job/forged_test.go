package job

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// TestForgeries: whatever is published as a result, the output is right.
func TestForgeries(t *testing.T) {
	t.Parallel()
	const count = 430
	good := squares("w", 0, 43).Encode()
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		return b
	}
	huge := squares("w", 0, task.MaxCount)
	for i := range huge.Items {
		huge.Items[i].Method = strings.Repeat("x", 100)
	}
	tests := map[string]struct {
		at      string
		payload []byte
		strikes int
	}{
		"wrong":            {"0-43", spoilt("w", 0, 43), 1},
		"of another chunk": {"43-43", good, 1},
		"shifted":          {"1-43", good, 1},
		"too few":          {"0-44", good, 1},
		"too many":         {"0-42", good, 1},
		"another's name":   {"0-43", squares("honest", 0, 43).Encode(), 1},
		"another kind":     {"0-43", (&task.Result{Kind: task.KindFactor, Worker: "w", Items: squares("w", 0, 43).Items}).Encode(), 1},
		"truncated":        {"0-43", good[:len(good)-1], 1},
		"doubled":          {"0-43", append(bytes.Clone(good), good...), 1},
		"empty":            {"0-43", nil, 1},
		"noise":            {"0-43", random(1000), 1},
		"much noise":       {"0-43", random(800_000), 1},
		"all there may be": {"0-4096", huge.Encode(), 1},
		"behind the end":   {"430-43", squares("w", 430, 43).Encode(), 1},
		"across the end":   {"429-2", squares("w", 429, 2).Encode(), 1},
		"a million":        {"0-1000000", good, 1},
		"the last place":   {"9007199254740990-1", squares("w", 7, 1).Encode(), 1},
		"no range":         {"0-0", good, 0},
		"no number":        {"00-43", good, 0},
		"no such place":    {"9007199254740992-1", good, 0},
		"negative":         {"-1-2", good, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t)
			r := h.queued(count)
			h.put("FACTOR.results.j."+test.at+".w", test.payload)
			most := test.payload[:min(len(test.payload), 500_000)] // these streams take no more
			h.put("FACTOR.failed.j."+test.at+".0.1.w", most)
			h.put("FACTOR.returns.j."+test.at+".0.w", most)
			h.put("FACTOR.dead.j."+test.at+".w", most)
			h.worker("honest", nil)
			if s := r.clean(); len(s.Workers) != 1 || s.Counts.Dead != 0 {
				t.Errorf("%+v", s.Counts)
			}
			r.out.check(t, 0, count)
			if x := h.standing("w"); len(x.Strikes) != test.strikes {
				t.Errorf("strikes: %+v", x)
			}
			if x := h.standing("honest"); len(x.Strikes) != 0 {
				t.Errorf("strikes of the honest worker: %+v", x)
			}
		})
	}
}

// TestForgedLetters: a dead letter does not count while its range is queued, in whichever
// name it is published.
func TestForgedLetters(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 430
	r := h.queued(count)
	for _, w := range []string{"w", "honest", schema.Sweeper} {
		for _, at := range []string{"0-430", "17-1", "0-43", "430-1", "0-1000000", "9007199254740990-1"} {
			h.put("FACTOR.dead.j."+at+"."+w, (&task.Failure{Err: "forged", Numbers: []nat.Nat{nat.New(1)}}).Encode())
		}
	}
	for range 3 { // reviews list the letters
		time.Sleep(reviewSpacing)
		if r.out.len() != 0 {
			t.Fatal("something was given up")
		}
	}
	h.worker("honest", nil)
	r.clean()
	r.out.check(t, 0, count)
}

// TestRogueAck: a task that is acked by another client is found missing and requeued.
func TestRogueAck(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	const count = 430
	r := h.queued(count)
	nc, js := h.connect()
	durable, err := js.Consumer(t.Context(), schema.StreamTasks, schema.Durable(task.ClassNorm))
	if err != nil {
		t.Fatal(err)
	}
	batch, err := durable.Fetch(10, jetstream.FetchMaxWait(5*time.Second)) // a worker that never answers
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for m := range batch.Messages() {
		taken++
		meta, err := m.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		reply := fmt.Sprintf("$JS.ACK.%s.%s.1.%d.%d.%d.0", schema.StreamTasks, schema.Durable(task.ClassNorm), // the reply subject is easy to guess
			meta.Sequence.Stream, meta.Sequence.Consumer, meta.Timestamp.UnixNano())
		if _, err := nc.Request(reply, []byte("+ACK"), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if taken != 10 {
		t.Fatalf("%d tasks were there", taken)
	}
	h.worker("honest", nil)
	if s := r.clean(); s.Requeued == 0 {
		t.Errorf("nothing was queued again: %+v", s)
	}
	r.out.check(t, 0, count)
}

// TestFlood: a flood of forged messages under thousands of names costs little memory and does
// not keep the job from its end. It measures the memory of the process, so it runs alone.
func TestFlood(t *testing.T) {
	h := newTestFleet(t)
	const count, flood = 4300, 15_000
	r := h.queued(count)
	nc, _ := h.connect()
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(200))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	noise := bytes.Repeat([]byte{0xff}, 2000)
	for i := range flood {
		subject := fmt.Sprintf("FACTOR.results.j.%d-%d.n%d", rand.IntN(count), 1+rand.IntN(5000), i%5000)
		switch i % 20 {
		case 0:
			subject = fmt.Sprintf("FACTOR.dead.j.%d-1.n%d", rand.IntN(count), i)
		case 1:
			subject = fmt.Sprintf("FACTOR.failed.j.%d-1.0.1.n%d", rand.IntN(count), i)
		}
		if _, err := js.PublishMsgAsync(&nats.Msg{Subject: subject, Data: noise}, jetstream.WithStallWait(5*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	h.worker("honest", nil)
	s, err := r.end()
	switch {
	case errors.Is(err, ErrBeyondRepair): // five names for one range: without credentials that is possible
		r = h.wait(h.other(), "j")
		s, err = r.end()
	}
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	r.out.check(t, 0, count)
	list, err := h.Standings(t.Context())
	if err != nil || len(list) > 1100 {
		t.Errorf("%d workers have strikes, %v", len(list), err)
	}
	grown := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20
	if grown > 100 {
		t.Errorf("the heap has grown by %d MiB", grown)
	}
	t.Logf("%d messages: %d results refused, %d workers with strikes, heap %+d MiB", flood, s.Refused, len(list), grown)
}
