package worker

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestHeartbeatOfMovingComputation: a heartbeat is sent every sixth of AckWait, the first one before two
// sixths have passed.
func TestHeartbeatOfMovingComputation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.start()
		time.Sleep(500 * time.Millisecond)
		r.offer(r.chunk(0, 10_000))
		time.Sleep(5 * time.Second)
		if n := r.journal.count("beat"); n < 3 || n > 5 {
			t.Errorf("%d beats in 5 s, want one a second after the first", n)
		}
		time.Sleep(10 * time.Second)
		r.journal.take()
		r.drain()
	})
}

// TestNoHeartbeatWithoutProgress: no heartbeat is sent for a frozen computation. It is interrupted and
// fails before its ack wait ends.
func TestNoHeartbeatWithoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.offer(r.chunk(0, freezes))
		r.start()
		time.Sleep(1900 * time.Millisecond)
		r.wantJournal()
		time.Sleep(3 * time.Second)
		r.wantJournal("failed 0-1 #1", "nak")
		if got, want := r.outbox.failures["0-1"].Err, "no sign of life for 2s"; got != want {
			t.Errorf("failure says %q, want %q", got, want)
		}
		r.drain()
	})
}

// TestTickingForever: a computation that ticks is interrupted at the limit, too.
func TestTickingForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.config.Budget = 1500 * time.Millisecond // the limit is 90 s
		d := r.chunk(0, forever)
		d.Attempt = 3
		r.offer(d)
		r.start()
		time.Sleep(92 * time.Second)
		if n := r.journal.count("beat"); n < 85 {
			t.Errorf("%d beats in 90 s", n)
		}
		if r.journal.count("dead") != 1 || r.journal.count("term") != 1 {
			t.Errorf("not given up: %q", r.journal.take())
		}
		r.drain()
	})
}

// TestStarved: a number is not overdue because other processes have the cores, or other slots, but its computation does
// not tick for ever either.
func TestStarved(t *testing.T) {
	for name, test := range map[string]struct {
		cores float64 // that the process has
		slots int
		want  time.Duration // when it fails
	}{
		"alone":    {1, 1, 90 * time.Second},
		"busy":     {0.1, 1, 15 * time.Minute},
		"nice 19":  {1. / 70, 1, 30 * time.Minute},
		"two":      {1, 2, 3 * time.Minute},
		"on eight": {8, 2, 90 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, test.slots)
				began := time.Now()
				r.config.Budget = 1500 * time.Millisecond
				r.config.CPU = func() time.Duration { return time.Duration(test.cores * float64(time.Since(began))) }
				for i := range test.slots {
					r.offer(r.chunk(uint64(i), forever))
				}
				r.start()
				time.Sleep(test.want * 19 / 20)
				if n := r.journal.count("nak"); n > 0 {
					t.Errorf("%d numbers have failed before %v", n, test.want)
				}
				time.Sleep(test.want / 10)
				if n := r.journal.count("nak"); n != test.slots {
					t.Errorf("%d numbers have failed after %v", n, test.want)
				}
				r.drain()
			})
		})
	}
}

// TestFaultOfPredecessor: a number that gets its answer when it is interrupted does not fail, and neither does
// the next one, which finds the context ended.
func TestFaultOfPredecessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.offer(r.chunk(0, 1, tardy, 50, 60))
		r.start()
		time.Sleep(4 * time.Second)
		r.wantJournal("result 0-2", "result 2-2", "ack")
		r.drain()
	})
}

// TestOverdueInBatch: each number has the whole limit; the other numbers are not lost.
func TestOverdueInBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.config.Budget = 1500 * time.Millisecond // the limit is 90 s
		r.offer(r.chunk(0, 60_000, 70_000, freezes, 80_000, freezes, 1))
		r.start()
		time.Sleep(8 * time.Minute)
		lines := r.journal.take()
		r.journal.lines = nil
		for _, line := range lines {
			if line != "beat" {
				r.journal.add("%s", line)
			}
		}
		r.wantJournal("result 0-1", "result 1-1", "result 3-1", "result 5-1", "failed 2-1 #1", "failed 4-1 #1",
			"return 2-1 isolate", "return 4-1 isolate", "ack")
		r.drain()
	})
}

