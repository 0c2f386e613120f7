package worker

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestOutcomes has one delivery for each outcome, and the exact steps by which it is settled.
func TestOutcomes(t *testing.T) {
	tests := []struct {
		name    string
		numbers []uint64
		change  func(d *Delivery)
		want    []string
	}{
		{"done", []uint64{1, 2, 3}, nil, []string{"result 100-3", "ack"}},
		{"done after more than a short task", []uint64{500}, nil, []string{"result 100-1", "ack"}},
		{"done on a later attempt", []uint64{1}, onAttempt(3), []string{"failed 100-1 #3", "result 100-1", "ack"}},
		{"ack refused twice", []uint64{1}, func(d *Delivery) { d.Handle.(*fakeHandle).refuse = 2 },
			[]string{"result 100-1", "ack refused", "ack refused", "ack"}},
		{"number fails", []uint64{breaks}, nil, []string{"failed 100-1 #1", "nak"}},
		{"number fails again", []uint64{breaks}, onAttempt(2), []string{"failed 100-1 #2", "nak"}},
		{"number fails for the last time", []uint64{breaks}, onAttempt(3), []string{"failed 100-1 #3", "dead 100-1", "term"}},
		{"number panics", []uint64{panics}, nil, []string{"failed 100-1 #1", "nak"}},
		{"number panics for the last time", []uint64{panics}, onAttempt(3), []string{"failed 100-1 #3", "dead 100-1", "term"}},
		{"number without an answer", []uint64{skips}, nil, []string{"failed 100-1 #1", "nak"}},
		{"too many answers", []uint64{babbles}, nil, []string{"failed 100-1 #1", "nak"}},
		{"panic in a batch", []uint64{1, panics, 3, 4}, nil,
			[]string{"result 100-1", "result 102-2", "failed 101-1 #1", "return 101-1 isolate", "ack"}},
		{"first and last of a batch fail", []uint64{breaks, 1, panics}, nil,
			[]string{"result 101-1", "failed 100-1 #1", "failed 102-1 #1", "return 100-1 isolate", "return 102-1 isolate", "ack"}},
		{"hopeless", []uint64{never}, nil, []string{"dead 100-1", "term"}},
		{"hopeless for the last time", []uint64{never}, onAttempt(3), []string{"failed 100-1 #3", "dead 100-1", "term"}},
		{"hopeless among others", []uint64{1, never, 3, breaks}, nil,
			[]string{"result 100-1", "result 102-1", "dead 101-1", "failed 103-1 #1", "return 103-1 isolate", "ack"}},
		{"left to another worker", []uint64{away}, onAttempt(2), []string{"return 100-1 elsewhere", "ack"}},
		{"left to another worker on the last attempt", []uint64{away}, onAttempt(3), []string{"failed 100-1 #3", "return 100-1 elsewhere", "ack"}},
		{"left to another worker among others", []uint64{1, away, 3}, nil, []string{"result 100-1", "result 102-1", "return 101-1 elsewhere", "ack"}},
		{"batch that killed a worker", repeat(10, 1), onAttempt(2), []string{"return 100-10 isolate in 10", "ack"}},
		{"batch that killed two workers", repeat(2, 1), onAttempt(3), []string{"return 100-2 isolate in 2", "ack"}},
		{"unknown schema", []uint64{1}, func(d *Delivery) { d.Schema = "2"; d.Data = []byte("?") }, []string{"return 100-1 unsupported", "ack"}},
		{"unknown kind", []uint64{1}, kind("alchemy"), []string{"return 100-1 unsupported", "ack"}},
		{"unknown kind on the last attempt", []uint64{1}, both(kind("alchemy"), onAttempt(3)), []string{"return 100-1 unsupported", "ack"}},
		{"undecodable", []uint64{1}, func(d *Delivery) { d.Data = []byte{0xff} }, []string{"dead 100-1", "term"}},
		{"fewer numbers than the range", []uint64{1}, func(d *Delivery) { d.Range.Count = 2 }, []string{"dead 100-2", "term"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				d := r.chunk(100, test.numbers...)
				if test.change != nil {
					test.change(d)
				}
				r.offer(d)
				r.start()
				time.Sleep(time.Second)
				r.wantJournal(test.want...)
				if err := r.drain(); err != nil {
					t.Error(err)
				}
				r.wantJournal()
				if s := r.Stats(); s.Busy != 0 || s.Held != 0 || s.Tasks != 1 {
					t.Errorf("stats after the drain: %+v", s)
				}
			})
		})
	}
}

func onAttempt(n int) func(*Delivery) { return func(d *Delivery) { d.Attempt = n } }

func kind(name string) func(*Delivery) {
	return func(d *Delivery) {
		t, err := task.DecodeTask(d.Data)
		if err != nil {
			panic(err)
		}
		t.Kind = name
		d.Data = t.Encode()
	}
}

func both(f, g func(*Delivery)) func(*Delivery) { return func(d *Delivery) { f(d); g(d) } }

