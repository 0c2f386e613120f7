package attempt

import (
	"testing"
	"time"
)

// TestUnheld: a task waits for two ack waits and a beat, a single number for four. Then several numbers are split, and a single
// number has spent one delivery more, and is concluded after the last attempt.
func TestUnheld(t *testing.T) {
	const ackWait, beat = 30 * time.Second, 10 * time.Second
	for _, test := range []struct {
		name      string
		count     uint64
		spent     int
		mayBeHeld bool
		unnamed   time.Duration
		want      Decision
	}{
		{"new", 1, 0, false, 0, Decision{Action: Wait, Delay: 130 * time.Second}},
		{"nearly", 9, 0, false, 69 * time.Second, Decision{Action: Wait, Delay: time.Second}},
		{"several numbers", 9, 0, false, 70 * time.Second, Decision{Action: Requeue, Pieces: 9}},
		{"a full chunk", 4096, 0, false, time.Hour, Decision{Action: Requeue, Pieces: 64}},
		{"one number", 1, 0, false, 130 * time.Second, Decision{Action: Requeue, Pieces: 1, Spent: 1}},
		{"one number, second round", 1, 1, false, 130 * time.Second, Decision{Action: Requeue, Pieces: 1, Spent: 2}},
		{"one number, last attempt", 1, 2, false, 130 * time.Second, Decision{Action: Conclude}},
		{"a forged header", 1, -5, false, 130 * time.Second, Decision{Action: Requeue, Pieces: 1, Spent: 1}},
		{"several numbers of an earlier version", 9, 0, true, 279 * time.Second, Decision{Action: Wait, Delay: time.Second}},
		{"an earlier version", 1, 0, true, 519 * time.Second, Decision{Action: Wait, Delay: time.Second}},
		{"an earlier version, long", 1, 0, true, 520 * time.Second, Decision{Action: Requeue, Pieces: 1, Spent: 1}},
		{"an earlier version, second round", 1, 1, true, 1039 * time.Second, Decision{Action: Wait, Delay: time.Second}},
		{"an earlier version, third round", 1, 2, true, 2079 * time.Second, Decision{Action: Wait, Delay: time.Second}},
		{"an earlier version, last attempt", 1, 100, true, 2080 * time.Second, Decision{Action: Requeue, Pieces: 1, Spent: 2}},
	} {
		u := Unheld{Count: test.count, Spent: test.spent, Unnamed: test.unnamed, AckWait: ackWait, Beat: beat, MayBeHeld: test.mayBeHeld}
		if got := u.Decide(); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// TestUnheldIsolates: a number among 4096 that lets every worker die, while no worker is left to take
// redeliveries, runs alone after five rounds.
func TestUnheldIsolates(t *testing.T) {
	count, spent, rounds := uint64(4096), 0, 0
	for Number(1, spent, 0) < MaxDeliver || count > 1 {
		do := Unheld{Count: count, Spent: spent, Unnamed: time.Hour}.Decide()
		count, spent = count/do.Pieces, do.Spent
		if rounds++; rounds > 4 {
			t.Fatalf("%d numbers with %d spent after %d rounds", count, spent, rounds)
		}
	}
}
