//go:build amd64 && !purego

package mont

// trialWords works like Trial.Divide for count numbers, a multiple of 8, and
// groups groups, a multiple of 8.
//
//go:noescape
func trialWords(divs, ns *uint64, count int, group *trialGroup, groups int)

// trialWide works like Trial.DivideWide for count numbers, a multiple of 4, and
// groups groups, a multiple of 8.
//
//go:noescape
func trialWide(divs *uint64, ns *[2]uint64, count int, group *trialGroup, groups int)
