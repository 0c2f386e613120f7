package plan

import (
	"testing"
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/task"
)

func TestForecast(t *testing.T) {
	list := NewList(Expectation{Kind: task.KindFactor, Times: measured.Slowest()})
	for range 1000 {
		list.Add(63)
	}
	for range 100 {
		list.Add(200)
	}
	list.AddExamined(280, 0) // a prime
	list.AddExamined(280, 500*time.Second)
	slow := Machine{Slots: 2, Times: measured.Slowest()}
	f := list.Forecast([]Machine{slow}, nil)
	if f.CPU <= 0 || f.Worst <= f.CPU || f.Earlier != 0 || !near(f.Time.Seconds(), f.CPU.Seconds()/2, 0.01) {
		t.Errorf("%+v", f)
	}
	if f.Worst < 500*time.Second || f.Worst > 800*time.Second {
		t.Errorf("the worst case takes %v", f.Worst)
	}
	if twice := list.Forecast([]Machine{slow, slow}, nil); !near(twice.Time.Seconds(), f.Time.Seconds()/2, 0.01) || twice.WorstTime < 250*time.Second {
		t.Errorf("two machines: %+v, one: %+v", twice, f)
	}
	if fast := list.Forecast([]Machine{{Slots: 2, Times: measured.Slowest(), Speed: 2}}, nil); !near(fast.Time.Seconds(), f.Time.Seconds()/2, 0.01) {
		t.Errorf("a machine of twice the speed: %+v, one: %+v", fast, f)
	}
	if none := list.Forecast(nil, nil); none.Time != 0 || none.CPU != f.CPU {
		t.Errorf("no machine: %+v", none)
	}
	if empty := NewList(Expectation{Kind: task.KindFactor}).Forecast([]Machine{slow}, nil); empty != (Forecast{}) {
		t.Errorf("no numbers: %+v", empty)
	}
	var count uint64
	rows := list.Rows()
	for _, r := range rows {
		count += r.Count
	}
	if count != 1102 || rows[0].Class != "1-19 digits" || rows[len(rows)-1].Class != "80-89 digits" {
		t.Errorf("rows %+v", rows)
	}
}

// TestExpectationBudget: a budget bounds the expected time.
func TestExpectationBudget(t *testing.T) {
	for bits := range 5000 {
		for _, budget := range []time.Duration{time.Millisecond, time.Minute, 100 * time.Hour} {
			if got := (Expectation{Kind: task.KindFactor, Budget: budget}).Cost(bits); got > budget || got < 0 {
				t.Fatalf("%d bits with a budget of %v: %v", bits, budget, got)
			}
		}
	}
	if got := (Expectation{Kind: task.KindSquare, Each: time.Second}).Cost(64); got != time.Second+squareCost {
		t.Errorf("a square that sleeps: %v", got)
	}
}
