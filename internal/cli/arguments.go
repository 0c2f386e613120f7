package cli

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// Usagef returns an error about the command line. Run adds a hint how to get help, unless the error
// has a hint.
func Usagef(format string, args ...any) error { return Exitf(Usage, format, args...) }

// Arg returns the one positional argument of the command. name is what the help calls it in
// ArgsUsage, such as JOB. If there is none, or more than one, the error has exit code Usage.
func Arg(c *cli.Context, name string) (string, error) {
	switch c.NArg() {
	case 0:
		return "", Usagef("%s needs a %s", commandName(c), name)
	case 1:
		return c.Args().First(), nil
	}
	return "", Usagef("unexpected argument %q: %s takes one %s", c.Args().Get(1), commandName(c), name)
}

// OptionalArg is Arg for an argument that may be missing: it then returns "".
func OptionalArg(c *cli.Context, name string) (string, error) {
	if c.NArg() == 0 {
		return "", nil
	}
	return Arg(c, name)
}

// NoArgs returns an error with exit code Usage if there are positional arguments.
func NoArgs(c *cli.Context) error {
	if c.NArg() > 0 {
		return Usagef("unexpected argument %q: %s takes no arguments", c.Args().First(), commandName(c))
	}
	return nil
}

// SplitListen splits the value of --listen, host:port with a port number from leastPort to 65535. Any
// other value is an error with exit code Usage.
func SplitListen(value string, leastPort int) (host, port string, err error) {
	return SplitAddress("listen", value, leastPort)
}

// SplitAddress is SplitListen for the value of another flag.
func SplitAddress(flag, value string, leastPort int) (host, port string, err error) {
	host, port, err = net.SplitHostPort(value)
	if n, e := strconv.Atoi(port); err != nil || e != nil || n < leastPort || n > 65535 {
		return "", "", Usagef("--%s %q is not host:port", flag, value)
	}
	return host, port, nil
}

// commandName returns the words that call the command, without the program.
func commandName(c *cli.Context) string {
	return strings.TrimPrefix(c.Command.HelpName, c.App.HelpName+" ")
}

// missingCommand is the action of an app or command that has only subcommands.
func missingCommand(c *cli.Context) error {
	if c.Args().Present() {
		return unknownCommand(c.App.HelpName, c.Args().First(), c.Command.Subcommands)
	}
	return Usagef("missing command%s", expected(commandNames(c.Command.Subcommands)))
}

// unknownCommand returns the usage error for a word that is none of the commands. A number in the place of a command is
// taken to be one that the user wants to submit.
func unknownCommand(program, word string, commands []*cli.Command) error {
	names := commandNames(commands)
	if word != "" && word[0] >= '0' && word[0] <= '9' && slices.Contains(names, submitName) {
		return WithHint(Usagef("unknown command %q", word), "run `%s %s %s`", program, submitName, quoted(word))
	}
	return Unknown("command", word, names)
}

// submitName is the command that takes numbers.
const submitName = "submit"

// quoted returns a word as a shell reads it.
func quoted(word string) string {
	if strings.IndexFunc(word, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && !strings.ContainsRune("^+-_", r)
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// expectedNames is the most names that an error lists. More are no help: they hide what is wrong.
const expectedNames = 14

// expected returns the end of an error that lists the words that could have been given.
func expected(names []string) string {
	if len(names) > expectedNames {
		return ""
	}
	return ": expected " + strings.Join(names, ", ")
}

// Unknown returns the usage error for a word that is none of the names of a kind, such as "command". It lists the names
// if they are few, and suggests the nearest one.
func Unknown(kind, word string, names []string) error {
	err := Usagef("unknown %s %q%s", kind, word, expected(names))
	if near := nearest(word, names); near != "" {
		return WithHint(err, "did you mean %s?", near)
	}
	return err
}

func commandNames(commands []*cli.Command) (names []string) {
	for _, c := range commands {
		if !c.Hidden && c.Name != helpName {
			names = append(names, c.Name)
		}
	}
	return names
}
