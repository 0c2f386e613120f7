package text

import (
	"strings"
	"unicode"
)

// Sanitize makes s, which another process may have written, fit for one line of a terminal
// and for a protobuf string: valid UTF-8 without control characters and without
// characters that reorder text. Each run of white space becomes one space. The result has
// at most limit bytes, limit >= 3; a longer text is cut and ends with "...".
// Sanitize(Sanitize(s, limit), limit) = Sanitize(s, limit).
func Sanitize(s string, limit int) string {
	const ellipsis = "..."
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit-len(ellipsis)], "") + ellipsis
	}
	return s
}
