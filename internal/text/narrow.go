package text

import (
	"strings"
	"unicode"
)

// Narrow replaces the characters that may not be exactly one column wide on a terminal by "?": those that are drawn over the
// character before, and those that take two columns. So its result has as many columns as characters, and a text that a
// worker has written cannot make a line longer than the terminal. Latin, Greek, Cyrillic and punctuation stay.
func Narrow(s string) string {
	return strings.Map(func(r rune) rune {
		if isNarrow(r) {
			return r
		}
		return '?'
	}, s)
}

// isNarrow reports whether a printable character takes one column in all terminals: no combining mark, and none of the
// blocks that have wide characters or such without a width.
func isNarrow(r rune) bool {
	switch {
	case r < 0x0300:
		return r != 0xad // a soft hyphen
	case r < 0x0590: // Greek, Cyrillic, Armenian
		return !unicode.Is(unicode.M, r)
	case r >= 0x1e00 && r < 0x2000: // more of Latin and Greek
		return true
	case r >= 0x2010 && r < 0x2028, r >= 0x2030 && r < 0x2060: // punctuation
		return true
	}
	return false
}
