package resource

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// wallClock returns a clock that counts all time, as a thread that never waits for a processor.
func wallClock() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// TestMeterOfCrew: the limit is reached by the sum of the times of all goroutines. Of one that has a twentieth of
// a processor, only that counts.
func TestMeterOfCrew(t *testing.T) {
	for _, test := range []struct {
		helpers int
		share   time.Duration // 1/share of the wall-clock time is CPU time
		want    time.Duration
	}{{0, 1, 8 * time.Second}, {3, 1, 2 * time.Second}, {7, 1, time.Second}, {0, 20, 160 * time.Second}, {3, 20, 40 * time.Second}} {
		const check = 10 * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			wall := wallClock()
			m := NewMeter(func() time.Duration { return wall() / test.share })
			c := Crew{Pool: NewPool(8, 0), Meter: m}
			m.Begin()
			m.SetLimit(m.Spent() + 8*time.Second)
			began := time.Now()
			for range test.helpers {
				c.Borrow(func(recalled Call) {
					for !recalled() && !m.Reached() {
						time.Sleep(check)
					}
				})
			}
			for !m.Exceeded() {
				time.Sleep(check)
			}
			c.Wait(func() {})
			m.End()
			took := time.Since(began)
			if took < test.want || took > test.want+test.share*check {
				t.Errorf("%d helpers with 1/%d of a processor each have spent 8 s after %v", test.helpers, test.share, took)
			}
			if all, helped := m.Spent(), m.Helped(); all < 8*time.Second || all > 8*time.Second+8*check || helped < all*time.Duration(test.helpers)/time.Duration(1+test.helpers)-8*check {
				t.Errorf("%d helpers: %v in all, %v of helpers", test.helpers, all, helped)
			}
		})
	}
}

// TestMeterReadings: the clock is not read more often than needed. Nested computations are measured once.
func TestMeterReadings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var readings atomic.Int64
		wall := wallClock()
		m := NewMeter(func() time.Duration { readings.Add(1); return wall() })
		m.Begin()
		m.Begin()
		for range 100 {
			m.Exceeded()
			time.Sleep(100 * time.Microsecond)
		}
		if n := readings.Swap(0); n != 1 {
			t.Errorf("%d readings without a limit", n)
		}
		m.SetLimit(time.Hour)
		for range 100 {
			m.Exceeded()
			time.Sleep(100 * time.Microsecond)
		}
		if n := readings.Load(); n > 11 {
			t.Errorf("%d readings in 10 ms", n)
		}
		m.End()
		m.End()
		if m.Read() != 20*time.Millisecond {
			t.Errorf("20 ms are counted as %v", m.Spent())
		}
	})
}
