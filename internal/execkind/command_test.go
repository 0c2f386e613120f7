package execkind

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestParse: commands and the errors of what is none.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"a=b":                   "a lines b",
		"a:args= b -x=y ":       "a args b -x=y",
		" a-1_ : args=b":        "",
		"a:=b":                  "",
		"a":                     "\"a\" is not a command: write NAME=CMD or NAME:MODE=CMD",
		"a=":                    "command a: there is nothing to run behind \"=\"",
		"A=b":                   "\"A\" is not the name of a command: use 1 to 24 of a-z 0-9 _ -",
		"=b":                    "\"\" is not the name of a command",
		"a:batch=b":             "command a: \"batch\" is not a mode: use lines, args or server",
		"a=b\x00":               "command a: a command must not have a NUL byte",
		"a:server=x:y=z":        "a server x:y=z",
		strings.Repeat("a", 25): "is not a command",
	} {
		c, err := Parse(text, Settings{Mode: Lines})
		got := fmt.Sprint(c.Name, " ", c.Mode, " ", c.Line)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) || err == nil && want == "" {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for _, s := range []Settings{{}, {Mode: Lines, Timeout: -1}, {Mode: Lines, Limits: Limits{Nice: 20}}, {Mode: Lines, Limits: Limits{Memory: -1}}, {Mode: Lines, Limits: Limits{Memory: 2}}, {Mode: Lines, Limits: Limits{CPU: time.Millisecond}}} {
		if _, err := Parse("a=b", s); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
	for _, line := range []string{"[", "[]", `["a",1]`, "{}x["} {
		if c, err := Parse("a="+line, Settings{Mode: Lines, Direct: true}); err == nil && line != "{}x[" {
			t.Errorf("%q: %q", line, c.words)
		}
	}
}

// TestParseFile: what a file may have.
func TestParseFile(t *testing.T) {
	size := func(s string) (int64, error) {
		if s != "1G" {
			return 0, fmt.Errorf("%q is not a size", s)
		}
		return 1 << 30, nil
	}
	list, err := ParseFile(strings.NewReader(`
# commands
resize = ./resize.sh -q
  resize.mode = server
resize.timeout=1h

ocr:args=ocr --lang=de "$1"
ocr.timeout = none
resize.direct = true
`), "f", Settings{Mode: Lines, Timeout: time.Minute}, size)
	if err != nil || len(list) != 2 || list[0].Mode != Server || !list[0].Direct || list[0].Timeout != time.Hour || list[0].Line != "./resize.sh -q" ||
		list[1].Mode != Args || list[1].Timeout != 0 || list[1].Line != `ocr --lang=de "$1"` {
		t.Errorf("%+v, %v", list, err)
	}
	for text, want := range map[string]string{
		"a=b\na.mode=x":       `f:2: command a: "x" is not a mode: use lines, args or server`,
		"a.mode=lines":        `f:1: there is no command "a": add a line a=CMD`,
		"\na=b\na.colour=red": "f:3: a.colour: no such setting: use mode,",
		"a=b\na.timeout=0":    `f:2: a.timeout: "0" is not a time-out`,
		"a=b\na.nice=20":      "f:2: command a: the niceness must be 0 to 19",
		"a=b\na.memory=2X":    `f:2: a.memory: "2X" is not a size`,
		"hello":               `f:1: "hello" is not a command`,
		"a=b\na=c":            "f:2: command a is named twice",
	} {
		if _, err := ParseFile(strings.NewReader(text), "f", Settings{Mode: Lines}, size); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
