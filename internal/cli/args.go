package cli

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// permute puts a command line into the order that urfave/cli wants, flags before
// positional arguments and each flag behind the command that defines it, so that users
// may write them in any order: "submit 15 --json", "-s URL submit", "submit -s URL". It
// returns also the name of the command it found, for messages.
//
// What is a flag: a word that starts with "-", unless it is "-" alone (standard input),
// a negative number such as -5 when no flag has this name, or behind "--". A flag that takes a
// value takes the next word whatever it looks like. -n4 is -n 4, and -ej is -e -j, unless
// there is a flag of the whole name, which may have one dash or two.
func permute(app *cli.App, args []string) (ordered []string, command string, err error) {
	p := permuter{levels: []level{{flags: append(slices.Clone(app.Flags), cli.HelpFlag), commands: app.Commands}}}
	if app.Version != "" {
		p.levels[0].flags = append(p.levels[0].flags, cli.VersionFlag)
	}
	name := app.Name
	if len(args) == 0 {
		return []string{name}, name, nil
	}
	if args[len(args)-1] == "--generate-bash-completion" {
		return args, name, nil
	}
	var rest []string
	for words := args[1:]; len(words) > 0; {
		word := words[0]
		words = words[1:]
		switch {
		case word == "--":
			rest = append(rest, words...)
			words = nil
		case len(word) > 1 && word[0] == '-' && !(negative(word) && p.find(word[1:2]) == nil):
			if words, err = p.flag(word, words); err != nil {
				return nil, p.name(name), err
			}
		case len(rest) == 0 && p.enter(word):
		default:
			rest = append(rest, word)
		}
	}
	if last := p.levels[len(p.levels)-1]; last.name == helpName && len(rest) > 0 && !slices.ContainsFunc(app.Commands, func(c *cli.Command) bool { return c.HasName(rest[0]) }) {
		return nil, name, unknownCommand(rest[0], app.Commands)
	}
	ordered = args[:1:1]
	for _, l := range p.levels {
		if l.name != "" {
			ordered = append(ordered, l.name)
		}
		ordered = append(ordered, l.found...)
	}
	if p.help {
		rest = nil // urfave/cli would take the first of them for a topic
	}
	if len(rest) > 0 {
		ordered = append(ordered, "--")
	}
	return append(ordered, rest...), p.name(name), nil
}

// negative reports whether a word looks like a negative number.
func negative(word string) bool { return '0' <= word[1] && word[1] <= '9' }

// A permuter has read some words of a command line.
type permuter struct {
	levels []level // the app and the commands entered
	help   bool    // the user asks for help
}

// A level is the app or a command.
type level struct {
	name     string // "" for the app
	flags    []cli.Flag
	commands []*cli.Command
	found    []string // its flags so far, as urfave/cli wants them
}

// helpName is the command of urfave/cli that shows the help of another.
const helpName = "help"

// enter makes word the next level if it is a command of the last one.
func (p *permuter) enter(word string) bool {
	last := &p.levels[len(p.levels)-1]
	if len(p.levels) == 1 && (word == helpName || word == "h") {
		// urfave/cli's own command, which takes the name of another
		p.levels = append(p.levels, level{name: helpName, flags: []cli.Flag{cli.HelpFlag}})
		return true
	}
	for _, c := range last.commands {
		if c.HasName(word) {
			p.levels = append(p.levels, level{name: c.Name, flags: append(slices.Clone(c.Flags), cli.HelpFlag), commands: c.Subcommands})
			return true
		}
	}
	return false
}

// name returns the words that lead to the last level.
func (p *permuter) name(app string) string {
	words := []string{app}
	for _, l := range p.levels[1:] {
		words = append(words, l.name)
	}
	return strings.Join(words, " ")
}

// A place is a flag and the level that defines it.
type place struct {
	level *level
	name  string // its first: urfave/cli does not take several forms of one flag together
	value bool   // it takes a value
}

// add takes the flag in; text is "" or "=VALUE".
func (p *permuter) add(at *place, text string) {
	at.level.found = append(at.level.found, "--"+at.name+text)
	p.help = p.help || at.name == cli.HelpFlag.Names()[0]
}

// find looks a flag up, in the innermost level first; nil if there is none.
func (p *permuter) find(name string) *place {
	for i := range p.levels {
		l := &p.levels[len(p.levels)-1-i]
		for _, f := range l.flags {
			if slices.Contains(f.Names(), name) {
				documented, ok := f.(cli.DocGenerationFlag)
				return &place{level: l, name: f.Names()[0], value: ok && documented.TakesValue()}
			}
		}
	}
	return nil
}

// flag takes in word, which is a flag or several, with a value from words if need be,
// and returns what is left of words.
func (p *permuter) flag(word string, words []string) ([]string, error) {
	name, value, hasValue := strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	at := p.find(name)
	switch {
	case at == nil && word[1] != '-' && word[1] != '=':
		return p.letters(word, words)
	case at == nil:
		return nil, p.unknown(word, name)
	case !at.value && !hasValue:
		p.add(at, "")
		return words, nil
	case !hasValue && len(words) == 0:
		return nil, Usagef("flag %s needs a value", word)
	case !hasValue:
		value, words = words[0], words[1:]
	}
	p.add(at, "="+value)
	return words, nil
}

// letters takes in a word such as -ej or -n4.
func (p *permuter) letters(word string, words []string) ([]string, error) {
	for letters := word[1:]; letters != ""; {
		_, size := utf8.DecodeRuneInString(letters)
		name := letters[:size]
		letters = letters[size:]
		at := p.find(name)
		switch {
		case at == nil:
			return nil, p.unknown(word, strings.TrimLeft(word, "-"))
		case !at.value:
			p.add(at, "")
			continue
		case letters != "":
			p.add(at, "="+strings.TrimPrefix(letters, "="))
			return words, nil
		case len(words) == 0:
			return nil, Usagef("flag -%s needs a value", name)
		}
		p.add(at, "="+words[0])
		return words[1:], nil
	}
	return words, nil
}

func (p *permuter) unknown(word, name string) error {
	word, _, _ = strings.Cut(word, "=")
	err := Usagef("unknown flag %s", word)
	if len(p.levels) == 1 && len(p.levels[0].commands) > 0 {
		err = Usagef("unknown flag %s before a command", word)
	}
	var names []string
	for _, l := range p.levels {
		for _, f := range l.flags {
			names = append(names, f.Names()...)
		}
	}
	if near := nearest(name, names); len(near) > 1 {
		return WithHint(err, "did you mean --%s?", near)
	}
	return err
}

// nearest returns the candidate that word is the beginning of, if there is one such, or
// else the one that differs from word by at most a third of its letters, or "".
func nearest(word string, candidates []string) string {
	var longer []string
	best, least := "", len(word)/3+1
	for _, c := range candidates {
		if len(word) > 1 && strings.HasPrefix(c, word) {
			longer = append(longer, c)
		}
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	if len(longer) == 1 {
		return longer[0]
	}
	return best
}

// distance returns how many bytes must be inserted, deleted, replaced or exchanged with
// their neighbour to get from a to b.
func distance(a, b string) int {
	// before[j] and row[j]: from a[:i-1] and a[:i] to b[:j]
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			d := row[j] // replace
			if a[i] != b[j] {
				d++
			}
			d = min(d, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			next[j+1] = d
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
