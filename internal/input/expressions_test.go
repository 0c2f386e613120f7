package input

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// TestText reads expressions and comments, in pieces of every kind.
func TestText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, numbers, bad string // words; lines without their source
	}{
		{"2^10 - 1\n2^10-1 2 ^10 2^ 10", "1023 1023 1024 1024", ""},
		{"12 -5\n12 +5 12 - 5 12 + 5 12 -\t5", "12 12 5 7 17 7", `line 1: the value is below 0: "-5"`},
		{"(10^4 - 1) / 9 (2) 3\n( 1 + 2 )*3 fib (10) fib( 10 ) luc(3)", "1111 2 3 9 55 55 4", ""},
		{"# 1 2\n20# 20 # 30 40\n5#x 7\n   # 8\n#9", "9699690 20 7", `line 3: column 3: unexpected "x": "5#x"`},
		{"5 ! 5! 3! * 2 !5", "120 120", `line 1: column 16: unexpected "5": "3! * 2 !5"`},
		{"0xff 1_000 007 +3 0x1F (3)", "255 1000 7 3", `line 1: column 24: unexpected "(": "0x1F (3)"`},
		{"2 +\n3\n+ 4\n- 5\n12 -", "3 4", `line 1: column 4: the expression ends where a number is expected: "2 +"
line 4: the value is below 0: "- 5"
line 5: column 5: the expression ends where a number is expected: "12 -"`},
		{"(1 2\n3) 4\n7/2 8", "4 8", `line 1: column 4: unexpected "2": "(1 2"
line 2: column 2: unexpected ")": "3)"
line 3: column 2: the division leaves a remainder; only exact divisions are computed: "7/2"`},
		{"  12x 13\r\n\t1,000 1e3\v2.5\fnumber 4\r\n", "13 4", `line 1: column 5: unexpected "x": "12x"
line 2: column 3: unexpected ","; digits are grouped by _: "1,000"
line 2: column 9: unexpected "e"; a power of ten is written 10^n: "1e3"
line 2: column 13: unexpected "."; numbers are integers: "2.5"
line 2: column 16: neither a number nor an expression; the functions are fib(n) and luc(n): "number"`},
		{"2^16384 2^70000 2^16384-1 9^9^9^9", longest, `line 1: longer than 16,384 bits (about 4,932 digits): "2^16384"
line 1: column 10: an intermediate value is longer than 65,536 bits (about 19,700 digits): "2^70000"
line 1: column 30: an intermediate value is longer than 65,536 bits (about 19,700 digits): "9^9^9^9"`},
		{tooLong + " " + tooLong + "-1 " + longest + " - 1" + strings.Repeat(" ", 30000) + "\n3", longest + " " + strings.TrimSuffix(longest, "5") + "4 3", `line 1: longer than 16,384 bits (about 4,932 digits): "` + tooLong[:40] + `…"`},
		{strings.Repeat("1+", 9000) + "1 2\n1 +" + strings.Repeat(" ", 20000) + "1 3", "2 3", `line 1: the expression is longer than 16 KiB: "` + strings.Repeat("1+", 20) + `…"
line 2: the expression is longer than 16 KiB: "1 + ` + strings.Repeat(" ", 36) + `…"`},
		{"hello, world\x00 2", "2", `line 1: column 1: neither a number nor an expression; the functions are fib(n) and luc(n): "hello,"
line 1: column 8: neither a number nor an expression; the functions are fib(n) and luc(n): "world\x00"`},
	} {
		for _, size := range []int{1, 2, 1000} {
			for _, r := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text)), iotest.HalfReader(strings.NewReader(test.text))} {
				numbers, bad, err := readAll(size, From("a", r))
				if got := strings.Join(numbers, " "); got != test.numbers || err != nil {
					t.Errorf("%.60q with dst of %d: numbers %.200q, %v, want %.200q", test.text, size, got, err, test.numbers)
				}
				if got := strings.ReplaceAll("\n"+strings.Join(bad, "\n"), "\na: ", "\n"); got != "\n"+test.bad && len(got)+len(test.bad) > 1 {
					t.Errorf("%.60q with dst of %d: bad tokens%s\nwant\n%s", test.text, size, got, test.bad)
				}
			}
		}
	}
}

func TestArgs(t *testing.T) {
	t.Parallel()
	list := []string{"2^127 - 1", " (10^4-1) / 9\n", "30!/28!", "12 ", " 12 13", "", "-5", "-5+10", "20 # 3", "#5", " 2+x", "0xff"}
	numbers, bad, err := readAll(2, Args(list))
	if got, want := strings.Join(numbers, " "), "170141183460469231731687303715884105727 1111 870 12 5 255"; got != want || err != nil {
		t.Errorf("numbers %q, %v, want %q", got, err, want)
	}
	want := `argument: column 5: unexpected "1": "12 13"
argument: column 1: a number is missing: ""
argument: the value is below 0: "-5"
argument: column 6: unexpected "3": "20 # 3"
argument: column 1: unexpected "#": "#5"
argument: column 4: neither a number nor an expression; the functions are fib(n) and luc(n): "2+x"`
	if got := strings.Join(bad, "\n"); got != want {
		t.Errorf("bad tokens\n%s\nwant\n%s", got, want)
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10^3:10^3+2": "1000 1001 1002", "2^64-1 : 2^64": "18446744073709551615 18446744073709551616", "0:3!:2*1": "0 2 4 6", "3:7": "3 4 5 6 7",
		"10^3:10^2": `range "10^3:10^2": the end is below the start`, "1:2x": `range "1:2x": column 2: unexpected "x": "2x"`, "1:": `range "1:": column 1: a number is missing: ""`,
		"0:2^70000": `range "0:2^70000": column 2: an intermediate value is longer than 65,536 bits (about 19,700 digits): "2^70000"`,
	} {
		source, err := ParseRange(text)
		if err != nil {
			if err.Error() != want {
				t.Errorf("%q: %v, want %s", text, err, want)
			}
			continue
		}
		if numbers, _, err := readAll(2, source); strings.Join(numbers, " ") != want || err != nil {
			t.Errorf("%q: %v, %v, want %s", text, numbers, err, want)
		}
	}
}

// TestWritten: expressions are known as they were written, plain digits are not.
func TestWritten(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1+", task.MaxWritten/2-1) + "10"
	in := "12 2^10  -\t1 +13 007\n0x0c 1_0 (3) 20# # 4\n" + long + " " + long + "0\n5"
	r := New(func(b task.BadToken) { t.Error(Describe(b)) }, Args([]string{"7", " 2 ^\n3 "}), From("-", strings.NewReader(in)))
	var got []string
	for dst := make([]nat.Nat, 3); ; {
		n, err := r.Read(dst)
		if err == io.EOF {
			break
		}
		written := r.Written()
		for i, x := range dst[:n] {
			text := ""
			if len(written) > 0 && written[0].At == uint64(i) {
				text, written = written[0].Text, written[1:]
			}
			got = append(got, fmt.Sprintf("%v %s;", x, text))
		}
		if len(written) > 0 {
			t.Errorf("too many: %v", written)
		}
	}
	want := "[7 ; 8 2 ^ 3; 12 ; 1023 2^10 - 1; 13 ; 7 ; 12 0x0c; 10 1_0; 3 (3); 9699690 20#; 137 " + long + "; 227 ; 5 ;]"
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}
