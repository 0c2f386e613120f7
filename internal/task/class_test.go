package task

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/nat"
)

// TestClass: what a class may be, and its parts.
func TestClass(t *testing.T) {
	for text, want := range map[string]struct {
		route string
		ok    bool
	}{
		"norm":                       {"", true},
		"hi+gpu":                     {"gpu", true},
		"low+exec=resize":            {"exec=resize", true},
		"norm+exec=resize+gpu":       {"exec=resize+gpu", true},
		"norm+" + long(24):           {long(24), true},
		"norm+a+b+c+d":               {"a+b+c+d", true},
		"":                           {"", false},
		"gpu":                        {"", false},
		"norm+":                      {"", false},
		"norm+GPU":                   {"GPU", false},
		"norm+b+a":                   {"b+a", false},
		"norm+a+a":                   {"a+a", false},
		"norm+a.b":                   {"a.b", false},
		"norm+exec=":                 {"exec=", false},
		"norm+gpu=1":                 {"gpu=1", false},
		"norm+a+b+c+d+e":             {"a+b+c+d+e", false},
		"norm+" + long(25):           {long(25), false},
		"norm+exec=" + long(25):      {"exec=" + long(25), false},
		"urgent+exec=" + long(10):    {"exec=" + long(10), false},
		"norm+exec=resize+gpu+>":     {"exec=resize+gpu+>", false},
		"norm+exec=resize+" + "b\nc": {"exec=resize+b\nc", false},
	} {
		c := Class(text)
		if err := CheckClass(c); (err == nil) != want.ok {
			t.Errorf("%q: %v", text, err)
		}
		if got := c.Route(); got != want.route {
			t.Errorf("%q: route %q", text, got)
		}
		if want.ok && c.Priority().Routed(c.Route()) != c {
			t.Errorf("%q: its parts give %q", text, c.Priority().Routed(c.Route()))
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

// TestQueue: the class of the tasks of a job.
func TestQueue(t *testing.T) {
	for _, c := range []struct {
		kind, route string
		want        Class
	}{
		{KindFactor, "", "norm"},
		{KindFactor, "big+gpu", "norm+big+gpu"},
		{"exec:resize", "", "norm+exec=resize"},
		{"exec:resize", "big+gpu", "norm+big+exec=resize+gpu"},
	} {
		j := Job{Kind: c.kind, Class: ClassNorm, Route: c.route}
		if got := j.Queue(); got != c.want || CheckClass(got) != nil {
			t.Errorf("%s %q: %q, %v", c.kind, c.route, got, CheckClass(got))
		}
	}
}

// TestItem: items are numbers, and come back as they were.
func TestItem(t *testing.T) {
	for _, item := range [][]byte{nil, {0}, {0, 0, 1}, []byte("a line"), {1}, bytes.Repeat([]byte{255}, 2000)} {
		got, ok := AppendItem([]byte("x"), ItemNumber(item))
		if !ok || string(got) != "x"+string(item) {
			t.Errorf("%q: %q, %v", item, got, ok)
		}
	}
	for _, n := range []nat.Nat{{}, nat.New(2), nat.New(255), nat.New(0xff00)} {
		if got, ok := AppendItem(nil, n); ok || len(got) != 0 {
			t.Errorf("%v is taken for the item %q", n, got)
		}
	}
}

// TestRules: the rules of a task come back as they were.
func TestRules(t *testing.T) {
	want := Task{
		Kind: "exec:resize", Numbers: []nat.Nat{ItemNumber([]byte("a"))}, Sleep: time.Second, MaxAttempts: 7,
		Backoff: []time.Duration{time.Second, 0, time.Hour}, Format: FormatJSON,
	}
	got, err := DecodeTask(want.Encode())
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if most, longest := RulesOf(want.Encode()); most != 7 || longest != time.Hour {
		t.Errorf("RulesOf: %d, %v", most, longest)
	}
	for n := range want.Encode() { // of a message that is cut off
		RulesOf(want.Encode()[:n])
	}
	if most, longest := RulesOf((&Task{Kind: KindFactor}).Encode()); most != 0 || longest != 0 {
		t.Errorf("RulesOf without rules: %d, %v", most, longest)
	}
}