// TestHeartbeatWhileSettling: heartbeats are sent while a delivery waits for the server.
func TestHeartbeatWhileSettling(t *testing.T) {
	for name, number := range map[string]uint64{"short": 1, "long": 100} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				r.outbox.blocked = make(chan struct{})
				r.offer(r.chunk(0, number))
				r.start()
				time.Sleep(time.Minute + time.Millisecond)
				if n := len(r.journal.take()); n != 59 {
					t.Errorf("%d beats in a minute, want 59", n)
				}
				close(r.outbox.blocked)
				synctest.Wait()
				r.wantJournal("result 0-1", "ack")
				r.drain()
			})
		})
	}
}

// TestHeartbeatInBuffer: heartbeats are sent for tasks that were pulled ahead.
func TestHeartbeatInBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.config.AckWait = 5400 * time.Millisecond // a scan each 0.9 s, the second one before the task is stale, at 2 s
		for i := range uint64(4) {
			r.offer(r.chunk(i, 0))
		}
		r.start()
		time.Sleep(time.Second / 2) // now its tasks count as short
		r.journal.take()
		d := r.chunk(11, 0)
		d.Handle.(*fakeHandle).prefix = "buffered "
		r.offer(r.chunk(10, 100_000), d)
		time.Sleep(1200 * time.Millisecond) // 1.7 s: scanned once, too young for a heartbeat
		if r.Stats().Held != 2 {
			t.Errorf("%d tasks held, want the second pulled ahead", r.Stats().Held)
		}
		if r.journal.count("buffered beat") != 0 {
			t.Error("a beat for a young delivery")
		}
		time.Sleep(200 * time.Millisecond)
		if n := r.journal.count("buffered beat"); n != 1 {
			t.Errorf("%d beats for the buffered task, want 1", n)
		}
		r.StopComputing()
		r.drain()
	})
}

// TestHangingComputation: a computation that ignores its context is given up with its slot; the last slot
// ends the worker.
func TestHangingComputation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		defer close(r.kind.release)
		r.offer(r.chunk(0, hangs))
		r.start()
		time.Sleep(5*time.Second + 300*time.Millisecond) // less than the ack wait
		if s := r.Stats(); s.Lost != 1 || s.Busy != 0 || s.Held != 0 || s.Failures != 1 {
			t.Errorf("after one hang: %+v", s)
		}
		r.wantJournal("beat", "failed 0-1 #1", "nak")
		f := r.outbox.failures["0-1"]
		if want := "no sign of life for 2s, and the computation did not end when interrupted"; f.Err != want || f.Attempt != 1 ||
			f.Elapsed < 2*time.Second || len(f.Numbers) != 1 || f.Numbers[0].String() != "1000006" {
			t.Errorf("failure record %+v", f)
		}
		r.offer(r.chunk(1, 1)) // the other slot works
		time.Sleep(time.Second)
		r.wantJournal("result 1-1", "ack")
		if pulls := r.source.asked(); pulls[len(pulls)-1] != 1 {
			t.Errorf("asks for %d tasks with one slot left", pulls[len(pulls)-1])
		}

		last := r.chunk(2, hangs)
		last.Attempt = 3
		r.offer(last)
		if err := <-r.result; !errors.Is(err, ErrRestart) {
			t.Errorf("Run returned %v, want ErrRestart", err)
		}
		r.wantJournal("failed 2-1 #3", "beat", "dead 2-1", "term")
	})
}

