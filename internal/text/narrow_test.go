package text

import "testing"

func TestNarrow(t *testing.T) {
	for s, want := range map[string]string{
		"":                        "",
		"siqs 43% of 85,000 é ß…": "siqs 43% of 85,000 é ß…",
		"Ω Ж – “x”":               "Ω Ж – “x”",
		"漢字":                      "??",
		"e\u0301x":                "e?x",
		"\u0483":                  "?", // a combining mark of Cyrillic
		"a\u200bb\u00adc":         "a?b?c",
		"👍 \u1100 \uff21":         "? ? ?",
	} {
		if got := Narrow(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
