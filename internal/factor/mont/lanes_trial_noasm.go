//go:build !amd64 || purego

package mont

func trialWords(divs, ns *uint64, count int, group *trialGroup, groups int) {
	panic("mont: internal error: no lanes")
}

func trialWide(divs *uint64, ns *[2]uint64, count int, group *trialGroup, groups int) {
	panic("mont: internal error: no lanes")
}
