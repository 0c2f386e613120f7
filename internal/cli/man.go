package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// ManCommand returns the command man, which prints the manual page of the program in the language of man(7).
func ManCommand() *cli.Command {
	return &cli.Command{
		Name: "man", Usage: "print the manual page, for man -l or a directory of manual pages",
		UsageText: "PROGRAM man | man -l -  # read it\nPROGRAM man > ~/.local/share/man/man1/PROGRAM.1  # keep it",
		Action: func(c *cli.Context) error {
			if err := NoArgs(c); err != nil {
				return err
			}
			_, err := io.WriteString(c.App.Writer, manPage(c.App))
			return err
		},
	}
}

// exitCodes has the meaning of each exit code, for manual pages.
var exitCodes = []struct {
	code  ExitCode
	means string
}{
	{OK, "Done and verified."},
	{Defects, "Done with defects, all of which were reported: bad input, unfinished numbers, dead letters, answers missing."},
	{Usage, "The command line is wrong."},
	{NoConnect, "Cannot reach or use the NATS server."},
	{Deadline, "The deadline was reached; the job continues."},
	{Cancelled, "The job was cancelled."},
	{Unverified, "Verification failed beyond repair."},
	{NoJob, "There is no such job, chunk or worker."},
	{Conflict, "It exists already, with other content or settings."},
	{Bug, "A bug in the program."},
	{FileError, "Cannot read or write a file."},
	{Restart, "Start the program again: something that it needs is in use or full."},
}

// manPage returns the manual page of a program.
func manPage(app *cli.App) string {
	var b strings.Builder
	version, _, _ := strings.Cut(app.Version, " ")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"factorfleet %s\"\n.nh\n.ad l\n", strings.ToUpper(app.Name), roff(version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", app.Name, roff(app.Usage))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\nCOMMAND [flags]\n", app.Name)
	manExamples(&b, ".SH EXAMPLES", app.UsageText)
	b.WriteString(".SH COMMANDS\n")
	for _, c := range app.Commands {
		manCommand(&b, app.Name, c)
	}
	b.WriteString(".SH FLAGS OF ALL COMMANDS\n")
	manFlags(&b, app.Flags)
	b.WriteString(".SH EXIT STATUS\n")
	for _, x := range exitCodes {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", x.code, roff(x.means))
	}
	b.WriteString(".TP\n.B 128+N\nEnded by signal N.\n")
	return b.String()
}

// manCommand writes the section of a command, and those of the commands below it.
func manCommand(b *strings.Builder, parent string, c *cli.Command) {
	if c.Hidden || c.Name == helpName {
		return
	}
	name := parent + " " + c.Name
	fmt.Fprintf(b, ".SS %s\n", roff(name+usageOf(c)))
	fmt.Fprintf(b, "%s\n", roff(strings.ToUpper(c.Usage[:1])+c.Usage[1:]+"."))
	if c.Description != "" {
		b.WriteString(".PP\n.nf\n")
		for line := range strings.Lines(paragraphs(c.Description)) {
			b.WriteString(roff(strings.TrimRight(line, "\n")) + "\n")
		}
		b.WriteString(".fi\n")
	}
	manExamples(b, ".PP\nExamples:", strings.ReplaceAll(c.UsageText, programWord, parent))
	manFlags(b, c.Flags)
	for _, sub := range c.Subcommands {
		manCommand(b, name, sub)
	}
}

func manExamples(b *strings.Builder, heading, lines string) {
	if lines == "" {
		return
	}
	b.WriteString(heading + "\n.PP\n.nf\n")
	for line := range strings.Lines(examples(lines)) {
		b.WriteString(roff(strings.TrimRight(line, "\n")) + "\n")
	}
	b.WriteString(".fi\n")
}

func manFlags(b *strings.Builder, flags []cli.Flag) {
	for _, f := range flags {
		if doc, ok := f.(cli.DocGenerationFlag); ok && isVisible(f) && f.Names()[0] != helpName {
			row := flagRow(doc)
			fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(row[0]), roff(row[1]))
		}
	}
}

// roff returns a line of text as roff shows it literally. A blank line is one of its own request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "…", "...").Replace(s)
	switch {
	case s == "":
		return ".sp"
	case s[0] == '.':
		return `\&` + s
	}
	return s
}
