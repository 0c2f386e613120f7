// Package text formats figures and messages for people.
package text

import (
	"strconv"
	"strings"
)

// Thousands writes n in decimal with a comma between groups of three digits: 12345 is "12,345".
func Thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// OneLine joins the lines of s that are not empty with "; ": an error of several parts becomes one
// message. It keeps all other characters.
func OneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// Count writes n with a noun: "1 number", "12,345 numbers".
func Count(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Thousands(n) + " " + noun + "s"
}

// Positions writes count positions from first on, which counts from 0, for people, who count from 1: "17", or
// "17 to 59". The count is 1 or more.
func Positions(first, count uint64) string {
	if count == 1 {
		return strconv.FormatUint(first+1, 10)
	}
	return strconv.FormatUint(first+1, 10) + " to " + strconv.FormatUint(first+count, 10)
}
