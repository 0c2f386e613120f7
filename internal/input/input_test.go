package input

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// readAll returns all numbers of sources in decimal and the reports of invalid tokens.
func readAll(size int, sources ...Source) (numbers, bad []string, err error) {
	r := New(func(b task.BadToken) { bad = append(bad, Describe(b)) }, sources...)
	dst := make([]nat.Nat, size)
	for {
		n, err := r.Read(dst)
		for _, x := range dst[:n] {
			numbers = append(numbers, x.String())
		}
		if err == io.EOF {
			return numbers, bad, nil
		}
		if err != nil {
			return numbers, bad, err
		}
		if n == 0 {
			return numbers, bad, errors.New("read nothing")
		}
	}
}

var (
	longest = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), task.MaxBits), big.NewInt(1)).String()
	tooLong = new(big.Int).Lsh(big.NewInt(1), task.MaxBits).String()
)

// strict is the syntax of coreutils factor.
var strict = Syntax{Strict: true}

func TestStrictText(t *testing.T) {
	nines := strings.Repeat("9", 5000)
	for _, test := range []struct {
		text, numbers, bad string // words; lines
	}{
		{"", "", ""},
		{" \n\t\r\n ", "", ""},
		{"12 13\n14", "12 13 14", ""},
		{"12\r\n13\r\n", "12 13", ""},
		{"12\v13\f14\t15", "12 13 14 15", ""},
		{"0 1 +12 0007 00 +0", "0 1 12 7 0 0", ""},
		{"18446744073709551615 18446744073709551616 99999999999999999999", "18446744073709551615 18446744073709551616 99999999999999999999", ""},
		{"9999999999999999999 00000000000000000000000018446744073709551615", "9999999999999999999 18446744073709551615", ""},
		{"12345678 123456789 1234567890123456 12345678901234567", "12345678 123456789 1234567890123456 12345678901234567", ""},
		{"1234567: 1234567/ /2345678 :2345678 1:345678\n", "", notInteger("1234567:", "1234567/", "/2345678", ":2345678", "1:345678")},
		{strings.Repeat("0", 100000) + "5 6", "5 6", ""},
		{longest + "\n" + tooLong + " 3", longest + " 3", `numbers.txt: line 2: longer than 16,384 bits (about 4,932 digits): "` + tooLong[:40] + `…"`},
		{nines + " 3", "3", `numbers.txt: line 1: longer than 16,384 bits (about 4,932 digits): "` + nines[:40] + `…"`},
		{nines + "x 3", "3", `numbers.txt: line 1: not a non-negative decimal integer: "` + nines[:40] + `…"`},
		{"-5 12x 1e3\n0x10 + ++1 1_000\n\n1,000 12.0 #12", "", `numbers.txt: line 1: not a non-negative decimal integer: "-5"
numbers.txt: line 1: not a non-negative decimal integer: "12x"
numbers.txt: line 1: not a non-negative decimal integer: "1e3"
numbers.txt: line 2: not a non-negative decimal integer: "0x10"
numbers.txt: line 2: not a non-negative decimal integer: "+"
numbers.txt: line 2: not a non-negative decimal integer: "++1"
numbers.txt: line 2: not a non-negative decimal integer: "1_000"
numbers.txt: line 4: not a non-negative decimal integer: "1,000"
numbers.txt: line 4: not a non-negative decimal integer: "12.0"
numbers.txt: line 4: not a non-negative decimal integer: "#12"`},
		{"\xef\xbb\xbf12 13", "12 13", ""},
		{"\xef\xbb", "", `numbers.txt: line 1: not a non-negative decimal integer: "\xef\xbb"`},
		{"12 \xef\xbb\xbf13", "12", `numbers.txt: line 1: not a non-negative decimal integer: "\ufeff13"`},
		{"12\x0013 \x00 4", "4", `numbers.txt: line 1: not a non-negative decimal integer: "12\x0013"
numbers.txt: line 1: not a non-negative decimal integer: "\x00"`},
		{"12\xa013 1２", "", `numbers.txt: line 1: not a non-negative decimal integer: "12\xa013"
numbers.txt: line 1: not a non-negative decimal integer: "1２"`},
		{strings.Repeat("é", 30), "", `numbers.txt: line 1: not a non-negative decimal integer: "` + strings.Repeat("é", 20) + `…"`},
		{"x" + strings.Repeat("é", 30), "", `numbers.txt: line 1: not a non-negative decimal integer: "x` + strings.Repeat("é", 19) + `…"`},
		{strings.Repeat("12345678x", 20000) + "\n7", "7", `numbers.txt: line 1: not a non-negative decimal integer: "12345678x12345678x12345678x12345678x1234…"`},
	} {
		for _, size := range []int{1, 2, 1000} {
			for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text)),
				iotest.DataErrReader(strings.NewReader(test.text))} {
				numbers, bad, err := readAll(size, strict.From("numbers.txt", r))
				if got := strings.Join(numbers, " "); got != test.numbers {
					t.Errorf("%.60q with dst of %d: numbers %.200q, want %.200q", test.text, size, got, test.numbers)
				}
				if got := strings.Join(bad, "\n"); got != test.bad {
					t.Errorf("%.60q with dst of %d: bad tokens\n%s\nwant\n%s", test.text, size, got, test.bad)
				}
				if err != nil {
					t.Errorf("%.60q: %v", test.text, err)
				}
			}
		}
	}
}