// TestHangingComputationReturns: its slot is used again, its answer is not.
func TestHangingComputationReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.offer(r.chunk(0, 1, hangs, 2))
		r.start()
		time.Sleep(95 * time.Second)
		if s := r.Stats(); s.Lost != 1 {
			t.Errorf("%+v", s)
		}
		// It has not ticked since its start: the first number fails, and the number
		// that hangs is found among those behind it.
		r.wantJournal("beat", "failed 0-1 #1", "return 0-1 isolate", "return 1-2 isolate in 2", "ack")
		close(r.kind.release)
		synctest.Wait()
		if s := r.Stats(); s.Lost != 0 || s.Busy != 0 {
			t.Errorf("after its return: %+v", s)
		}
		r.offer(r.chunk(1, 100), r.chunk(2, 200))
		time.Sleep(time.Second)
		r.wantJournal("result 1-1", "ack", "result 2-1", "ack")
		if err := r.drain(); err != nil {
			t.Error(err)
		}
	})
}

// TestHangIsSettledInTime: a computation that hangs and ignores its interruption is settled a sixth of the ack
// wait before the server redelivers the task, at whatever time between two scans the task arrives. A range
// that were returned after the redelivery would be queued twice.
func TestHangIsSettledInTime(t *testing.T) {
	for _, ackWait := range []time.Duration{4 * time.Second, 5 * time.Second, 7 * time.Second, 30 * time.Second} {
		for phase := range time.Duration(8) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2)
				defer close(r.kind.release)
				r.Worker.config.AckWait = ackWait
				r.start()
				time.Sleep(time.Second + phase*ackWait/48 + time.Millisecond)
				r.offer(r.chunk(0, 1, hangs, 2))
				arrived, heard := time.Now(), time.Now()
				for r.journal.count("ack") == 0 && time.Since(arrived) < 2*ackWait {
					beats := r.journal.count("beat")
					time.Sleep(ackWait / 480)
					if r.journal.count("return") == 0 && r.journal.count("beat") > beats {
						heard = time.Now()
					}
				}
				if took := time.Since(heard); took > ackWait*11/12 {
					t.Errorf("ack wait %v, phase %d: settled after %v", ackWait, phase, took)
				}
				if r.journal.count("return") != 2 {
					t.Errorf("%q", r.journal.take())
				}
				r.StopComputing()
				r.drain()
			})
		}
	}
}

// TestLapsed: with a short ack wait a hanging task lapses before it is given up. It is neither returned nor
// nak'ed then, but its failure record and its results are stored.
func TestLapsed(t *testing.T) {
	for _, test := range []struct {
		numbers []uint64
		want    string
	}{
		{[]uint64{hangs}, "[failed 0-1 #1]"},
		{[]uint64{1, hangs, 2}, "[failed 0-1 #1]"},
		{[]uint64{1, freezes, 2}, "[result 0-1 result 2-1 failed 1-1 #1]"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 2)
			r.Worker.config.AckWait = time.Second
			r.start()
			d := r.chunk(0, test.numbers...)
			r.offer(d)
			time.Sleep(5 * time.Second)
			if got := fmt.Sprint(r.journal.take()); got != test.want {
				t.Errorf("%v: %s, want %s", test.numbers, got, test.want)
			}
			close(r.kind.release)
			if err := r.drain(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHeartbeatCannotBeSent: the server has not heard of a delivery whose heartbeats fail. The delivery
// lapses, and nothing of it is returned.
func TestHeartbeatCannotBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		d := r.chunk(0, 1, 10_000, breaks)
		d.Handle.(*fakeHandle).offline = true
		r.offer(d)
		r.start()
		time.Sleep(11 * time.Second)
		r.wantJournal("result 0-1", "result 1-1", "failed 2-1 #1")
		r.drain()
	})
}

// TestStandstill: a worker whose process was suspended does not believe that its computations hang.
func TestStandstill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		s, now := r.Worker.slots[0], time.Now()
		s.current = r.chunk(0, 1)
		s.task, s.numberSince = new(task.Task), now
		s.tick()
		r.Worker.scanned = now
		for i, want := range []error{nil, nil, errSilent} {
			now = now.Add(time.Second)
			if i == 1 {
				now = now.Add(time.Hour) // far beyond the limit of a number
			}
			s.current.state, s.current.slot, s.current.heard = running, s, now
			if i == 0 {
				r.Worker.held.add(s.current)
			}
			r.scan(now)
			if s.interruption != want {
				t.Errorf("scan %d: %v", i, s.interruption)
			}
		}
	})
}
