package text

import "testing"

// TestAppendVisible: what could control a terminal is shown, and nothing else is changed.
func TestAppendVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"91 = 7 13\n\ta é 漢 😀\u00a0": "91 = 7 13\n\ta é 漢 😀\u00a0",
		"\x1b[2J\x07\r":              `\x1b[2J\x07\x0d`,
		"\u009b31m \u202e\u2028":     `\u009b31m \u202e\u2028`,
		"\xff\x9b\xc3":               `\xff\x9b\xc3`,
		"a\x00b\x7f":                 `a\x00b\x7f`,
		"\U000e0041 \ufffd":          `\U000e0041 \ufffd`,
	} {
		if got := string(AppendVisible(nil, []byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
