package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"factorfleet/internal/nat"
)

// The reasons of CheckItem.
var (
	errItemLong    = errors.New("longer than 65,536 bytes") // MaxItem
	errItemNewline = errors.New("contains a newline")
	errItemNUL     = errors.New("contains a NUL byte")
	errItemUTF8    = errors.New("not UTF-8")
	errItemJSON    = errors.New("not one JSON value")
)

// IsExec reports whether kind is "exec:" and a name, so that its numbers are items: see ItemNumber.
func IsExec(kind string) bool {
	_, ok := ExecName(kind)
	return ok
}

// Noun returns what the numbers of a job of that kind are for its user: "item" or "number".
func Noun(kind string) string {
	if IsExec(kind) {
		return "item"
	}
	return "number"
}

// Unnamed returns the error of a number of that kind without the words at its beginning that name the number, if it has
// them: for texts that name it themselves.
func Unnamed(kind string, n nat.Nat, text string) string {
	return strings.TrimPrefix(text, Noun(kind)+" "+Brief(kind, n)+": ")
}

// CheckItem returns why an item, or the line that answers one, does not have the form that the format f asks for; nil
// if it has. See the formats, and MaxItem. The errors do not show the item.
func CheckItem(f Format, item []byte) error {
	switch {
	case len(item) > MaxItem:
		return errItemLong
	case f == FormatNUL:
		if bytes.IndexByte(item, 0) >= 0 {
			return errItemNUL
		}
		return nil
	case bytes.IndexByte(item, '\n') >= 0:
		return errItemNewline
	case f != FormatJSON:
		return nil
	case !utf8.Valid(item): // json.Valid accepts any bytes in strings
		return errItemUTF8
	case !json.Valid(item):
		return errItemJSON
	}
	return nil
}

// ItemAnswer returns the factors of the answer of an item: the single Value that is the line as a number.
func ItemAnswer(line []byte) []Factor {
	return []Factor{{P: ItemNumber(line), Exp: 1, Status: Value}}
}

// AppendItem appends the line that answers an item; false if f is not what ItemAnswer returns for any line.
func (f *Factorization) AppendItem(b []byte) ([]byte, bool) {
	if len(f.Factors) != 1 || f.Factors[0].Exp != 1 || f.Factors[0].Status != Value || f.Certificates != nil {
		return b, false
	}
	return AppendItem(b, f.Factors[0].P)
}

// maxBitsOf returns how many bits the numbers of a message of that kind have at most.
func maxBitsOf(kind string) int {
	if IsExec(kind) {
		return maxItemBits
	}
	return MaxBits
}

// Bytes of an item, and digits of a number, that Brief shows.
const (
	briefItem   = 60
	briefDigits = 60
)

// Brief returns a number of a job of that kind for people: an item quoted, a number in decimal. Long ones are cut, and
// their length is stated.
func Brief(kind string, n nat.Nat) string {
	if item, ok := AppendItem(nil, n); ok && IsExec(kind) {
		return QuoteItem(item)
	}
	if n.BitLen() > 2*MaxBits { // its digits would take long
		return fmt.Sprintf("a number of %d bits", n.BitLen())
	}
	s := n.String()
	if len(s) <= briefDigits {
		return s
	}
	return fmt.Sprintf("%s...%s (%d digits)", s[:20], s[len(s)-10:], len(s))
}

// QuoteItem returns an item quoted, in printable characters of Unicode. Of a long one it shows the beginning and the
// length.
func QuoteItem(item []byte) string {
	if len(item) <= briefItem {
		return strconv.Quote(string(item))
	}
	cut := briefItem
	for cut > briefItem-utf8.UTFMax && !utf8.RuneStart(item[cut]) {
		cut--
	}
	return fmt.Sprintf("%s... (%d bytes)", strconv.Quote(string(item[:cut])), len(item))
}
