package coreutils

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// An outcome is what a program has done.
type outcome struct {
	out, err string
	code     int
}

// call runs Main with these arguments and this input.
func call(input string, args ...string) (o outcome) {
	var out, errs bytes.Buffer
	o.code = Main(Process{Args: append([]string{"factor"}, args...), In: strings.NewReader(input), Out: &out, Err: &errs, Version: "1.2.3"})
	o.out, o.err = out.String(), errs.String()
	return o
}

// TestOutcomes states what release 9.7 of coreutils does.
func TestOutcomes(t *testing.T) {
	const try = "\nTry 'factor --help' for more information.\n"
	for _, x := range []struct {
		input string
		args  []string
		want  outcome
	}{
		{"", []string{"360", "0", "1", "+12", " 7", "  +007", "97"}, outcome{"360: 2 2 2 3 3 5\n0:\n1:\n12: 2 2 3\n7: 7\n7: 7\n97: 97\n", "", 0}},
		{"", []string{"8", "-h", "12", "7"}, outcome{"8: 2^3\n12: 2^2 3\n7: 7\n", "", 0}},
		{"", []string{"--exp", "-hh", "--", "9"}, outcome{"9: 3^2\n", "", 0}},
		{"", []string{"--", "-h"}, outcome{"", "factor: '-h' is not a valid positive integer\n", 1}},
		{"", []string{"x", "10", "", "-", "1.5", "12 13", "+"}, outcome{"10: 2 5\n", `factor: 'x' is not a valid positive integer
factor: '' is not a valid positive integer
factor: '-' is not a valid positive integer
factor: '1.5' is not a valid positive integer
factor: '12 13' is not a valid positive integer
factor: '+' is not a valid positive integer
`, 1}},
		{"", []string{"a'b\\\t\x01\u00e9\x7f"}, outcome{"", `factor: 'a\'b\\\t\001\303\251\177' is not a valid positive integer` + "\n", 1}},
		{"6\n 10\t15", nil, outcome{"6: 2 3\n10: 2 5\n15: 3 5\n", "", 0}},
		{"6 13\r\n7 ++8 +9", nil, outcome{"6: 2 3\n7: 7\n9: 3 3\n", "factor: '13\\r' is not a valid positive integer\nfactor: '++8' is not a valid positive integer\n", 1}},
		{"12\x00x 5", nil, outcome{"12: 2 2 3\n5: 5\n", "", 0}},
		{"", nil, outcome{}},
		{" \n\t", nil, outcome{}},
		{"5", []string{"-q", "7"}, outcome{"", "factor: invalid option -- 'q'" + try, 1}},
		{"5", []string{"-h5"}, outcome{"", "factor: invalid option -- '5'" + try, 1}},
		{"5", []string{"--foo"}, outcome{"", "factor: unrecognized option '--foo'" + try, 1}},
		{"5", []string{"--json=1"}, outcome{"", "factor: unrecognized option '--json=1'" + try, 1}},
		{"5", []string{"--help=3"}, outcome{"", "factor: option '--help' doesn't allow an argument" + try, 1}},
		{"5", []string{"7", "--version", "--foo"}, outcome{"factor (factorfleet) 1.2.3\n", "", 0}},
		{"5", []string{"--foo", "--version"}, outcome{"", "factor: unrecognized option '--foo'" + try, 1}},
		{"", []string{strings.Repeat("9", 5000)}, outcome{"", "factor: '" + strings.Repeat("9", 5000) + "' is too large\n", 1}},
	} {
		if got := call(x.input, x.args...); got != x.want {
			t.Errorf("%q < %q: %+v, want %+v", x.args, x.input, got, x.want)
		}
	}
}

// TestHelp: the first lines are those of coreutils, and the limits follow.
func TestHelp(t *testing.T) {
	got := call("", "--help")
	const want = `Usage: factor [OPTION] [NUMBER]...
Print the prime factors of each specified integer NUMBER.  If none
are specified on the command line, read them from standard input.

  -h, --exponents   print repeated factors in form p^e unless e is 1
      --help        display this help and exit
      --version     output version information and exit
`
	if !strings.HasPrefix(got.out, want) || !strings.Contains(got.out, "limit of time") || got.err != "" || got.code != 0 {
		t.Errorf("%+v", got)
	}
}

// TestStreams: each answer is there before the next number is typed.
func TestStreams(t *testing.T) {
	in, numbers := io.Pipe()
	answers, out := io.Pipe()
	code := make(chan int)
	go func() {
		c := Main(Process{Args: []string{"factor"}, In: in, Out: out, Err: io.Discard})
		out.Close()
		code <- c
	}()
	read := bufio.NewReader(answers)
	for i := 2; i < 50; i++ {
		fmt.Fprintf(numbers, "%d ", i)
		if line, err := read.ReadString('\n'); err != nil || !strings.HasPrefix(line, fmt.Sprintf("%d: ", i)) {
			t.Fatalf("%d: %q, %v", i, line, err)
		}
	}
	numbers.Close()
	if c := <-code; c != 0 {
		t.Errorf("exit code %d", c)
	}
}

// A brokenWriter fails after so many writes.
type brokenWriter struct {
	left int
	err  error
}

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: w.err}
	}
	return len(b), nil
}

// endless is an input that never ends.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return copy(b, "10403 "), nil }

// TestBrokenOutput: the program ends, although its input does not.
func TestBrokenOutput(t *testing.T) {
	var errs bytes.Buffer
	code := Main(Process{Args: []string{"factor"}, In: endless{}, Out: &brokenWriter{3, syscall.ENOSPC}, Err: &errs})
	if code != 1 || !strings.HasPrefix(errs.String(), "factor: write error: No space left on device") {
		t.Errorf("%d, %q", code, &errs)
	}
}

