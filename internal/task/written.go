package task

import "sort"

// MaxWritten is the length of the longest Written.Text, in bytes.
const MaxWritten = 256

// A Written says how the input wrote a number that it did not write in plain decimal digits, such as "2^127-1".
type Written struct {
	At   uint64 // a position, or an index in a list of numbers
	Text string // 1 to MaxWritten bytes of printable ASCII
}

// WrittenIn returns the part of list, which is sorted by At, that lies in r.
func WrittenIn(list []Written, r Range) []Written {
	from := sort.Search(len(list), func(i int) bool { return list[i].At >= r.First })
	to := from + sort.Search(len(list)-from, func(i int) bool { return list[from+i].At >= r.End() })
	return list[from:to]
}

// MoveWritten returns a copy of list with At + to - from instead of At.
func MoveWritten(list []Written, from, to uint64) []Written {
	if len(list) == 0 {
		return nil
	}
	moved := make([]Written, len(list))
	for i, w := range list {
		moved[i] = Written{At: w.At - from + to, Text: w.Text}
	}
	return moved
}
