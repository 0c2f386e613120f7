package execkind

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A setting of a file: NAME.KEY=VALUE.
type setting struct {
	line             int
	name, key, value string
}

// ParseFile reads commands, one a line. Blank lines, and those that begin with #, are ignored:
//
//	NAME=CMD             the command, also NAME:MODE=CMD
//	NAME.mode=MODE       lines, args or server
//	NAME.direct=BOOL     run it without a shell
//	NAME.timeout=TIME    for one item, such as 90s; none is no limit
//	NAME.memory=SIZE     limit of the address space, such as 2GiB
//	NAME.cpu-time=TIME   limit of the CPU time of a process
//	NAME.nice=N          0 to 19
//	NAME.affinity=BOOL   each slot has one CPU
//
// What the file does not say is that of defaults. size reads a SIZE. An error names source and the line.
func ParseFile(r io.Reader, source string, defaults Settings, size func(string) (int64, error)) (list Set, err error) {
	var settings []setting
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if s, ok := asSetting(text); ok {
			s.line = n
			settings = append(settings, s)
			continue
		}
		c, err := Parse(text, defaults)
		if err == nil {
			err = list.Add(c)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", source, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	for _, s := range settings {
		if err := s.apply(list, size); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", source, s.line, err)
		}
	}
	return list, nil
}

// asSetting returns the setting of a line; false if its left side has no dot.
func asSetting(text string) (s setting, ok bool) {
	left, value, _ := strings.Cut(text, "=")
	s.name, s.key, ok = strings.Cut(strings.TrimSpace(left), ".")
	s.value = strings.TrimSpace(value)
	return s, ok
}

// apply changes the command of list that s names.
func (s *setting) apply(list []Command, size func(string) (int64, error)) error {
	for i := range list {
		if list[i].Name == s.name {
			if err := s.set(&list[i].Settings, size); err != nil {
				return fmt.Errorf("%s.%s: %w", s.name, s.key, err)
			}
			return list[i].Check()
		}
	}
	return fmt.Errorf("there is no command %.60q: add a line %.30s=CMD", s.name, s.name)
}

// set changes one setting of c.
func (s *setting) set(c *Settings, size func(string) (int64, error)) (err error) {
	switch s.key {
	case "mode":
		c.Mode = Mode(s.value)
	case "direct":
		c.Direct, err = strconv.ParseBool(s.value)
	case "timeout":
		c.Timeout, err = ParseTimeout(s.value)
	case "memory":
		c.Limits.Memory, err = size(s.value)
	case "cpu-time":
		c.Limits.CPU, err = time.ParseDuration(s.value)
	case "nice":
		c.Limits.Nice, err = strconv.Atoi(s.value)
	case "affinity":
		c.Limits.Affinity, err = strconv.ParseBool(s.value)
	default:
		err = fmt.Errorf("no such setting: use mode, direct, timeout, memory, cpu-time, nice or affinity")
	}
	return err
}

// ParseTimeout reads the time-out of an item: a positive duration, or none, which is 0.
func ParseTimeout(value string) (time.Duration, error) {
	if value == "none" {
		return 0, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%.40q is not a time-out: use a positive duration such as 90s or 10m, or none", value)
	}
	return d, nil
}
