package task

import (
	"math/bits"
	"time"
)

// SizeClasses is the count of the classes of SizeClass.
const SizeClasses = 83

// SizeClass returns the size class of a number of so many bits, 0 to SizeClasses-1. Classes are 8 bits wide up to 512
// bits, 64 bits wide up to 1024 bits, and then end at powers of two: the time that a number takes grows more slowly there.
func SizeClass(n int) int {
	switch {
	case n <= 0:
		return 0
	case n <= 512:
		return (n + 7) / 8
	case n <= 1024:
		return 64 + (n-512+63)/64
	}
	return min(72+bits.Len(uint(n-1))-10, SizeClasses-1)
}

// SizeBits returns the most bits of a number of a size class. Requires 0 <= class < SizeClasses.
func SizeBits(class int) int {
	switch {
	case class <= 64:
		return 8 * class
	case class <= 72:
		return 512 + 64*(class-64)
	}
	return 1 << (class - 72 + 10)
}

// A SizeCount counts the numbers of one size class of a job.
type SizeCount struct {
	Bits  int           `json:"bits"`    // the most bits of the class: SizeBits
	Count uint64        `json:"count"`   // numbers, 1 or more
	Work  time.Duration `json:"work_ns"` // predicted CPU time, on one core
	// Known once the job is done. Workers claim the times; the process that records the end bounds them.
	Answered uint64        `json:"answered,omitempty"`
	CPU      time.Duration `json:"cpu_ns,omitempty"` // of the answers
}

// soundSizes returns the counts of a manifest, or nil if a process cannot have written them.
func soundSizes(list []SizeCount) []SizeCount {
	for i, s := range list {
		if i >= SizeClasses || s.Bits < 0 || s.Bits > SizeBits(SizeClasses-1) || s.Count == 0 || s.Count > MaxPosition || s.Answered > MaxPosition || s.Work < 0 || s.CPU < 0 {
			return nil
		}
	}
	return list
}
