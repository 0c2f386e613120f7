package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"factorfleet/internal/natsconn"
)

// A call is one call of an app's command.
type call struct {
	command string
	args    []string
	c       *cli.Context
}

// testApp returns an app like the producer, and what it prints. Its commands record their call and
// return result.
func testApp(result error) (app *cli.App, called *call, stdout, stderr *strings.Builder) {
	called, stdout, stderr = new(call), new(strings.Builder), new(strings.Builder)
	action := func(c *cli.Context) error {
		*called = call{command: commandName(c), args: c.Args().Slice(), c: c}
		return result
	}
	app = &cli.App{
		Name: "producer", Usage: "submit numbers", Version: "1.2.3",
		Flags: append(ConnectionFlags(), LogFlags()...),
		Commands: []*cli.Command{
			{Name: "submit", Action: action, Usage: "submit numbers", Flags: []cli.Flag{
				&cli.StringSliceFlag{Name: "file", Aliases: []string{"f"}},
				&cli.StringFlag{Name: "chunk", Value: "auto"},
				&cli.IntFlag{Name: "n"},
				&cli.BoolFlag{Name: "json", Aliases: []string{"j"}},
				&cli.BoolFlag{Name: "exponents", Aliases: []string{"e"}},
				&cli.DurationFlag{Name: "budget"},
				ProgressFlag(),
			}},
			{Name: "wait", Action: func(c *cli.Context) error {
				_, err := Arg(c, "JOB")
				return errors.Join(err, action(c))
			}},
			{Name: "ls", Action: func(c *cli.Context) error {
				if err := NoArgs(c); err != nil {
					return err
				}
				return action(c)
			}},
			{Name: "panic", Action: func(c *cli.Context) error {
				if _, err := NewLogger(c, c.App.ErrWriter); err != nil {
					return err
				}
				panic("index 5\nout of range")
			}},
			{Name: "dead", Subcommands: []*cli.Command{
				{Name: "ls", Action: action, Flags: []cli.Flag{&cli.BoolFlag{Name: "json"}}},
				{Name: "show", Action: action},
			}},
		},
		Writer: stdout, ErrWriter: stderr,
	}
	return app, called, stdout, stderr
}

// run runs the test app with a command line without its program.
func run(result error, line ...string) (code ExitCode, called *call, stdout, stderr string) {
	app, called, out, err := testApp(result)
	code = Run(context.Background(), app, append([]string{"/usr/bin/producer"}, line...))
	return code, called, out.String(), err.String()
}

func TestCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want ExitCode
	}{
		{nil, 0},
		{errors.New("no space left on device"), 1},
		{Exit(Defects, nil), 1},
		{Usagef("no"), 2},
		{fmt.Errorf("open: %w", fmt.Errorf("%w: refused", natsconn.ErrConnect)), 3},
		{fmt.Errorf("%w: %w", natsconn.ErrConnect, context.DeadlineExceeded), 3},
		{fmt.Errorf("wait: %w", context.DeadlineExceeded), 4},
		{fmt.Errorf("wait: %w", Exitf(Cancelled, "job %s was cancelled", "x")), 5},
		{WithHint(Exitf(Conflict, "job exists"), "take another id"), 8},
	} {
		if got := Code(test.err); got != test.want {
			t.Errorf("Code(%v) = %d, want %d", test.err, got, test.want)
		}
		// and all the way through urfave/cli
		if got, _, _, _ := run(test.err, "submit"); got != test.want {
			t.Errorf("a command that returns %v exits with %d, want %d", test.err, got, test.want)
		}
	}
}

// TestRunReturns: urfave/cli would exit on these errors itself.
func TestRunReturns(t *testing.T) {
	for _, err := range []error{cli.Exit("bad", 9), exec.Command("false").Run()} {
		code, _, _, stderr := run(err, "submit")
		if code != Defects || !strings.HasPrefix(stderr, "producer: error: ") {
			t.Errorf("%T: exit code %d, %q", err, code, stderr)
		}
	}
}

