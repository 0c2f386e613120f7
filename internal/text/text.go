// Package text formats figures for people.
package text

import "strconv"

// Thousands writes n in decimal with a comma between groups of three digits: 12345 is "12,345".
func Thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
