package expr

import (
	"math/big"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

var two = big.NewInt(2)

func power(x, y int64) *big.Int { return new(big.Int).Exp(big.NewInt(x), big.NewInt(y), nil) }

func TestEval(t *testing.T) {
	t.Parallel()
	mersenne := new(big.Int).Sub(power(2, 127), big.NewInt(1)).String()
	nines := strings.Repeat("9", 4932)
	for _, test := range []struct{ text, want string }{
		{"0", "0"}, {"007", "7"}, {"+5", "5"}, {" 12\t", "12"}, {"\n12\r\n", "12"},
		{"2^127-1", mersenne}, {"2**127-1", mersenne}, {"2 ^ 127 - 1", mersenne}, {"2 ** 127 - 1", mersenne},
		{"10^50+1", power(10, 50).String()[:50] + "1"},
		{"30!", "265252859812191058636308480000000"}, {"0!", "1"}, {"1!", "1"}, {"5 !", "120"}, {"(3!)!", "720"}, {"3!#", "30"}, {"3#!", "720"},
		{"20#", "9699690"}, {"19#", "9699690"}, {"0#", "1"}, {"1#", "1"}, {"2#", "2"}, {"20#+1", "9699691"},
		{"fib(100)", "354224848179261915075"}, {"fib(0)", "0"}, {"fib(1)", "1"}, {"fib(2)", "1"}, {"fib (10)", "55"}, {"fib( 5+5 )", "55"}, {"fib(fib(7))", "233"},
		{"luc(0)", "2"}, {"luc(1)", "1"}, {"luc(10)", "123"}, {"luc(3)^2", "16"}, {"fib(10)!/55!", "1"},
		{"0xff", "255"}, {"0XfF", "255"}, {"0xdead_beef", "3735928559"}, {"0xff!/0xff!", "1"}, {"1_000_000", "1000000"}, {"0x0", "0"},
		{"(10^40-1)/9", strings.Repeat("1", 40)}, {"((7))", "7"}, {"( 7 )", "7"},
		{"2^3^2", "512"}, {"2**3^2", "512"}, {"(2^3)^2", "64"}, {"2^-0", "1"}, {"2^+3", "8"}, {"-2^2+5", "1"}, {"(-2)^2", "4"}, {"(-2)^3+8", "0"}, {"2*-3+6", "0"},
		{"-5+10", "5"}, {"5--3", "8"}, {"5-+3", "2"}, {"10-3-2", "5"}, {"2+3*4", "14"}, {"(2+3)*4", "20"}, {"24/4/2", "3"}, {"24/4*2", "12"}, {"2*3!", "12"}, {"2^3!", "64"},
		{"-6/-3", "2"}, {"0/5", "0"}, {"7%3", "1"}, {"-7%3", "2"}, {"7%-3", "1"}, {"-7%-3", "2"}, {"10%7*2", "6"}, {"2*10%7", "6"}, {"-(-7)", "7"},
		{"0^0", "1"}, {"0^5", "0"}, {"1^(2^60000)", "1"}, {"(-1)^(2^60000)", "1"}, {"(-1)^(2^60000+1)+1", "0"},
		{"2^65535/2^65535", "1"}, {"fib(94401)-fib(94400)-fib(94399)", "0"}, {"luc(94399)-luc(94398)-luc(94397)", "0"}, {"5910!/5910!", "1"}, {"45676#/45676#", "1"},
		{"10^4931*9", "9" + strings.Repeat("0", 4931)}, {nines, nines}, {"10^4932-1", nines},
		{strings.Repeat("(", 63) + "1" + strings.Repeat(")", 63), "1"}, {strings.Repeat("1+", 8000) + "1", "8001"},

		{"", "column 1: a number is missing"}, {"  ", "column 3: a number is missing"},
		{"2^", "column 3: the expression ends where a number is expected"}, {"2^127 -", "column 8: the expression ends where a number is expected"}, {"-", "column 2: the expression ends where a number is expected"},
		{"()", `column 2: unexpected ")"`}, {"(", "column 2: the expression ends where a number is expected"}, {"2*(3+4", "column 3: the parenthesis is not closed"}, {"(1 2", `column 4: unexpected "2"`}, {"3)", `column 2: unexpected ")"`}, {"fib(3", "column 4: the parenthesis is not closed"},
		{"12x", `column 3: unexpected "x"`}, {"12 13", `column 4: unexpected "1"`}, {"2(3)", `column 2: unexpected "("`}, {"*3", `column 1: unexpected "*"`}, {"2*/3", `column 3: unexpected "/"`}, {"2***3", `column 4: unexpected "*"`}, {"#", `column 1: unexpected "#"`}, {"!", `column 1: unexpected "!"`},
		{"1,000", `column 2: unexpected ","; digits are grouped by _`}, {"12.0", `column 3: unexpected "."; numbers are integers`}, {"1e3", `column 2: unexpected "e"; a power of ten is written 10^n`}, {"6=2*3", `column 2: unexpected "="; an expression has no =`}, {"2 − 1", `column 3: unexpected "−"`}, {"12\xa013", `column 3: unexpected "\xa0"`}, {"1\x002", `column 2: unexpected "\x00"`},
		{"hello", "column 1: neither a number nor an expression; the functions are fib(n) and luc(n)"}, {"2+sin(1)", "column 3: neither a number nor an expression; the functions are fib(n) and luc(n)"}, {"fib", "column 1: write the argument of a function in parentheses: fib(n)"}, {"fib 3", "column 1: write the argument of a function in parentheses: fib(n)"},
		{"_1", `column 1: unexpected "_"`}, {"1_", "column 2: a _ stands between two digits"}, {"1__0", "column 2: a _ stands between two digits"}, {"1_+2", "column 2: a _ stands between two digits"}, {"0x", "column 3: hexadecimal digits are missing after 0x"}, {"0xg", "column 3: hexadecimal digits are missing after 0x"}, {"0x_1", "column 3: hexadecimal digits are missing after 0x"}, {"0xfg", `column 4: unexpected "g"`}, {"0b11", `column 2: unexpected "b"`},
		{"3!!", "column 3: x!! has two meanings; write (x!)!"}, {"3##", "column 3: x## has two meanings; write (x#)#"},
		{"7/2", "column 2: the division leaves a remainder; only exact divisions are computed"}, {"1/0", "column 2: division by 0"}, {"1%0", "column 2: division by 0"}, {"2^-1", "column 2: the exponent is below 0"}, {"1-2", "the value is below 0"}, {"-5", "the value is below 0"},
		{"(-3)!", "column 5: n! needs n from 0 to 5,910"}, {"5911!", "column 5: n! needs n from 0 to 5,910"}, {"45677#", "column 6: n# needs n from 0 to 45,676"}, {"2+fib(94402)", "column 3: fib(n) needs n from 0 to 94,401"}, {"luc(94400)", "column 1: luc(n) needs n from 0 to 94,399"}, {"fib(2^100)", "column 1: fib(n) needs n from 0 to 94,401"},
		{"10^4932*2", whyTooLong}, {"2^16384", whyTooLong}, {"9" + nines, whyTooLong}, {"2^65535", whyTooLong},
		{"2^65536", "column 2: an intermediate value is longer than 65,536 bits (about 19,700 digits)"}, {"2^(2^40)", "column 2: an intermediate value is longer than 65,536 bits (about 19,700 digits)"}, {"9^9^9^9", "column 4: an intermediate value is longer than 65,536 bits (about 19,700 digits)"}, {"3^41349", "column 2: an intermediate value is longer than 65,536 bits (about 19,700 digits)"}, {"2^65535*2", "column 8: an intermediate value is longer than 65,536 bits (about 19,700 digits)"}, {"2^65535+2^65535", "column 8: an intermediate value is longer than 65,536 bits (about 19,700 digits)"},
		{strings.Repeat("(", 64) + "1", "column 65: more than 64 parentheses, signs or powers within each other"}, {strings.Repeat("-", 100) + "1", "column 65: more than 64 parentheses, signs or powers within each other"}, {strings.Repeat("1^", 100) + "1", "column 129: more than 64 parentheses, signs or powers within each other"},
		{strings.Repeat("1", MaxText+1), whyLongText}, {strings.Repeat("0*5910!+", 2000) + "1", "column 255: the expression takes too long to compute"},
	} {
		n, err := Eval(test.text)
		got := n.String()
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%.100q is %.200s, want %.200s", test.text, got, test.want)
		}
	}
}

