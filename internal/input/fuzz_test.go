package input

import (
	"bytes"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/expr"
	"factorfleet/internal/task"
)

// FuzzStrict cuts a text into reads at arbitrary places and compares its numbers with those
// of textbook.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{"1 2 3\n4", "18446744073709551615\n18446744073709551616", "\xef\xbb\xbf0012 +5 x",
		"12345678 123456789012345678 1234567890123456789 12345678901234567890 ", "1\x002 \x85 \xa0 3\v4\f5\r\n6"} {
		f.Add([]byte(seed), []byte{1, 2, 3}, uint8(3))
	}
	f.Add(bytes.Repeat([]byte("0"), 5000), []byte{200}, uint8(1))
	f.Add(bytes.Repeat([]byte("9"), 4933), []byte{255}, uint8(1))
	f.Fuzz(func(t *testing.T, text, cuts []byte, size uint8) {
		if bytes.HasPrefix(text, gzipMagic) || bytes.HasPrefix(text, zstdMagic) {
			return
		}
		numbers, bad, err := readAll(int(size%8)+1, strict.From("-", &cutter{text, cuts}))
		if err != nil {
			t.Fatal(err)
		}
		want, wantBad := textbook(string(text))
		if !slices.Equal(numbers, want) || len(bad) != wantBad {
			t.Errorf("%q: numbers %v and %d bad tokens, want %v and %d", text, numbers, len(bad), want, wantBad)
		}
	})
}

// textbook reads a text with strings.FieldsFunc and math/big. It returns the numbers and the count
// of invalid tokens.
func textbook(text string) (numbers []string, bad int) {
	text = strings.TrimPrefix(text, "\ufeff")
	for _, token := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) }) {
		x, ok := new(big.Int).SetString(token, 10)
		if !ok || token[0] == '-' || x.BitLen() > task.MaxBits {
			bad++
			continue
		}
		numbers = append(numbers, x.String())
	}
	return numbers, bad
}

// A cutter is a reader of text that returns cuts[i]%64 bytes at a time.
type cutter struct{ text, cuts []byte }

func (c *cutter) Read(b []byte) (int, error) {
	if len(c.cuts) > 0 {
		b = b[:min(len(b), int(c.cuts[0]%64)+1)]
		c.cuts = append(c.cuts[1:len(c.cuts):len(c.cuts)], c.cuts[0])
	}
	n, err := bytes.NewReader(c.text).Read(b)
	c.text = c.text[n:]
	return n, err
}

// FuzzReader cuts a text into reads at arbitrary places and compares its numbers and errors with those of slowly.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"1 2 3\n4", "2^127 - 1 # comment\n12 -5 12 +5 12 - 5", "(10^3 - 1) / 9 20# 20 # 20", "fib (10) fib\n(3)", "\xef\xbb\xbf5 ! 2 *3 2* 3 2 ^",
		"18446744073709551616 + 1 -\n- 1 +", "( 1\n2 ) 3", "1 +\t+ 1", "1 + #2\r\n#\n+ 1 +1", "0xff (3) 1_0"} {
		f.Add([]byte(seed), []byte{1, 2, 3}, uint8(3))
		f.Add([]byte(seed), []byte{0}, uint8(0))
	}
	f.Add(bytes.Repeat([]byte("2*"), 9000), []byte{200}, uint8(1))
	f.Fuzz(func(t *testing.T, text, cuts []byte, size uint8) {
		if bytes.HasPrefix(text, gzipMagic) || bytes.HasPrefix(text, zstdMagic) {
			return
		}
		if bytes.ContainsRune(text, '=') {
			return // see FuzzKnown
		}
		numbers, bad, err := readAll(int(size%8)+1, From("-", &cutter{text, cuts}))
		if err != nil {
			t.Fatal(err)
		}
		want, wantBad := slowly(string(text))
		if !slices.Equal(numbers, want) || !slices.Equal(bad, wantBad) {
			t.Errorf("%q: numbers %v, bad tokens %q, want %v and %q", text, numbers, bad, want, wantBad)
		}
	})
}

// slowly reads a text line by line and word by word, and returns its numbers and the reports of invalid tokens.
func slowly(text string) (numbers, bad []string) {
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		for _, at := range cutLine(line) {
			token := line[at[0]:at[1]]
			n, err := expr.Eval(token)
			if digits := strings.TrimPrefix(token, "+"); digits != "" && strings.Trim(digits, "0123456789") == "" {
				if digits = strings.TrimLeft(digits, "0"); len(digits) > 5000 {
					digits = digits[:5000] // too long, too
				}
				n, err = expr.Eval("0" + digits)
			}
			if err == nil {
				numbers = append(numbers, n.String())
				continue
			}
			if e := err.(*expr.Error); e.Column > 0 {
				e.Column += at[0]
			}
			bad = append(bad, Describe(task.BadToken{Source: "-", Line: uint64(i) + 1, Text: quoted([]byte(token[:min(len(token), maxShown+1)])), Why: err.Error()}))
		}
	}
	return numbers, bad
}

// cutLine returns where the tokens of a line begin and end.
func cutLine(line string) (tokens [][2]int) {
	words := wordPattern.FindAllStringIndex(line, -1)
	for i := 0; i < len(words); i++ {
		from, to := words[i][0], words[i][1]
		if line[from] == '#' {
			break
		}
		for i+1 < len(words) && line[words[i+1][0]] != '#' {
			next := line[words[i+1][0]:words[i+1][1]]
			last := line[to-1]
			sign := next[0] == '+' || next[0] == '-'
			if !(openIn(line[from:to]) || strings.IndexByte("+-*/%^", last) >= 0 || strings.IndexByte("*/%^!", next[0]) >= 0 || sign && len(next) == 1 ||
				next[0] == '(' && ('a' <= last && last <= 'z' || 'A' <= last && last <= 'Z')) {
				break
			}
			to = words[i+1][1]
			i++
		}
		tokens = append(tokens, [2]int{from, to})
	}
	return tokens
}

var wordPattern = regexp.MustCompile("[^ \t\v\f\r]+")

// openIn reports whether a parenthesis is open at the end of a text. Unmatched closing ones do not count.
func openIn(text string) bool {
	open := 0
	for _, c := range text {
		switch c {
		case '(':
			open++
		case ')':
			open = max(0, open-1)
		}
	}
	return open > 0
}
