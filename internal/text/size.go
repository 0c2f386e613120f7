package text

import (
	"math"
	"strconv"
)

// Bytes writes a number of bytes in its largest unit, with at most one decimal: "1.5 GiB".
func Bytes(n int64) string {
	const least = 1 << 10
	x, unit := float64(n), -1
	for x >= least && unit < 3 {
		x, unit = x/least, unit+1
	}
	if unit < 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) + " " + []string{"KiB", "MiB", "GiB", "TiB"}[unit]
}
