//go:build amd64 && !purego

package mont

// trialWords works like Trial.Divide for count > 0 numbers, a multiple of 4, and groups > 0.
//
//go:noescape
func trialWords(divs, ns *uint64, count int, group *trialGroup, groups int)

// trialWide works like Trial.DivideWide for count > 0 numbers, a multiple of 2, and groups > 0.
//
//go:noescape
func trialWide(divs *uint64, ns *[2]uint64, count int, group *trialGroup, groups int)
