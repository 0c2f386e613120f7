// Package clitest checks the help of a program, for the tests of the programs only.
package clitest

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/testsize"
)

// Help checks the help of a program, and of each of its commands: it fits into cli.HelpWidth columns, each command has
// examples, and the flags and commands in them exist. known are the keys of the examples of the program. program returns
// a new one.
func Help(t *testing.T, program func() *ucli.App, known map[string]string) {
	t.Helper()
	checkWidth(t, run(t, program(), "-h"))
	commands := make(map[string]bool)
	eachCommand(program().Commands, "", func(name string, c *ucli.Command) {
		commands[name] = true
		help := run(t, program(), append(strings.Fields(name), "-h")...)
		checkWidth(t, help)
		if len(c.Subcommands) > 0 {
			return
		}
		_, body, ok := strings.Cut(help, "\nExamples:\n")
		if !ok {
			t.Errorf("the help of %s has no examples", name)
		}
		body, _, _ = strings.Cut(body, "\n\n")
		for line := range strings.Lines(body) {
			checkExample(t, program, line)
		}
	})
	for name := range known {
		if name != "" && !commands[name] {
			t.Errorf("there are examples of %q, which is no command", name)
		}
	}
}

// eachCommand calls do for each command that users see.
func eachCommand(list []*ucli.Command, parent string, do func(name string, c *ucli.Command)) {
	for _, c := range list {
		if !c.Hidden {
			do(parent+c.Name, c)
			eachCommand(c.Subcommands, parent+c.Name+" ", do)
		}
	}
}

// run runs a program that must succeed, and returns what it prints.
func run(t *testing.T, app *ucli.App, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	app.Writer, app.ErrWriter = &out, &errs
	if code := cli.Run(t.Context(), app, append([]string{app.Name}, args...)); code != cli.OK {
		t.Fatalf("%s %q: exit code %d: %s", app.Name, args, code, errs.String())
	}
	return out.String()
}

func checkWidth(t *testing.T, help string) {
	t.Helper()
	for line := range strings.Lines(help) {
		if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > cli.HelpWidth {
			t.Errorf("a line of help has more than %d columns: %s", cli.HelpWidth, line)
		}
	}
}

// checkExample checks the part of an example that calls the program: with -h it must be a command line without an error.
func checkExample(t *testing.T, program func() *ucli.App, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, "  # ")
	for part := range strings.SplitSeq(line, "|") {
		words := shellWords(t, part)
		if len(words) > 0 && words[0] == program().Name {
			run(t, program(), append(words[1:], "-h")...)
		}
	}
}

// shellWords returns the words of a simple command, without what redirects its output. Words in quotes are one.
func shellWords(t *testing.T, command string) (words []string) {
	t.Helper()
	command, _, _ = strings.Cut(command, " > ")
	command, _, _ = strings.Cut(command, " <(")
	var quote rune
	var b strings.Builder
	for _, r := range command + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote == 0 && (r == ' ' || r == '\n'):
			if b.Len() > 0 {
				words = append(words, b.String())
				b.Reset()
			}
		default:
			b.WriteRune(r)
		}
	}
	return words
}

// Man checks that groff formats a manual page without a warning.
func Man(t *testing.T, program func() *ucli.App) {
	t.Helper()
	page := run(t, program(), "man")
	c := exec.CommandContext(t.Context(), testsize.Need(t, "groff"), "-man", "-Tutf8", "-P-cbou", "-ww")
	var warnings bytes.Buffer
	c.Stdin, c.Stderr = strings.NewReader(page), &warnings
	shown, err := c.Output()
	if err != nil || warnings.Len() > 0 {
		t.Fatalf("%v: %s", err, warnings.String())
	}
	eachCommand(program().Commands, program().Name+" ", func(name string, _ *ucli.Command) {
		if !strings.Contains(string(shown), name) {
			t.Errorf("the manual page does not have %s", name)
		}
	})
}