func TestMessages(t *testing.T) {
	for _, test := range []struct {
		line string
		err  error
		code ExitCode
		want string // all of standard error
	}{
		{"submit", errors.New("a\nb"), 1, "producer: error: a; b\n"},
		{"submit", Exit(Defects, nil), 1, ""},
		{"submit", WithHint(Exitf(NoJob, "no job %q", "x"), "producer ls lists them"), 7, "producer: error: no job \"x\"\nproducer: hint: producer ls lists them\n"},
		{"submit --chnk 5", nil, 2, "producer: error: unknown flag --chnk\nproducer: hint: did you mean --chunk?\n"},
		{"submit --frobnicate=5", nil, 2, "producer: error: unknown flag --frobnicate\nproducer: hint: run \"producer submit -h\" for usage\n"},
		{"submit 5 --chunk", nil, 2, "producer: error: flag --chunk needs a value\nproducer: hint: run \"producer submit -h\" for usage\n"},
		{"submit -n x", nil, 2, "producer: error: -n \"x\" is not an integer\nproducer: hint: run \"producer submit -h\" for usage\n"},
		{"submit --budget 5", nil, 2, "producer: error: --budget \"5\" is not a duration such as 500ms, 30s or 720h\nproducer: hint: run \"producer submit -h\" for usage\n"},
		{"submit -j=maybe", nil, 2, "producer: error: --json takes no value: unexpected \"maybe\"\nproducer: hint: run \"producer submit -h\" for usage\n"},
		{"submit --timeout 1d", nil, 2, "producer: error: --timeout \"1d\" is not a duration such as 500ms, 30s or 720h\nproducer: hint: run \"producer submit -h\" for usage\n"},
		{"help sumbit", nil, 2, "producer: error: unknown command \"sumbit\": expected submit, wait, ls, panic, dead\nproducer: hint: did you mean submit?\n"},
		{"wiat j", nil, 2, "producer: error: unknown command \"wiat\": expected submit, wait, ls, panic, dead\nproducer: hint: did you mean wait?\n"},
		{"pa", nil, 2, "producer: error: unknown command \"pa\": expected submit, wait, ls, panic, dead\nproducer: hint: did you mean panic?\n"},
		{"--json submit", nil, 2, "producer: error: unknown flag --json before the command: the flags of a command follow its name\nproducer: hint: run \"producer -h\" for usage\n"},
		{"2^127-1", nil, 2, "producer: error: unknown command \"2^127-1\"\nproducer: hint: run `producer submit 2^127-1`\n"},
		{"(2^89-1)*3 15", nil, 2, "producer: error: unknown command \"(2^89-1)*3\": expected submit, wait, ls, panic, dead\nproducer: hint: run \"producer -h\" for usage\n"},
		{"9*9", nil, 2, "producer: error: unknown command \"9*9\"\nproducer: hint: run `producer submit '9*9'`\n"},
		{"sumbit 15", nil, 2, "producer: error: unknown command \"sumbit\": expected submit, wait, ls, panic, dead\nproducer: hint: did you mean submit?\n"},
		{"", nil, 2, "producer: error: missing command: expected submit, wait, ls, panic, dead\nproducer: hint: run \"producer -h\" for usage\n"},
		{"dead", nil, 2, "producer: error: missing command: expected ls, show\nproducer: hint: run \"producer dead -h\" for usage\n"},
		{"dead rm 5", nil, 2, "producer: error: unknown command \"rm\": expected ls, show\nproducer: hint: run \"producer dead -h\" for usage\n"},
		{"wait", nil, 2, "producer: error: wait needs a JOB\nproducer: hint: run \"producer wait -h\" for usage\n"},
		{"wait a b", nil, 2, "producer: error: unexpected argument \"b\": wait takes one JOB\nproducer: hint: run \"producer wait -h\" for usage\n"},
		{"ls x", nil, 2, "producer: error: unexpected argument \"x\": ls takes no arguments\nproducer: hint: run \"producer ls -h\" for usage\n"},
		{"panic", nil, 70, "producer: error: internal error, please report: index 5; out of range\n"},
		{"panic --log-level loud", nil, 2, "producer: error: \"loud\" is not a log level: use debug, info, warn or error\nproducer: hint: run \"producer panic -h\" for usage\n"},
		{"panic --log-format xml", nil, 2, "producer: error: \"xml\" is not a log format: use auto, text or json\nproducer: hint: run \"producer panic -h\" for usage\n"},
	} {
		code, _, stdout, stderr := run(test.err, strings.Fields(test.line)...)
		if code != test.code || stderr != test.want || stdout != "" {
			t.Errorf("%q: exit code %d, want %d\nstdout %q\nstderr %q\nwant   %q", test.line, code, test.code, stdout, stderr, test.want)
		}
	}
}

