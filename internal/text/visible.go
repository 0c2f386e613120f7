package text

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// AppendVisible appends text for a terminal, with a notation of Go in the place of what could control the terminal or
// reorder the text: \x1b, \u202e. Newlines and tabs stay. A byte that is no UTF-8 becomes \x and its two digits.
func AppendVisible(b, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n' || r == '\t' || r != utf8.RuneError && unicode.IsPrint(r) || unicode.Is(unicode.Zs, r):
			b = append(b, text[:size]...)
		case r == utf8.RuneError && size == 1 || r < utf8.RuneSelf:
			b = fmt.Appendf(b, `\x%02x`, text[0])
		case r > 0xffff:
			b = fmt.Appendf(b, `\U%08x`, r)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		text = text[size:]
	}
	return b
}
