package hours

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func location(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// periods parses periods that are separated by spaces.
func periods(t *testing.T, text string) (h Hours) {
	t.Helper()
	for field := range strings.FieldsSeq(text) {
		p, err := Parse(field)
		if err != nil {
			t.Fatal(err)
		}
		h = append(h, p)
	}
	return h
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"22:00-07:00": "22:00-07:00", "9:30-17:00": "09:30-17:00", "18:00-24:00": "18:00-24:00", "18:00-00:00": "18:00-24:00",
		"00:00-24:00": "00:00-24:00", "0:00-0:00": "00:00-24:00", " 1:00 - 2:00 ": "01:00-02:00", "23:59-00:01": "23:59-00:01",
	} {
		if p, err := Parse(text); err != nil || p.String() != want {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	for _, text := range []string{
		"", "22:00", "22-7", "22:00-", "-07:00", "22:0-07:00", "24:00-07:00", "24:01-07:00", "22:60-07:00", "25:00-07:00", "22:00-07:00-08:00",
		"+2:00-07:00", "22:00-22:00", "10pm-7am", "022:00-07:00", "22:00–07:00", "-1:00-2:00",
	} {
		if p, err := Parse(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

// TestAt: local times, among them those of days on which clocks change. want is "on" or "off" and the time of the next
// change with its zone.
func TestAt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ zone, hours, at, want string }{
		{"Europe/Berlin", "22:00-07:00", "2026-01-10 21:59:59", "off 2026-01-10 22:00 CET"},
		{"Europe/Berlin", "22:00-07:00", "2026-01-10 22:00:00", "on 2026-01-11 07:00 CET"},
		{"Europe/Berlin", "22:00-07:00", "2026-01-10 06:59:59", "on 2026-01-10 07:00 CET"},
		{"Europe/Berlin", "22:00-07:00", "2026-01-10 07:00:00", "off 2026-01-10 22:00 CET"},
		{"Europe/Berlin", "22:00-07:00", "2026-12-31 23:30:00", "on 2027-01-01 07:00 CET"},
		{"Europe/Berlin", "12:00-13:00 18:00-24:00", "2026-01-10 13:00:00", "off 2026-01-10 18:00 CET"},
		{"Europe/Berlin", "12:00-13:00 18:00-24:00", "2026-01-10 23:59:59", "on 2026-01-11 00:00 CET"},
		{"Europe/Berlin", "18:00-24:00 00:00-07:00", "2026-01-10 19:00:00", "on 2026-01-11 07:00 CET"}, // adjacent
		{"Europe/Berlin", "06:00-12:00 03:00-08:00", "2026-01-10 04:00:00", "on 2026-01-10 12:00 CET"}, // overlapping
		{"Europe/Berlin", "06:00-12:00 07:00-08:00", "2026-01-10 07:30:00", "on 2026-01-10 12:00 CET"}, // within
		{"Europe/Berlin", "00:00-24:00", "2026-01-10 04:00:00", "on"},
		{"Europe/Berlin", "00:00-12:00 12:00-00:00", "2026-01-10 04:00:00", "on"},
		{"Europe/Berlin", "", "2026-01-10 04:00:00", "on"},

		// Clocks go from 02:00 CET to 03:00 CEST on 2026-03-29.
		{"Europe/Berlin", "22:00-07:00", "2026-03-28 23:00:00", "on 2026-03-29 07:00 CEST"},
		{"Europe/Berlin", "02:30-04:00", "2026-03-29 01:59:59", "off 2026-03-29 03:00 CEST"},
		{"Europe/Berlin", "02:30-04:00", "2026-03-29 03:00:00", "on 2026-03-29 04:00 CEST"},
		{"Europe/Berlin", "01:00-02:30", "2026-03-29 01:59:59", "on 2026-03-29 03:00 CEST"},
		{"Europe/Berlin", "01:00-02:30", "2026-03-29 03:00:00", "off 2026-03-30 01:00 CEST"},
		{"Europe/Berlin", "02:10-02:50", "2026-03-29 01:00:00", "off 2026-03-30 02:10 CEST"}, // it is skipped

		// Clocks go from 03:00 CEST back to 02:00 CET on 2026-10-25.
		{"Europe/Berlin", "22:00-02:30", "2026-10-25 01:00:00", "on 2026-10-25 02:30 CEST"},
		{"Europe/Berlin", "02:30-04:00", "2026-10-25 01:00:00", "off 2026-10-25 02:30 CEST"},
		{"Europe/Berlin", "01:00-06:00", "2026-10-25 01:00:00", "on 2026-10-25 06:00 CET"},

		{"America/Santiago", "00:00-05:00", "2026-09-05 23:59:59", "off 2026-09-06 01:00 -03"}, // no midnight
		{"Australia/Lord_Howe", "01:45-03:00", "2026-04-05 00:30:00", "off 2026-04-05 01:45 +11"},
		{"Pacific/Apia", "10:00-12:00", "2011-12-29 13:00:00", "off 2011-12-31 10:00 +14"}, // without a 30th
		{"UTC", "22:00-07:00", "2026-03-29 02:30:00", "on 2026-03-29 07:00 UTC"},
	} {
		loc := location(t, test.zone)
		at, err := time.ParseInLocation(time.DateTime, test.at, loc)
		if err != nil {
			t.Fatal(err)
		}
		active, next := periods(t, test.hours).At(at)
		got := map[bool]string{true: "on", false: "off"}[active]
		if !next.IsZero() {
			got += next.Format(" 2006-01-02 15:04 MST")
		}
		if got != test.want {
			t.Errorf("%s, %s at %s: %s, want %s", test.zone, test.hours, test.at, got, test.want)
		}
	}
}

// TestSecondTime: a period that has ended does not begin again when clocks are set back, and one that has begun goes on.
func TestSecondTime(t *testing.T) {
	t.Parallel()
	back := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC).In(location(t, "Europe/Berlin")) // the second 02:00
	if active, _ := periods(t, "22:00-02:30").At(back); active {
		t.Error("22:00-02:30 is active at the second 02:00")
	}
	if active, _ := periods(t, "02:30-04:00").At(back); !active {
		t.Error("02:30-04:00 is not active at the second 02:00")
	}
}

// TestAtIsConsistent: between two calls nothing changes before the time that the first one returns, and everything then.
func TestAtIsConsistent(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia"} {
		loc := location(t, zone)
		for range 300 {
			var h Hours
			for range 1 + random.IntN(3) {
				start, end := random.IntN(minutesOfDay), 1+random.IntN(minutesOfDay)
				if start != end%minutesOfDay {
					h = append(h, Period{start, end})
				}
			}
			at := time.Date(2026, time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24), random.IntN(60), random.IntN(60), 0, loc)
			active, next := h.At(at)
			if next.IsZero() {
				continue
			}
			if !next.After(at) {
				t.Fatalf("%v %s: the next change after %v is %v", h, zone, at, next)
			}
			middle := at.Add(time.Duration(random.Int64N(int64(next.Sub(at)))))
			if now, then := h.At(middle); now != active || !then.Equal(next) {
				t.Errorf("%v %s: %v until %v at %v, but %v until %v at %v", h, zone, active, next, at, now, then, middle)
			}
			if now, _ := h.At(next); now == active {
				t.Errorf("%v %s: nothing changes at %v", h, zone, next)
			}
		}
	}
}
