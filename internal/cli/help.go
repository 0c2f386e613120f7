package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// programWord stands for the name of the program in the examples of a command that several programs have.
const programWord = "PROGRAM"

// HelpWidth is the most columns of a line of help.
const HelpWidth = 100

// The printer of urfave/cli is a variable of its package, which is set before any app runs.
func init() {
	cli.HelpPrinter = func(w io.Writer, common string, data any) {
		switch x := data.(type) {
		case *cli.App:
			io.WriteString(w, helpOfApp(x))
		case *cli.Command:
			io.WriteString(w, helpOfCommand(x, common))
		}
	}
}

// SetExamples gives commands their examples, by the words behind the name of the program, such as "dead ls": see examples.
// The app has those of "".
func SetExamples(app *cli.App, lines map[string]string) *cli.App {
	app.UsageText = lines[""]
	setExamples(app.Commands, "", lines)
	return app
}

func setExamples(commands []*cli.Command, parent string, lines map[string]string) {
	for _, c := range commands {
		if text := lines[parent+c.Name]; text != "" {
			c.UsageText = text
		}
		setExamples(c.Subcommands, parent+c.Name+" ", lines)
	}
}

// helpOfApp returns the help of a program: its commands and the flags that all of them take.
func helpOfApp(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\nUsage: %s COMMAND [flags]\n", app.Name, app.Usage, app.Name)
	section(&b, "Examples", examples(app.UsageText))
	section(&b, "Commands", commandRows(app.VisibleCommands()))
	printFlags(&b, app.VisibleFlags(), "Flags of all commands")
	fmt.Fprintf(&b, "\n%s", wrapped(fmt.Sprintf("`%s COMMAND -h` has examples and flags of a command. Version %s.", app.Name, app.Version), "", HelpWidth))
	return b.String()
}

// helpOfCommand returns the help of a command. common names the flags of the program, see commonFlags.
func helpOfCommand(c *cli.Command, common string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s", c.HelpName, strings.TrimPrefix(wrapped(c.Usage, "  ", HelpWidth-len(c.HelpName)-3), "  "))
	fmt.Fprintf(&b, "\nUsage: %s%s\n", c.HelpName, usageOf(c))
	if c.Description != "" {
		b.WriteString("\n" + paragraphs(c.Description))
	}
	program, _, _ := strings.Cut(c.HelpName, " ")
	section(&b, "Examples", examples(strings.ReplaceAll(c.UsageText, programWord, program)))
	section(&b, "Commands", commandRows(c.VisibleCommands()))
	printFlags(&b, c.VisibleFlags(), "Flags")
	if common != "" {
		b.WriteString("\n" + common)
	}
	return b.String()
}

// usageOf returns what follows the name of a command.
func usageOf(c *cli.Command) string {
	words := ""
	if len(c.VisibleCommands()) > 0 {
		words = " COMMAND"
	}
	words += " [flags]"
	if c.ArgsUsage != "" {
		words += " " + c.ArgsUsage
	}
	return words
}

// commonFlags returns the text with which the help of each command names the flags of its program.
func commonFlags(app *cli.App) string {
	var names []string
	for _, f := range app.Flags {
		if isVisible(f) {
			names = append(names, flagName(f.Names()[0]))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return wrapped(fmt.Sprintf("Flags of all commands (see `%s -h`): %s", app.Name, strings.Join(names, " ")), "  ", HelpWidth)
}

func isVisible(f cli.Flag) bool {
	v, ok := f.(cli.VisibleFlag)
	return !ok || v.IsVisible()
}

// section writes a headed section, unless body is empty.
func section(b *strings.Builder, title, body string) {
	if body != "" {
		fmt.Fprintf(b, "\n%s:\n%s", title, body)
	}
}

// commandRows returns a row for each command.
func commandRows(list []*cli.Command) string {
	var rows [][2]string
	for _, c := range list {
		usage := c.Usage
		if c.Name == helpName { // that of urfave/cli is not in the form of the others
			usage = "print the help of a command"
		}
		rows = append(rows, [2]string{c.Name, usage})
	}
	return columns(rows, 14)
}

// examples returns the lines of an UsageText, which in this module has the examples of a command: one a line, "# " and
// what it does behind two spaces or more. The remarks are in one column where they fit.
func examples(lines string) string {
	var b strings.Builder
	at := 0
	for line := range strings.Lines(lines) {
		if code, _, ok := cutRemark(line); ok && len(code) < 60 {
			at = max(at, len(code))
		}
	}
	for line := range strings.Lines(lines) {
		code, remark, ok := cutRemark(line)
		switch {
		case !ok:
			fmt.Fprintf(&b, "  %s\n", code)
		case len(code) <= at && 2+at+4+len(remark) <= HelpWidth:
			fmt.Fprintf(&b, "  %-*s  # %s\n", at, code, remark)
		default:
			fmt.Fprintf(&b, "%s  %s\n", wrapped("# "+remark, "  ", HelpWidth), code)
		}
	}
	return b.String()
}

// cutRemark cuts a line of examples into the command and the remark.
func cutRemark(line string) (code, remark string, ok bool) {
	code, remark, ok = strings.Cut(strings.TrimSpace(line), "  # ")
	return strings.TrimSpace(code), strings.TrimSpace(remark), ok
}

// paragraphs returns a description in lines of at most HelpWidth columns. Lines without an indent are text, which is filled
// up to the next blank line. Indented lines remain as they are.
func paragraphs(description string) string {
	var b, text strings.Builder
	flush := func() {
		b.WriteString(wrapped(text.String(), "", HelpWidth))
		text.Reset()
	}
	for line := range strings.Lines(strings.TrimSpace(description)) {
		line = strings.TrimRight(line, "\n")
		rest := strings.TrimLeft(line, " ")
		if rest == line && line != "" {
			text.WriteString(line + "\n")
			continue
		}
		flush()
		if utf8.RuneCountInString(line) <= HelpWidth {
			b.WriteString(line + "\n")
			continue
		}
		b.WriteString(wrapped(rest, line[:len(line)-len(rest)], HelpWidth))
	}
	flush()
	return b.String()
}
