package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// completeName is the hidden command that the scripts of the shells call: COMMAND __complete -- WORDS. WORDS are those
// behind the program up to the cursor, the last one is being typed and may be "". Each line that it prints is a word, a
// tabulator and what it means, or filesWanted.
const completeName = "__complete"

// filesWanted is the line that has the shell complete the name of a file.
const filesWanted = ":files"

// A Candidate is a word that may stand at the cursor.
type Candidate struct{ Word, About string }

// Completions say what a program knows of the values of its flags and arguments.
type Completions struct {
	Values    map[string][]string                                  // of a flag, by its first name, or by a command and that name: "check format"
	Arguments func(placeholder string, words []string) []Candidate // of a command, such as "JOB"; nil = none are known
}

// CompletionCommands returns the command completion, which prints the script of a shell, and the hidden one that the
// scripts call.
func CompletionCommands(known Completions) []*cli.Command {
	return []*cli.Command{
		{
			Name: "completion", Usage: "print the completion script of a shell: bash, zsh or fish", ArgsUsage: "SHELL",
			UsageText: "source <(PROGRAM completion bash)  # in ~/.bashrc\n" +
				"source <(PROGRAM completion zsh)  # in ~/.zshrc, behind compinit\n" +
				"PROGRAM completion fish | source  # in ~/.config/fish/config.fish",
			Action: func(c *cli.Context) error {
				shell, err := Arg(c, "SHELL")
				if err != nil {
					return err
				}
				script, ok := completionScripts[shell]
				if !ok {
					return Unknown("shell", shell, []string{"bash", "zsh", "fish"})
				}
				_, err = io.WriteString(c.App.Writer, strings.ReplaceAll(script, programWord, c.App.Name))
				return err
			},
		},
		{
			Name: completeName, Hidden: true,
			Action: func(c *cli.Context) error {
				for _, x := range complete(c.App, c.Args().Slice(), known) {
					fmt.Fprintf(c.App.Writer, "%s\t%s\n", x.Word, x.About)
				}
				return nil
			},
		},
	}
}

// complete returns the candidates for the last word. It does not compare them with what was typed of it: the shell does.
func complete(app *cli.App, words []string, known Completions) []Candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	p := newPermuter(app)
	last := words[len(words)-1]
	arguments, literal := 0, false
	for before := words[:len(words)-1]; len(before) > 0; {
		word := before[0]
		before = before[1:]
		switch {
		case word == "--":
			literal = true
		case !literal && p.isFlag(word):
			at := p.find(strings.TrimLeft(word, "-"))
			if at == nil || !at.value {
				continue
			}
			if len(before) == 0 {
				return p.values(at, "", known)
			}
			before = before[1:]
		case arguments == 0 && !literal && p.enter(word):
		default:
			arguments++
		}
	}
	name, _, joined := strings.Cut(last, "=")
	if at := p.find(strings.TrimLeft(name, "-")); joined && !literal && p.isFlag(name) && at != nil && at.value {
		return p.values(at, name+"=", known)
	}
	if strings.HasPrefix(last, "-") && !literal {
		return p.flagCandidates()
	}
	return p.argumentCandidates(app, arguments, words, known)
}

// values returns the values of a flag, each behind prefix. If none are known and the value is a file, the shell looks for it.
func (p *permuter) values(at *place, prefix string, known Completions) (list []Candidate) {
	words := known.Values[at.name]
	if len(p.levels) > 1 {
		if own, ok := known.Values[p.levels[1].name+" "+at.name]; ok {
			words = own
		}
	}
	for _, v := range words {
		list = append(list, Candidate{prefix + v, ""})
	}
	i := slices.IndexFunc(at.level.flags, func(f cli.Flag) bool { return f.Names()[0] == at.name })
	if doc, ok := at.level.flags[i].(cli.DocGenerationFlag); ok && len(list) == 0 {
		if m := placeholder.FindStringSubmatch(doc.GetUsage()); m != nil && (m[1] == "FILE" || m[1] == "DIR" || strings.HasSuffix(m[1], "FILE")) {
			return []Candidate{{filesWanted, ""}}
		}
	}
	return list
}

// flagCandidates returns the long names of the flags of all levels, the innermost first.
func (p *permuter) flagCandidates() (list []Candidate) {
	for i := range p.levels {
		for _, f := range p.levels[len(p.levels)-1-i].flags {
			if doc, ok := f.(cli.DocGenerationFlag); ok && isVisible(f) {
				names := slices.Clone(f.Names())
				slices.SortStableFunc(names, func(x, y string) int { return min(len(y), 2) - min(len(x), 2) })
				x := Candidate{flagName(names[0]), firstLine(flagRow(doc)[1])}
				if !slices.ContainsFunc(list, func(y Candidate) bool { return x.Word == y.Word }) {
					list = append(list, x)
				}
			}
		}
	}
	return list
}

// argumentCandidates returns the commands, or the arguments, that may follow so many arguments of the innermost level.
func (p *permuter) argumentCandidates(app *cli.App, arguments int, words []string, known Completions) (list []Candidate) {
	l := p.innermost()
	if len(l.commands) > 0 && arguments == 0 {
		for _, c := range l.commands {
			if !c.Hidden {
				list = append(list, Candidate{c.Name, firstLine(c.Usage)})
			}
		}
		return list
	}
	usage := p.argsUsage(app)
	if strings.Contains(usage, "FILE") {
		return []Candidate{{filesWanted, ""}}
	}
	if strings.Contains(usage, "SHELL") && arguments == 0 {
		return []Candidate{{"bash", ""}, {"zsh", ""}, {"fish", ""}}
	}
	if known.Arguments == nil || usage == "" || arguments > 0 && !strings.Contains(usage, "...") {
		return nil
	}
	return known.Arguments(strings.Trim(usage, "[]. "), words)
}

// argsUsage returns what the help calls the arguments of the innermost command.
func (p *permuter) argsUsage(app *cli.App) (usage string) {
	commands := app.Commands
	for _, l := range p.levels[1:] {
		for _, c := range commands {
			if c.Name == l.name {
				usage, commands = c.ArgsUsage, c.Subcommands
				break
			}
		}
	}
	return usage
}

// firstLine returns the first 60 characters of a text at most, whole words, for a list of candidates.
func firstLine(s string) string {
	line, _, more := strings.Cut(wrapped(s, "", 60), "\n")
	if more && len(strings.Fields(s)) > len(strings.Fields(line)) {
		line += " ..."
	}
	return line
}

// FlagsOf returns the flags of the program itself among the words of a command line, such as -s URL, with their values.
func FlagsOf(app *cli.App, words []string) (flags []string) {
	p := newPermuter(app)
	for len(words) > 1 {
		word := words[0]
		words = words[1:]
		name, _, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
		at := p.find(name)
		if !p.isFlag(word) || at == nil {
			continue
		}
		flags = append(flags, word)
		if at.value && !joined {
			flags, words = append(flags, words[0]), words[1:]
		}
	}
	return flags
}
