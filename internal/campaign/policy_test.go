package campaign

import (
	"testing"
	"time"
)

// TestBegins: a campaign begins if it saves 5 s and a fifth of the time.
func TestBegins(t *testing.T) {
	for _, test := range []struct {
		mode        Mode
		digits      int
		left        time.Duration
		owner, free int
		want        bool
	}{
		{Auto, 80, 31 * time.Second, 1, 1, true},
		{Auto, 80, 31 * time.Second, 1, 0, false},
		{Auto, 80, 8 * time.Second, 1, 100, false},
		{Auto, 95, 720 * time.Second, 16, 1, false}, // saves a twentieth
		{Auto, 95, 720 * time.Second, 16, 8, true},
		{Auto, 74, time.Hour, 1, 100, false},
		{Auto, 75, time.Hour, 1, 100, true},
		{Auto, 100, time.Hour, 1, 1, true},
		{Auto, 108, 3 * time.Hour, 1, 100, true},
		{Auto, 109, 3 * time.Hour, 1, 100, false},
		{Auto, 100, 0, 1, 100, false},
		{Auto, 100, time.Hour, 0, 1, true},
		{Always, 60, 0, 1, 1, true},
		{Always, 59, time.Hour, 1, 1, false},
		{Always, 109, 3 * time.Hour, 1, 1, false},
		{Always, 60, 0, 1, 0, false},
		{Never, 90, time.Hour, 1, 100, false},
	} {
		if got := test.mode.Begins(test.digits, test.left, 0, test.owner, test.free); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// TestBeginsWithBudget: a budget that is too small for the sieve permits a campaign if the owner's part
// of it takes at most two thirds of the budget.
func TestBeginsWithBudget(t *testing.T) {
	const sieve = 40 * time.Minute // of 102 digits
	for _, test := range []struct {
		left, budget time.Duration
		owner, free  int
		want         bool
	}{
		{sieve, 0, 1, 1, true},                           // no limit
		{sieve, 40 * time.Minute, 1, 1, true},            // the owner could finish alone
		{sieve, 40*time.Minute - 1, 1, 1, true},          // half of it fits
		{sieve, 10 * time.Minute, 1, 1, false},           // 20 minutes for each
		{sieve, 10 * time.Minute, 1, 4, false},           // 8 minutes for each, two thirds are 6:40
		{sieve, 10 * time.Minute, 1, 5, true},            // 6:40
		{sieve, 10 * time.Minute, 1, 16, true},           // 2:21
		{sieve, 47 * time.Second, 1, 16, false},          // the budget that is used if the user sets none
		{sieve, 47 * time.Second, 1, 80, true},           // 30 s
		{sieve / 4, 10 * time.Minute, 4, 5, false},       // four cores of the owner spend 4/9 of it
		{sieve / 4, 10 * time.Minute, 4, 12, false},      // they spend 10 minutes
		{sieve / 4, 10 * time.Minute, 4, 20, true},       // and here 6:40
		{sieve, time.Second, 0, 1 << 30, true},           // a count of cores that is none
		{100 * sieve, 10 * time.Minute, 1, 100, false},   // an owner that expects to take long
		{1<<63 - 1, 10 * time.Minute, 1 << 30, 1, false}, // no overflow
		{1<<63 - 1, 1<<63 - 1, 1 << 30, 1 << 30, false},  // none either
	} {
		for _, mode := range []Mode{Auto, Always} {
			if got := mode.Begins(102, test.left, test.budget, test.owner, test.free); got != test.want {
				t.Errorf("%s, %+v: %v", mode, test, got)
			}
		}
		if Never.Begins(102, test.left, test.budget, test.owner, test.free) {
			t.Errorf("%+v begins although campaigns are not wanted", test)
		}
	}
}

// TestTogether: more slots never take longer, and two workers of one core take at most 0.55 of one
// from 90 digits on, at the times of measured.
func TestTogether(t *testing.T) {
	for digits := MinDigits; digits <= MaxDigits; digits++ {
		last := together(digits, time.Hour, 1, 1)
		for free := 2; free < 300; free++ {
			now := together(digits, time.Hour, 1, free)
			if now > last {
				t.Fatalf("%d digits: %d slots take %v, one fewer %v", digits, free, now, last)
			}
			last = now
		}
	}
	if got, want := together(90, 200*time.Second, 1, 1), 110*time.Second; got > want {
		t.Errorf("two workers take %v, want at most %v", got, want)
	}
}

// TestShare: the shares add up to the slots, and differ by 1 at most.
func TestShare(t *testing.T) {
	for slots := range 40 {
		for campaigns := 1; campaigns < 12; campaigns++ {
			sum := 0
			for i := range campaigns {
				share := Share(slots, campaigns, i)
				if share < slots/campaigns || share > slots/campaigns+1 {
					t.Errorf("campaign %d of %d has %d of %d slots", i, campaigns, share, slots)
				}
				sum += share
			}
			if sum != slots {
				t.Errorf("%d campaigns share %d of %d slots", campaigns, sum, slots)
			}
		}
	}
	if Share(-1, 3, 0) != 0 || Share(5, 0, 0) != 0 {
		t.Error("a share of nothing")
	}
}

// TestParseMode: the modes are those of the flag.
func TestParseMode(t *testing.T) {
	for s, want := range map[string]Mode{"": Auto, "auto": Auto, "always": Always, "never": Never} {
		if got, err := ParseMode(s); err != nil || got != want {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	if _, err := ParseMode("often"); err == nil || err.Error() != `must be auto, always or never, not "often"` {
		t.Errorf("often: %v", err)
	}
}
