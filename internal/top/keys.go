package top

import "unicode/utf8"

// sequences has what terminals send for keys that are no characters, behind the escape character.
var sequences = map[string]string{
	"[A": Up, "OA": Up, "[B": Down, "OB": Down, "[5~": PageUp, "[6~": PageDn,
	"[H": Home, "OH": Home, "[1~": Home, "[F": End, "OF": End, "[4~": End,
}

// Decode returns the keys that a terminal has sent at once. A sequence that it does not know is left out.
func Decode(b []byte) (keys []string) {
	for len(b) > 0 {
		if b[0] == '\x1b' {
			key, n := sequence(b[1:])
			if key != "" {
				keys = append(keys, key)
			}
			b = b[1+n:]
			continue
		}
		_, n := utf8.DecodeRune(b)
		switch b[0] {
		case 3, 4:
			keys = append(keys, Break)
		case '\r', '\n':
			keys = append(keys, Enter)
		case '\t':
			keys = append(keys, Tab)
		default:
			keys = append(keys, string(b[:n]))
		}
		b = b[n:]
	}
	return keys
}

// sequence returns the key of the sequence at the beginning of b, "" = unknown, and its length. A sequence is [ or O,
// digits and semicolons, and a character. Nothing of it is the key Escape.
func sequence(b []byte) (key string, n int) {
	if len(b) == 0 || b[0] != '[' && b[0] != 'O' {
		return Escape, 0
	}
	n = 1
	for n < len(b) && (b[n] >= '0' && b[n] <= '9' || b[n] == ';') {
		n++
	}
	if n == len(b) {
		return "", n
	}
	n++
	return sequences[string(b[:n])], n
}
