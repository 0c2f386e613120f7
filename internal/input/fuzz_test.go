package input

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// FuzzReader cuts a text into reads at arbitrary places and compares its numbers with those
// of textbook.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"1 2 3\n4", "18446744073709551615\n18446744073709551616", "\xef\xbb\xbf0012 +5 x",
		"12345678 123456789012345678 1234567890123456789 12345678901234567890 ", "1\x002 \x85 \xa0 3\v4\f5\r\n6"} {
		f.Add([]byte(seed), []byte{1, 2, 3}, uint8(3))
	}
	f.Add(bytes.Repeat([]byte("0"), 5000), []byte{200}, uint8(1))
	f.Add(bytes.Repeat([]byte("9"), 4933), []byte{255}, uint8(1))
	f.Fuzz(func(t *testing.T, text, cuts []byte, size uint8) {
		numbers, bad, err := readAll(int(size%8)+1, From("-", &cutter{text, cuts}))
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
