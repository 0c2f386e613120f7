package plan

import (
	"testing"
	"time"

	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

func TestForecast(t *testing.T) {
	list := NewList(Expectation{Kind: task.KindFactor, Times: measured.Slowest()})
	for range 1000 {
		list.AddNumber(ofBits(63, 1)[0])
	}
	for range 100 {
		list.AddNumber(ofBits(200, 1)[0])
	}
	list.AddExamined(ofBits(280, 1)[0], 0) // a prime
	list.AddExamined(ofBits(280, 1)[0], 500*time.Second)
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

// TestDigitClass: numbers at the ends of the rows are in the right one.
func TestDigitClass(t *testing.T) {
	list := NewList(Expectation{Kind: task.KindFactor})
	for _, text := range []string{"0", "9999999999999999999", "10000000000000000000", "18446744073709551557", "99999999999999999999999999999", "100000000000000000000000000000"} {
		var n nat.Nat
		if err := n.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		list.AddNumber(n)
	}
	rows := list.Rows()
	if len(rows) != 3 || rows[0].Class != "1-19 digits" || rows[0].Count != 2 || rows[1].Count != 3 || rows[2].Class != "30-39 digits" || rows[2].Count != 1 {
		t.Errorf("%+v", rows)
	}
	for digits, want := range map[int]string{1: "1-19 digits", 60: "60-69 digits", 100: "100-199 digits", 999: "200-999 digits", 5000: "1000 digits and more"} {
		if got := DigitClass(digits); got != want {
			t.Errorf("%d digits: %q, want %q", digits, got, want)
		}
	}
}