func TestPanicWithStack(t *testing.T) {
	code, _, _, stderr := run(nil, "panic", "--log-level", "debug")
	if code != Bug || !strings.Contains(stderr, "goroutine ") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestHelp(t *testing.T) {
	for line, want := range map[string]string{
		"-h": "--creds FILE", "--help": "submit", "help": "submit", "help submit": "--chunk", "submit -h": "--chunk",
		"submit 15 --help": "--chunk", "-h submit": "submit", "dead ls -h": "--json", "--version": "1.2.3", "dead -h": "show",
	} {
		code, called, stdout, stderr := run(nil, strings.Fields(line)...)
		if code != OK || called.command != "" || stderr != "" || !strings.Contains(stdout, want) {
			t.Errorf("%q: exit code %d, called %q, stderr %q, stdout %q", line, code, called.command, stderr, stdout)
		}
	}
	if _, _, stdout, _ := run(nil, "submit", "-h"); !strings.Contains(stdout, " --creds ") || strings.Contains(stdout, "--creds FILE") {
		t.Errorf("the help of a command names the connection flags, and says nothing else of them: %s", stdout)
	}
}

// TestArgs: flags may stand anywhere.
func TestArgs(t *testing.T) {
	for _, test := range []struct {
		line    string
		command string
		args    string
		flags   string // the values of file, chunk, n, json, exponents, server
	}{
		{"submit 15 --json", "submit", "15", "[] auto 0 true false "},
		{"submit 15 -j 21 --chunk 43 35", "submit", "15 21 35", "[] 43 0 true false "},
		{"submit --chunk=43 -s nats://x 15", "submit", "15", "[] 43 0 false false nats://x"},
		{"-s nats://x submit 15 --server nats://y", "submit", "15", "[] auto 0 false false nats://y"},
		{"submit 15 -f - -f a,b", "submit", "15", "[- a,b] auto 0 false false "},
		{"submit -", "submit", "-", "[] auto 0 false false "},
		{"submit -5 15 -n4", "submit", "-5 15", "[] auto 4 false false "},
		{"submit -n -4 x", "submit", "x", "[] auto -4 false false "},
		{"submit -ej 15", "submit", "15", "[] auto 0 true true "},
		{"submit -ejn4 15", "submit", "15", "[] auto 4 true true "},
		{"submit -chunk 43 --json=false", "submit", "", "[] 43 0 false false "},
		{"submit 15 -- --json -e", "submit", "15 --json -e", "[] auto 0 false false "},
		{"submit --chunk -- --", "submit", "", "[] -- 0 false false "},
		{"submit help", "submit", "help", "[] auto 0 false false "},
		{"wait h", "wait", "h", ""},
		{"wait submit", "wait", "submit", ""},
		{"dead ls JOB --json", "dead ls", "JOB", ""},
		{"dead --log-level=warn show -s x 5", "dead show", "5", ""},
	} {
		code, called, _, stderr := run(nil, strings.Fields(test.line)...)
		if code != OK || called.command != test.command || strings.Join(called.args, " ") != test.args {
			t.Errorf("%q: exit code %d, %s with %q; %s", test.line, code, called.command, called.args, stderr)
			continue
		}
		c := called.c
		got := fmt.Sprintf("%v %s %d %v %v %s", c.StringSlice("file"), c.String("chunk"), c.Int("n"), c.Bool("json"), c.Bool("exponents"), c.String("server"))
		if test.flags != "" && got != test.flags {
			t.Errorf("%q: flags %q, want %q", test.line, got, test.flags)
		}
	}
}

func TestConnection(t *testing.T) {
	t.Setenv("NATS_URL", "nats://env")
	t.Setenv("NATS_CREDS", "/env.creds")
	t.Setenv("NATS_TIMEOUT", "7s")
	t.Setenv("NATS_CONTEXT", "lab")
	_, called, _, _ := run(nil, "submit", "15", "--creds", "/flag.creds", "--tls-first", "--js-domain=hub")
	got, err := Connection(called.c, "producer submit")
	want := natsconn.Config{Server: "nats://env", Creds: "/flag.creds", Timeout: 7 * time.Second, Context: "lab", TLSFirst: true, JSDomain: "hub", Name: "producer submit"}
	if err != nil || got != want {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	_, called, _, _ = run(nil, "submit", "-s", "nats://flag", "--timeout", "0s", "--connection-name", "me", "--no-context")
	got, err = Connection(called.c, "producer submit")
	if Code(err) != Usage || got.Server != "nats://flag" || !got.NoContext {
		t.Errorf("%+v, %v", got, err)
	}
	t.Setenv("NATS_TIMEOUT", "soon")
	if code, _, _, stderr := run(nil, "submit"); code != Usage || strings.Count(stderr, "\n") != 2 {
		t.Errorf("bad NATS_TIMEOUT: exit code %d, %q", code, stderr)
	}
}

func TestLogger(t *testing.T) {
	log := func(line ...string) string {
		_, called, _, _ := run(nil, append([]string{"submit"}, line...)...)
		var b strings.Builder
		logger, err := NewLogger(called.c, &b)
		if err != nil {
			t.Fatal(err)
		}
		logger.Info().Str("job", "x").Int("bits", 63).Msg("started")
		logger.Debug().Msg("detail")
		return b.String()
	}
	t.Setenv("NO_COLOR", "1")
	if got := log(); len(got) < 9 || got[8:] != " INF started bits=63 job=x\n" || got[2] != ':' {
		t.Errorf("text: %q", got)
	}
	if got := log("--log-format", "json"); !strings.HasPrefix(got, `{"level":"info","job":"x","bits":63,"time":"`) {
		t.Errorf("json: %q", got)
	}
	if got := log("--log-level", "debug"); strings.Count(got, "\n") != 2 {
		t.Errorf("debug: %q", got)
	}
	t.Setenv("FACTOR_LOG_LEVEL", "error")
	if got := log(); got != "" {
		t.Errorf("error: %q", got)
	}
}

// A failingWriter writes nothing and returns err.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// TestReportNotWritten: a command that prints need not check each write.
func TestReportNotWritten(t *testing.T) {
	for err, want := range map[error]string{
		errors.New("no space left on device"):                     "producer: error: no space left on device\n",
		&os.PathError{Op: "write", Path: "|", Err: syscall.EPIPE}: "",
	} {
		for _, line := range []string{"submit", "--help", "submit -h", "--version"} {
			app, _, _, stderr := testApp(nil)
			app.Commands[0].Action = func(c *cli.Context) error { fmt.Fprintln(c.App.Writer, "a line"); return nil }
			app.Writer, app.ErrWriter = failingWriter{err}, stderr
			code := Run(t.Context(), app, append([]string{"producer"}, strings.Fields(line)...))
			if code == OK || (want == "") != (code == 141) || stderr.String() != want {
				t.Errorf("%s, %v: exit code %d, %q", line, err, code, stderr)
			}
		}
	}
}
