package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// permute reorders a command line for urfave/cli, which wants flags before positional arguments and
// each flag behind the command that defines it. So users may write flags anywhere: "submit 15
// --json", "-s URL submit" and "submit -s URL" are the same. It also returns the words that lead to
// the command, such as "producer dead ls", for messages.
//
// A word is a flag if it starts with "-", except for "-" alone (standard input), a negative number
// such as -5 when no flag has this name, and every word behind "--". A flag with a value takes the
// next word, whatever that is. -n4 is -n 4, and -ej is -e -j, unless there is a flag with the whole
// name: such a name may have one dash or two.
func permute(app *cli.App, args []string) (ordered []string, command string, err error) {
	p := newPermuter(app)
	name := app.Name
	if len(args) == 0 {
		return []string{name}, name, nil
	}
	var positional []string
	for words := args[1:]; len(words) > 0; {
		word := words[0]
		words = words[1:]
		switch {
		case word == "--":
			positional = append(positional, words...)
			words = nil
		case p.isFlag(word):
			if words, err = p.flag(word, words); err != nil {
				return nil, p.name(name), err
			}
		case len(positional) == 0 && p.enter(word):
		default:
			positional = append(positional, word)
		}
	}
	if p.innermost().name == helpName && len(positional) > 0 && !hasCommand(app, positional[0]) {
		return nil, name, unknownCommand(app.HelpName, positional[0], app.Commands)
	}
	return p.ordered(args[0], positional), p.name(name), nil
}

// A permuter has read some words of a command line.
type permuter struct {
	levels []level // the app and the commands entered; not empty
	help   bool    // the user asks for help
}

// A level is the app or a command.
type level struct {
	name     string // "" for the app
	flags    []cli.Flag
	commands []*cli.Command
	found    []string // its flags so far, in the form that urfave/cli wants
}

func newPermuter(app *cli.App) *permuter {
	l := level{flags: append(slices.Clone(app.Flags), cli.HelpFlag), commands: app.Commands}
	if app.Version != "" {
		l.flags = append(l.flags, cli.VersionFlag)
	}
	return &permuter{levels: []level{l}}
}

// helpName is the command of urfave/cli that shows the help of another command.
const helpName = "help"

func hasCommand(app *cli.App, word string) bool {
	return slices.ContainsFunc(app.Commands, func(c *cli.Command) bool { return c.HasName(word) })
}

func (p *permuter) innermost() *level { return &p.levels[len(p.levels)-1] }

// enter makes word the innermost level if it is a command of the present one.
func (p *permuter) enter(word string) bool {
	if len(p.levels) == 1 && (word == helpName || word == "h") {
		// The help command takes the name of another command as its argument.
		p.levels = append(p.levels, level{name: helpName, flags: []cli.Flag{cli.HelpFlag}})
		return true
	}
	for _, c := range p.innermost().commands {
		if c.HasName(word) {
			p.levels = append(p.levels, level{name: c.Name, flags: append(slices.Clone(c.Flags), cli.HelpFlag), commands: c.Subcommands})
			return true
		}
	}
	return false
}

// name returns the words that lead to the innermost level.
func (p *permuter) name(app string) string {
	words := []string{app}
	for _, l := range p.levels[1:] {
		words = append(words, l.name)
	}
	return strings.Join(words, " ")
}

// ordered returns the whole command line.
func (p *permuter) ordered(program string, positional []string) []string {
	words := []string{program}
	for _, l := range p.levels {
		if l.name != "" {
			words = append(words, l.name)
		}
		words = append(words, l.found...)
	}
	if p.help {
		return words // urfave/cli would take the first argument for a topic
	}
	if len(positional) > 0 {
		words = append(words, "--")
	}
	return append(words, positional...)
}
