package machine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxCPU is the highest number of a CPU that a list may have, as in the kernel's interface.
const maxCPU = 1023

// ParseCPUs reads a list of CPUs such as "0-3,7". It returns them in ascending order, each once.
func ParseCPUs(text string) (list []int, err error) {
	for field := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(field, "-")
		first, ok1 := parseCPU(from)
		last, ok2 := first, true
		if isRange {
			last, ok2 = parseCPU(to)
		}
		if !ok1 || !ok2 || first > last {
			return nil, fmt.Errorf("%q is not a list of CPUs from 0 to %d such as 0-3,7", text, maxCPU)
		}
		for cpu := first; cpu <= last; cpu++ {
			list = append(list, cpu)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// parseCPU reads the number of a CPU.
func parseCPU(text string) (cpu int, ok bool) {
	cpu, err := strconv.Atoi(text)
	return cpu, err == nil && 0 <= cpu && cpu <= maxCPU && strings.Trim(text, "0123456789") == ""
}

// FormatCPUs writes an ascending list as ParseCPUs reads it.
func FormatCPUs(list []int) string {
	var parts []string
	for i := 0; i < len(list); {
		end := i
		for end+1 < len(list) && list[end+1] == list[end]+1 {
			end++
		}
		part := strconv.Itoa(list[i])
		if end > i {
			part += "-" + strconv.Itoa(list[end])
		}
		parts = append(parts, part)
		i = end + 1
	}
	return strings.Join(parts, ",")
}
