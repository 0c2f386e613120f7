package monitor

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestRange(t *testing.T) {
	for text, values := range map[string]map[float64]bool{ // value -> bad
		"10":     {-1: true, 0: false, 10: false, 10.5: true},
		"10:":    {9.9: true, 10: false, 1e18: false},
		"~:5":    {-1e18: false, 5: false, 6: true},
		"10:20":  {9: true, 10: false, 20: false, 21: true},
		"@10:20": {9: false, 10: true, 15: true, 20: true, 21: false},
		"@1:2":   {0: false, 1: true, 2: true, 3: false},
		"@5":     {-1: false, 0: true, 5: true, 6: false},
		":":      {-1: true, 0: false, 1e9: false},
		"~:":     {-1e9: false, 1e9: false},
		"-5:-1":  {-6: true, -5: false, -1: false, 0: true},
		"0.5:1":  {0.4: true, 0.5: false},
		"0":      {0: false, 1: true},
	} {
		r, err := ParseRange(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for x, bad := range values {
			if r.Bad(x) != bad {
				t.Errorf("%q: value %v: bad %v", text, x, !bad)
			}
		}
		if r.String() != text {
			t.Errorf("%q: %q", text, r)
		}
	}
	for _, text := range []string{"", "x", "@", "1:2:3", "2:1", "1e3", "inf", "nan", "0x10", "1_000", "~", "5:~", "--1", "1 :2"} {
		if _, err := ParseRange(text); err == nil || !strings.Contains(err.Error(), "10:20") {
			t.Errorf("%q: error %v", text, err)
		}
	}
	var none *Range
	if none.Bad(1) || none.String() != "" {
		t.Error("a range that is missing has bad values")
	}
}

func TestResult(t *testing.T) {
	metric := func(x float64, warning, critical string) Metric {
		m := Metric{Name: "queued", Value: x}
		if warning != "" {
			m.Warning = MustRange(warning)
		}
		if critical != "" {
			m.Critical = MustRange(critical)
		}
		return m
	}
	for _, test := range []struct {
		least  State
		metric Metric
		want   string
	}{
		{OK, metric(5, "10", "20"), "FACTOR QUEUE OK - 5 tasks | queued=5;10;20;0\n"},
		{OK, metric(15, "10", "20"), "FACTOR QUEUE WARNING - 5 tasks (queued = 15 is outside the limits 10) | queued=15;10;20;0\n"},
		{OK, metric(25, "10", "20"), "FACTOR QUEUE CRITICAL - 5 tasks (queued = 25 is outside the limits 20) | queued=25;10;20;0\n"},
		{Critical, metric(5, "", ""), "FACTOR QUEUE CRITICAL - 5 tasks | queued=5;;;0\n"},
		{Critical, metric(15, "10", ""), "FACTOR QUEUE CRITICAL - 5 tasks (queued = 15 is outside the limits 10) | queued=15;10;;0\n"},
		{OK, metric(3_000_000_000, "", ""), "FACTOR QUEUE OK - 5 tasks | queued=3000000000;;;0\n"},
	} {
		r := New("queue", test.least, "5 tasks", test.metric)
		got, err := r.Format("nagios")
		if err != nil || got != test.want {
			t.Errorf("%q, want %q, %v", got, test.want, err)
		}
		if r.Code != int(r.State) {
			t.Errorf("code %d of %v", r.Code, r.State)
		}
	}
}

// TestFormats: a message of any content remains one line, whose performance data are those of the check.
func TestFormats(t *testing.T) {
	r := New("job", OK, "a|b\nc\x1b[2J", Metric{Name: "age", Value: 1.5, Unit: "s", Critical: MustRange("1")})
	for format, want := range map[string]string{
		"nagios": "FACTOR JOB CRITICAL - a/b c [2J (age = 1.5s is outside the limits 1) | age=1.5s;;1;0\n",
		"text":   "job: critical: a/b c [2J (age = 1.5s is outside the limits 1)\n  age            1.5s  critical 1\n",
		"prometheus": "# HELP factor_check_state Outcome of a check: 0 OK, 1 warning, 2 critical, 3 unknown.\n# TYPE factor_check_state gauge\n" +
			"factor_check_state{check=\"job\"} 2\n# HELP factor_check_value Value that a check has measured; times in seconds.\n# TYPE factor_check_value gauge\n" +
			"factor_check_value{check=\"job\",name=\"age\"} 1.5\n",
	} {
		if got, err := r.Format(format); got != want || err != nil {
			t.Errorf("%s: %q, want %q, %v", format, got, want, err)
		}
	}
	text, err := r.Format("json")
	var back struct {
		State, Check string
		Code         int
		Metrics      []struct{ Critical string }
	}
	if err != nil || json.Unmarshal([]byte(text), &back) != nil || back.State != "critical" || back.Code != 2 || back.Metrics[0].Critical != "1" {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := r.Format("xml"); err == nil {
		t.Error("format xml")
	}
	failed, _ := Failed("dead", errors.New("cannot connect\nto it")).Format("nagios")
	if failed != "FACTOR DEAD UNKNOWN - cannot connect to it\n" {
		t.Errorf("%q", failed)
	}
}