// TestClosedOutput: an output that was closed is an error only if something is to be written.
func TestClosedOutput(t *testing.T) {
	closed := func() error { return errors.New("closed") }
	for words, want := range map[string]int{"5": 1, "": 0} {
		var errs bytes.Buffer
		if code := Main(Process{Args: []string{"factor"}, In: strings.NewReader(words), Out: io.Discard, Err: &errs, CheckStdout: closed}); code != want {
			t.Errorf("%q: %d, %s", words, code, &errs)
		}
	}
}

// A brokenReader fails after its text.
type brokenReader struct{ text io.Reader }

func (r brokenReader) Read(b []byte) (int, error) {
	n, err := r.text.Read(b)
	if err == io.EOF {
		err = &os.PathError{Op: "read", Path: "/dev/stdin", Err: syscall.EIO}
	}
	return n, err
}

func TestBrokenInput(t *testing.T) {
	var out, errs bytes.Buffer
	code := Main(Process{Args: []string{"factor"}, In: brokenReader{strings.NewReader("6 7")}, Out: &out, Err: &errs})
	if code != 1 || out.String() != "6: 2 3\n7: 7\n" || !strings.HasPrefix(strings.ToLower(errs.String()), "factor: error reading input: input/output error") {
		t.Errorf("%d, %q, %q", code, &out, &errs)
	}
}

// TestWholeLines: no line is divided between two writes, so that lines of several processes do not mix in a pipe.
func TestWholeLines(t *testing.T) {
	w := &lineWriter{t: t}
	var in bytes.Buffer
	for i := range 20000 {
		fmt.Fprintln(&in, uint64(i)*1_000_003)
	}
	if code := Main(Process{Args: []string{"factor"}, In: &in, Out: w, Err: io.Discard}); code != 0 || w.lines != 20000 {
		t.Errorf("%d, %d lines", code, w.lines)
	}
}

type lineWriter struct {
	t     *testing.T
	lines int
}

func (w *lineWriter) Write(b []byte) (int, error) {
	if len(b) > pipeSize || b[len(b)-1] != '\n' {
		w.t.Errorf("a write of %d bytes that ends in %q", len(b), b[len(b)-1])
	}
	w.lines += bytes.Count(b, []byte("\n"))
	return len(b), nil
}

func TestIsName(t *testing.T) {
	for path, want := range map[string]bool{
		"factor": true, "/usr/bin/factor": true, "./factor": true, "factor.exe": true, "bin/factor.EXE": true,
		"embedded": false, "factors": false, "/factor/embedded": false, "factor.sh": false, "": false,
	} {
		if IsName(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
}

// peer returns the program factor of coreutils on this machine, and whether it has the option -h.
func peer(t *testing.T) (path string, exponents bool) {
	path, err := exec.LookPath("factor")
	if err != nil {
		t.Skip("NOT TESTED: there is no program factor on this machine")
	}
	version, _ := exec.Command(path, "--version").Output()
	if !bytes.Contains(version, []byte("GNU coreutils")) {
		t.Skip("NOT TESTED: the program factor on this machine is not that of GNU coreutils")
	}
	help, _ := exec.Command(path, "--help").Output()
	return path, bytes.Contains(help, []byte("--exponents"))
}

// callPeer is call for the program of coreutils.
func callPeer(t *testing.T, path, input string, args ...string) (o outcome) {
	var out, errs bytes.Buffer
	c := exec.Command(path, args...)
	c.Args[0] = "factor"
	c.Env = append(os.Environ(), "LC_ALL=C")
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), &out, &errs
	if err := c.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return outcome{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

// TestPeer compares the program with that of coreutils, on words that are made for this run. Releases before 9.2 print
// numbers of 2^127 and more out of order if the output is a pipe, so that the lines are compared in the order of text.
func TestPeer(t *testing.T) {
	path, exponents := peer(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for round := range 60 {
		words := make([]string, r.IntN(40))
		for i := range words {
			words[i] = word(r)
		}
		var args []string
		input := strings.Join(words, []string{" ", "\n", "\t\n "}[r.IntN(3)])
		if round%2 == 0 && len(words) > 0 {
			args, input = append([]string{"--"}, words...), ""
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "\x00", "0")
			}
		}
		if exponents && r.IntN(2) == 0 {
			args = append([]string{"-h"}, args...)
		}
		got, want := call(input, args...), callPeer(t, path, input, args...)
		if got.out, want.out = sorted(got.out), sorted(want.out); got != want {
			t.Fatalf("seed %d: %q < %q\n%+v\nwant %+v", seed, args, input, got, want)
		}
	}
}

func sorted(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

// word returns a word that is a number, or nearly one. The numbers are easy for both programs.
func word(r *rand.Rand) string {
	const odd = "0123456789+- x.'\\\a\r\v\x00\x80\xc3\xa9~"
	switch r.IntN(8) {
	case 0:
		b := make([]byte, 1+r.IntN(4))
		for i := range b {
			b[i] = odd[r.IntN(len(odd))]
		}
		return string(b)
	case 1:
		return "+" + strings.Repeat("0", r.IntN(30)) + fmt.Sprint(r.Uint32())
	case 2:
		return fmt.Sprint(r.Uint64())
	case 3: // smooth, of up to 512 bits
		n := big.NewInt(1)
		for range 1 + r.IntN(16) {
			n.Mul(n, new(big.Int).SetUint64(r.Uint64()>>32|1))
		}
		return n.String()
	case 4:
		p := []int64{2, 3, 5, 65537}[r.IntN(4)]
		return new(big.Int).Exp(big.NewInt(p), big.NewInt(r.Int64N(70)), nil).String()
	default:
		return fmt.Sprint(r.Uint64() >> r.IntN(64))
	}
}