// TestLongest: the value may have task.MaxBits bits, and an intermediate one maxInner, exactly.
func TestLongest(t *testing.T) {
	t.Parallel()
	longest := new(big.Int).Sub(new(big.Int).Exp(two, big.NewInt(task.MaxBits), nil), big.NewInt(1))
	for _, text := range []string{"2^16384-1", "0x" + longest.Text(16), "(2^65535+(2^65535-1))/(2^65535+(2^65535-1))*(2^16384-1)", "3^41348/3^41348*(2^16384-1)"} {
		if n, err := Eval(text); err != nil || n.Big().Cmp(longest) != 0 {
			t.Errorf("%.60s is %.60s, %v", text, n, err)
		}
	}
}

// BenchmarkEval has usual expressions, and the slowest ones that the bounds permit.
func BenchmarkEval(b *testing.B) {
	for name, text := range map[string]string{
		"mersenne": "2^127-1", "repunit": "(10^40-1)/9", "fib": "fib(100)", "hex": "0xff", "fib-longest": "fib(94401)%7",
		"worst-products": strings.Repeat("2^65535%7*", 7) + "7", "worst-mod": "3^41348" + strings.Repeat("%(2^33000-1)*2^32000", 15) + "%7",
		"worst-factorials": strings.Repeat("5910!%7+", 31) + "1", "worst-digits": strings.Repeat("9", MaxText-2) + "%7", "worst-small-products": strings.Repeat("(2^2000-1)*", 30) + "1", "worst-powers": strings.Repeat("3^41348%7+", 7) + "1", "worst-sum": strings.Repeat("9", 8000) + strings.Repeat("+1", 4000) + "%7",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Eval(text)
			}
		})
	}
}