// notInteger returns the reports of invalid tokens in line 1.
func notInteger(tokens ...string) string {
	for i, token := range tokens {
		tokens[i] = fmt.Sprintf("numbers.txt: line 1: not a non-negative decimal integer: %q", token)
	}
	return strings.Join(tokens, "\n")
}

func TestStrictArgs(t *testing.T) {
	list := []string{"12", " +13", "0007", "", " ", "12 ", "12 13", "\t12", "-5", "+", tooLong, "14"}
	numbers, bad, err := readAll(2, strict.Args(list), strict.Args(nil))
	if got, want := strings.Join(numbers, " "), "12 13 7 14"; got != want || err != nil {
		t.Errorf("numbers %q, %v, want %q", got, err, want)
	}
	want := `argument: not a non-negative decimal integer: ""
argument: not a non-negative decimal integer: ""
argument: not a non-negative decimal integer: "12 "
argument: not a non-negative decimal integer: "12 13"
argument: not a non-negative decimal integer: "\t12"
argument: not a non-negative decimal integer: "-5"
argument: not a non-negative decimal integer: "+"
argument: longer than 16,384 bits (about 4,932 digits): "` + tooLong[:40] + `…"`
	if got := strings.Join(bad, "\n"); got != want {
		t.Errorf("bad tokens\n%s\nwant\n%s", got, want)
	}
}

func TestStrictRange(t *testing.T) {
	const top = "18446744073709551615" // 2^64 - 1
	for _, test := range []struct{ text, want string }{
		{"3:7", "3 4 5 6 7"},
		{"3:7:2", "3 5 7"},
		{"3:8:2", "3 5 7"},
		{"5:5", "5"},
		{"0:0:7", "0"},
		{" +3:007: 9", "3"},
		{"18446744073709551613:" + top, "18446744073709551613 18446744073709551614 " + top},
		{"1:" + top + ":" + top, "1"},
		{"0:" + top + ":" + top, "0 " + top},
		{"5:" + top + ":18446744073709551616", "5"},
		{"18446744073709551614:18446744073709551617", "18446744073709551614 " + top + " 18446744073709551616 18446744073709551617"},
		{"0:40000000000000000000:20000000000000000000", "0 20000000000000000000 40000000000000000000"},
		{"", `"" is not a range A:B or A:B:STEP`},
		{"1", `"1" is not a range A:B or A:B:STEP`},
		{"1:2:3:4", `"1:2:3:4" is not a range A:B or A:B:STEP`},
		{"1:", `range "1:": not a non-negative decimal integer: ""`},
		{":1", `range ":1": not a non-negative decimal integer: ""`},
		{"1:2x", `range "1:2x": not a non-negative decimal integer: "2x"`},
		{"1:-2", `range "1:-2": not a non-negative decimal integer: "-2"`},
		{"7:3", `range "7:3": the end is below the start`},
		{"3:7:0", `range "3:7:0": the step must not be 0`},
	} {
		for _, size := range []int{1, 2, 100} {
			source, err := strict.ParseRange(test.text)
			if err != nil {
				if err.Error() != test.want {
					t.Errorf("range %q: %v, want %s", test.text, err, test.want)
				}
				continue
			}
			numbers, _, err := readAll(size, source)
			if got := strings.Join(numbers, " "); got != test.want || err != nil {
				t.Errorf("range %q: %q, %v, want %q", test.text, got, err, test.want)
			}
		}
	}
	if _, err := Steps(nat.New(1), nat.FromBig(new(big.Int).Lsh(big.NewInt(1), task.MaxBits)), nat.New(1)); err == nil {
		t.Error("a range up to 2^MaxBits is accepted")
	}
}