// TestResultContent checks the result of a number that took two seconds.
func TestResultContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.offer(r.chunk(7, 500, 1500))
		r.start()
		time.Sleep(3 * time.Second)
		r.drain()
		got := r.outbox.results["7-2"]
		if got == nil {
			t.Fatal("no result")
		}
		if got.Kind != "script" || got.Worker != "w1" || got.Version != "1.2.3" || got.Attempt != 1 || got.Elapsed != 2*time.Second {
			t.Errorf("result %+v", got)
		}
		if p := got.Items[1].Factors[0].P.String(); p != "1500" {
			t.Errorf("second number has factor %s", p)
		}
		if s := r.Stats(); s.Numbers != 2 || s.CPU != 2*time.Millisecond || s.Failures != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestFailureContent checks the failure record of a panic: one line, the number, no stack.
func TestFailureContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(7, 300, panics)
		r.offer(d)
		r.start()
		time.Sleep(time.Second)
		r.drain()
		f := r.outbox.failures["8-1"]
		if f == nil {
			t.Fatal("no failure record")
		}
		if f.Err != "panic: first line second line" || f.Kind != "script" || f.Class != task.ClassNorm || f.Worker != "w1" ||
			f.Version != "1.2.3" || f.Attempt != 1 || f.Budget != 30*time.Second || f.Time.Sub(r.began) != 300*time.Millisecond {
			t.Errorf("failure %+v", f)
		}
		if len(f.Numbers) != 1 || f.Numbers[0].String() != "1000001" {
			t.Errorf("failure names %v", f.Numbers)
		}
		if got := r.outbox.returns["8-1"]; got.Detail != "panic: first line second line" {
			t.Errorf("return says %q", got.Detail)
		}
	})
}

// TestTermReason: the reason of a term is one line.
func TestTermReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(0, panics)
		d.Attempt = 3
		r.offer(d)
		r.start()
		time.Sleep(time.Second)
		r.drain()
		if got := d.Handle.(*fakeHandle).reason; got != "panic: first line second line" {
			t.Errorf("reason %q", got)
		}
	})
}

// TestNakDelay: naks of the same attempt have different delays, in the range of attempt.Backoff.
func TestNakDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		seen := make(map[time.Duration]bool)
		var failing []*Delivery
		for i := range uint64(20) {
			failing = append(failing, r.chunk(i, breaks))
		}
		r.offer(failing...)
		r.start()
		time.Sleep(time.Second)
		r.drain()
		for _, d := range failing {
			delay := d.Handle.(*fakeHandle).delay
			if delay < 4*time.Second || delay > 6*time.Second {
				t.Errorf("nak with a delay of %v, want 5 s +-20%%", delay)
			}
			seen[delay] = true
		}
		if len(seen) < 2 {
			t.Error("no jitter")
		}
	})
}

// TestOversizeResult: a result that is too long for one message is stored as sub-ranges that cover the range
// in order, each short enough.
func TestOversizeResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		// 1000 methods of 2100 bytes, all different, are more than two messages hold.
		numbers := make([]uint64, 1000)
		for i := range numbers {
			numbers[i] = uint64(i % 5)
		}
		r.Worker.config.Kinds["script"] = verboseKind{}
		r.offer(r.chunk(5, numbers...))
		r.start()
		time.Sleep(time.Second)
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		r.wantJournal("result 5-250", "result 255-250", "result 505-250", "result 755-250", "ack")
		for at, result := range r.outbox.results {
			if n := len(result.Encode()); n > maxResult {
				t.Errorf("result %s has %d bytes", at, n)
			}
		}
	})
}

// FuzzRun checks the invariant of run: whatever the numbers of a chunk do, results and returns together cover
// its range exactly once.
func FuzzRun(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0, 4, 0}, uint16(0))
	f.Add([]byte{1, 1, 0, 5, 0, 6}, uint16(400))
	f.Add([]byte{5, 5, 5}, uint16(10))
	behaviours := []uint64{1, panics, breaks, skips, babbles, 200, forever}
	f.Fuzz(func(t *testing.T, script []byte, stopAfter uint16) {
		if len(script) < 2 || len(script) > 200 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 1)
			numbers := make([]uint64, len(script))
			for i, b := range script {
				numbers[i] = behaviours[int(b)%len(behaviours)]
			}
			r.offer(r.chunk(1000, numbers...))
			r.start()
			time.Sleep(time.Duration(stopAfter)*time.Millisecond + time.Millisecond)
			r.StopComputing()
			if err := r.drain(); err != nil {
				t.Error(err)
			}
			covered := make([]int, len(script))
			cover := func(key string) {
				span, err := task.ParseRange(key)
				if err != nil {
					t.Fatal(err)
				}
				for i := span.First; i < span.End(); i++ {
					covered[i-1000]++
				}
			}
			for key := range r.outbox.results {
				cover(key)
			}
			for key := range r.outbox.returns {
				cover(key)
			}
			for i, n := range covered {
				if n != 1 {
					t.Errorf("position %d is covered %d times: %q", 1000+i, n, r.journal.take())
				}
			}
		})
	})
}

// verboseKind answers with methods of 2100 bytes, all different.
type verboseKind struct{}

func (verboseKind) Run(_ context.Context, numbers []nat.Nat, _ RunOptions, done *[]task.Factorization) error {
	for range numbers {
		*done = append(*done, task.Factorization{Method: strings.Repeat(string(rune('a'+rand.IntN(26))), 2090) + task.NewJobID(time.Now())[3:]})
	}
	return nil
}
