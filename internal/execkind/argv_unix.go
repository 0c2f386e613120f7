//go:build unix

package execkind

import (
	"errors"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const shell = "/bin/sh"

// xcpuGrace is how long after SIGXCPU the system kills a process that has spent its CPU time.
const xcpuGrace = 5 * time.Second

// argument matches a script that says where its arguments go.
var argument = regexp.MustCompile(`\$([1@*]|\{[1@*])`)

// checkSystem returns an error if c wants what this system does not have.
func (c *Command) checkSystem() error {
	if c.Limits.Affinity && runtime.GOOS != "linux" {
		return errors.New("an affinity of the slots needs Linux")
	}
	return nil
}

// argv returns the words that run c. With an item, of mode args, the last of them is the item.
//
//	sh -c CMD                  lines, server
//	sh -c 'CMD "$@"' sh ITEM   args; as CMD says if it names $1, $@ or $* itself
//	WORDS                      direct
//	WORDS ITEM                 direct, args
//
// The shell parses CMD only. ITEM is the value of a variable, and stays one word whatever it has, also if it begins
// with "-". With limits, all this is behind
//
//	sh -c 'ulimit ... && exec "$@"' sh
func (c *Command) argv(item *string) []string {
	var words []string
	switch {
	case c.Direct:
		words = append(words, c.words...)
	case item == nil:
		words = []string{shell, "-c", c.Line}
	case argument.MatchString(c.Line):
		words = []string{shell, "-c", c.Line, "sh"}
	default:
		words = []string{shell, "-c", c.Line + ` "$@"`, "sh"}
	}
	if script := c.Limits.script(); script != "" {
		words = append([]string{shell, "-c", script, "sh"}, words...)
	}
	if item != nil {
		words = append(words, *item)
	}
	return words
}

// script returns the shell script that sets the limits and then becomes its arguments; "" if there are none. The process
// limits itself before it runs the command, so that nothing the command does comes before. exec fails if the
// limits could not be set.
func (l *Limits) script() string {
	var steps []string
	if l.Memory > 0 {
		steps = append(steps, "ulimit -v "+strconv.FormatInt(max(l.Memory>>10, 1), 10))
	}
	if l.CPU > 0 {
		soft := int(l.CPU / time.Second)
		hard := soft + int(xcpuGrace/time.Second)
		steps = append(steps, "ulimit -S -t "+strconv.Itoa(soft), "ulimit -H -t "+strconv.Itoa(hard))
	}
	run := `exec "$@"`
	if l.Nice > 0 {
		run = "exec nice -n " + strconv.Itoa(l.Nice) + ` "$@"`
	}
	if len(steps) == 0 && l.Nice == 0 {
		return ""
	}
	return strings.Join(append(steps, run), " && ")
}

// newCmd returns c, for an item if it is in mode args, in a process group of its own.
func (c *Command) newCmd(item *string) *exec.Cmd {
	argv := c.argv(item)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	return cmd
}