// TestEarly checks that a number is returned as soon as it is complete, before
// more input arrives.
func TestEarly(t *testing.T) {
	in, out := io.Pipe()
	r := New(func(task.BadToken) {}, From("-", in))
	dst := make([]nat.Nat, 10)
	for _, step := range []struct{ write, want string }{
		{"1 2 3", "[1 2]"}, {"4 x", "[34]"}, {"y 5\n", "[5]"},
	} {
		go io.WriteString(out, step.write)
		n, err := r.Read(dst)
		if got := fmt.Sprint(dst[:n]); got != step.want || err != nil {
			t.Errorf("after %q: %s, %v, want %s", step.write, got, err, step.want)
		}
	}
	go func() { io.WriteString(out, "6"); out.Close() }()
	if n, err := r.Read(dst); n != 1 || dst[0].String() != "6" || err != nil {
		t.Errorf("at the end: %v, %v, want 6", dst[:n], err)
	}
	for range 2 {
		if n, err := r.Read(dst); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d, %v, want 0, EOF", n, err)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for path, text := range map[string]string{one: "1\n2\nx", two: "\xef\xbb\xbf3 4"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	missing := filepath.Join(dir, "missing")
	broken := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("78"))) // fails at the second read
	for _, test := range []struct {
		sources   []Source
		want, err string
	}{
		{[]Source{File(one), File(two)}, "1 2 3 4", ""},
		{[]Source{File(two), File(missing), File(one)}, "3 4", "open " + missing + ": no such file or directory"},
		{[]Source{File(two), File(dir)}, "3 4", "read " + dir + ": is a directory"},
		{[]Source{File(two), From("-", broken)}, "3 4", "read -: timeout"},
	} {
		numbers, bad, err := readAll(1, test.sources...)
		if got := strings.Join(numbers, " "); got != test.want || fmt.Sprint(err) != cmp.Or(test.err, "<nil>") {
			t.Errorf("%q, %v, want %q, %s", got, err, test.want, test.err)
		}
		for _, b := range bad {
			if want := one + `: line 3: column 1: neither a number nor an expression; the functions are fib(n) and luc(n): "x"`; b != want {
				t.Errorf("bad token %s, want %s", b, want)
			}
		}
	}
}

// TestLongToken checks that a token of 64 MB is not held in memory.
func TestLongToken(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	line := io.LimitReader(digits{}, 64<<20)
	numbers, bad, err := readAll(10, From("-", io.MultiReader(line, strings.NewReader(" 5"))))
	runtime.ReadMemStats(&after)
	if len(bad) != 1 || !slices.Equal(numbers, []string{"5"}) || err != nil {
		t.Errorf("numbers %v, bad tokens %v, %v", numbers, bad, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes allocated", used)
	}
}

// digits is a number without end.
type digits struct{}

func (digits) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '7'
	}
	return len(b), nil
}
