package execkind

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"factorfleet/internal/task"
)

// A Mode says how a command gets items and gives answers: see the package comment.
type Mode string

// The modes.
const (
	Lines  Mode = "lines"
	Args   Mode = "args"
	Server Mode = "server"
)

// CheckMode returns an error that lists the modes if m is not one of them.
func CheckMode(m Mode) error {
	switch m {
	case Lines, Args, Server:
		return nil
	}
	return fmt.Errorf("%.40q is not a mode: use lines, args or server", string(m))
}

// Settings say how a command runs.
type Settings struct {
	Mode    Mode
	Direct  bool          // without a shell
	Timeout time.Duration // wall-clock time for one item; 0 = no limit
	Limits  Limits
}

// minMemory is the least limit of the memory in bytes. It refuses a size without its unit.
const minMemory = 4 << 20

// Limits bound a process of a command; zero values do not. A limit of memory or time holds for each process that the
// command starts, too.
type Limits struct {
	Memory   int64         // bytes of address space, at least minMemory
	CPU      time.Duration // CPU time, in whole seconds
	Nice     int           // 0 to 19, added to the niceness of the worker
	Affinity bool          // each slot has one of the CPUs of the worker
}

// A Command is what a worker offers under a name.
type Command struct {
	Name string
	Line string // what the operator has written
	Settings
	words []string // of Line, if Direct
}

// Parse reads NAME=CMD or NAME:MODE=CMD. What text does not say is that of defaults.
func Parse(text string, defaults Settings) (Command, error) {
	left, line, ok := strings.Cut(text, "=")
	if !ok {
		return Command{}, fmt.Errorf("%.80q is not a command: write NAME=CMD or NAME:MODE=CMD", text)
	}
	c := Command{Line: strings.TrimSpace(line), Settings: defaults}
	name, mode, ok := strings.Cut(strings.TrimSpace(left), ":")
	if c.Name = name; ok {
		c.Mode = Mode(mode)
	}
	return c, c.Check()
}

// Check returns an error unless this system can run c. It must be called before c is used.
func (c *Command) Check() error {
	if _, ok := task.ExecName(task.ExecPrefix + c.Name); !ok {
		return fmt.Errorf("%.60q is not the name of a command: use 1 to 24 of a-z 0-9 _ -", c.Name)
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("command %s: %w", c.Name, err)
	}
	return nil
}

func (c *Command) check() (err error) {
	if err := CheckMode(c.Mode); err != nil {
		return err
	}
	switch {
	case c.Line == "":
		return errors.New("there is nothing to run behind \"=\"")
	case strings.ContainsRune(c.Line, 0):
		return errors.New("a command must not have a NUL byte")
	case c.Timeout < 0:
		return errors.New("the time-out of an item must not be negative")
	case c.Limits.Nice < 0 || c.Limits.Nice > 19:
		return errors.New("the niceness must be 0 to 19")
	case c.Limits.Memory != 0 && c.Limits.Memory < minMemory:
		return errors.New("the limit of the memory must be at least 4MiB: a shell needs more than half of it")
	case c.Limits.CPU < 0:
		return errors.New("the limit of the CPU time must not be negative")
	case c.Limits.CPU%time.Second != 0:
		return errors.New("the limit of the CPU time must be whole seconds")
	}
	if c.words = nil; c.Direct {
		if c.words, err = split(c.Line); err != nil {
			return err
		}
	}
	return c.checkSystem()
}

// split returns the words of a command that runs without a shell: those between blanks, or the strings of a JSON array.
func split(line string) ([]string, error) {
	if !strings.HasPrefix(line, "[") {
		return strings.Fields(line), nil
	}
	var words []string
	if err := json.Unmarshal([]byte(line), &words); err != nil || len(words) == 0 {
		return nil, fmt.Errorf("%.80q is not a JSON array of words: %v", line, err)
	}
	return words, nil
}
