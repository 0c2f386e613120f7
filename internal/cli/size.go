package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"factorfleet/internal/text"
)

// ParseSize reads a positive number of bytes such as 500MB, 2GiB, 1.5G (the same as 1.5GiB) or
// 1000000.
func ParseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "KMGTiB")
	factor, known := units[s[len(digits):]]
	x, err := strconv.ParseFloat(digits, 64)
	if !known || err != nil || strings.ContainsAny(digits, "eEpPxXnN_+") || !(x*factor >= 1) || x*factor > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a size such as 500MB or 2GiB", s)
	}
	return int64(x * factor), nil
}

var units = map[string]float64{
	"": 1, "B": 1,
	"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
}

// FormatSize writes a number of bytes in its largest unit, with at most one decimal: "1.5 GiB".
func FormatSize(n int64) string { return text.Bytes(n) }

// SizeArgument writes a number of bytes as FormatSize does, but in the form that ParseSize reads:
// "1.5GiB". Errors use it to say which value a flag takes.
func SizeArgument(n int64) string { return strings.ReplaceAll(FormatSize(n), " ", "") }
