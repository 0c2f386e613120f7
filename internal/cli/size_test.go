package cli

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "1000000": 1_000_000, "12B": 12, "500MB": 500_000_000, "2GiB": 2 << 30, "1.5G": 3 << 29, "64K": 64 << 10, "1TiB": 1 << 40,
	} {
		if got, err := ParseSize(text); got != want || err != nil {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "0.5", "GiB", "1gb", "1GiBB", "1 GiB", "1e9", "NaN", "Inf", "1_000", "+1", "0x10", "9999999999999GiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1 << 30: "1 GiB", 3 << 29: "1.5 GiB", 20 << 20: "20 MiB"} {
		if got := FormatSize(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
		if got, err := ParseSize(SizeArgument(n)); n > 0 && (got != n || err != nil) {
			t.Errorf("%d: the argument %s is %d, %v", n, SizeArgument(n), got, err)
		}
	}
}
