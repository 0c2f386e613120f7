package cli

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// isFlag reports whether a word is a flag, or several.
func (p *permuter) isFlag(word string) bool {
	if len(word) < 2 || word[0] != '-' {
		return false
	}
	negative := '0' <= word[1] && word[1] <= '9'
	return !negative || p.find(word[1:2]) != nil
}

// A place is a flag and the level that defines it.
type place struct {
	level *level
	name  string // the flag's first name: urfave/cli does not merge several names of one flag
	value bool   // the flag takes a value
}

// find looks a flag up, in the innermost level first. It returns nil if there is none.
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

// add records a flag; suffix is "" or "=VALUE".
func (p *permuter) add(at *place, suffix string) {
	at.level.found = append(at.level.found, "--"+at.name+suffix)
	p.help = p.help || at.name == cli.HelpFlag.Names()[0]
}

// flag records word, which is one flag or several letters, and takes its value from words if it has
// one there. It returns the remaining words.
func (p *permuter) flag(word string, words []string) ([]string, error) {
	name, value, hasValue := strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	at := p.find(name)
	switch {
	case at == nil && word[1] != '-' && word[1] != '=':
		return p.letters(word, words)
	case at == nil:
		return nil, p.unknownFlag(word, name)
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

// letters records the flags of a word such as -ej or -n4. It returns the remaining words.
func (p *permuter) letters(word string, words []string) ([]string, error) {
	for letters := word[1:]; letters != ""; {
		_, size := utf8.DecodeRuneInString(letters)
		name := letters[:size]
		letters = letters[size:]
		at := p.find(name)
		switch {
		case at == nil:
			return nil, p.unknownFlag(word, strings.TrimLeft(word, "-"))
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

func (p *permuter) unknownFlag(word, name string) error {
	word, _, _ = strings.Cut(word, "=")
	err := Usagef("unknown flag %s", word)
	if len(p.levels) == 1 && len(p.levels[0].commands) > 0 {
		err = Usagef("unknown flag %s before the command: the flags of a command follow its name", word)
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
