package coreutils

import (
	"fmt"
	"os"
	"strings"
)

// Options are what the command line says.
type options struct {
	exponents, help, version bool
	operands                 []string
}

// longOptions has the long options. None takes an argument.
var longOptions = []string{"exponents", "help", "version"}

// parse reads a command line as getopt_long does: options and operands in any order, and long options by
// any beginning that only one of them has. --help and --version end it: what follows is not looked at. If
// POSIXLY_CORRECT is set, the first operand ends the options.
func parse(args []string) (o options, err error) {
	_, posix := os.LookupEnv("POSIXLY_CORRECT")
	for i, arg := range args {
		switch {
		case arg == "--":
			o.operands = append(o.operands, args[i+1:]...)
			return o, nil
		case strings.HasPrefix(arg, "--"):
			err = o.long(arg[2:])
		case len(arg) > 1 && arg[0] == '-':
			err = o.short(arg[1:])
		case posix:
			o.operands = append(o.operands, args[i:]...)
			return o, nil
		default:
			o.operands = append(o.operands, arg)
		}
		if err != nil || o.help || o.version {
			return o, err
		}
	}
	return o, nil
}

// short reads the letters of an argument such as -h.
func (o *options) short(letters string) error {
	for i := range len(letters) { // bytes, as getopt does
		if letters[i] != 'h' {
			return fmt.Errorf("invalid option -- '%s'", letters[i:i+1])
		}
		o.exponents = true
	}
	return nil
}

// long reads an argument such as --help, without its dashes.
func (o *options) long(text string) error {
	name, _, valued := strings.Cut(text, "=")
	for _, full := range longOptions { // no two begin with the same letter
		if name == "" || !strings.HasPrefix(full, name) {
			continue
		}
		if valued {
			return fmt.Errorf("option '--%s' doesn't allow an argument", full)
		}
		o.exponents = o.exponents || full == "exponents"
		o.help, o.version = full == "help", full == "version"
		return nil
	}
	if name == "" {
		return fmt.Errorf("option '--%s' is ambiguous; possibilities: '--exponents' '--help' '--version'", text)
	}
	return fmt.Errorf("unrecognized option '--%s'", text)
}
