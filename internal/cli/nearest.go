package cli

import "strings"

// nearest returns the only candidate that begins with word, if there is exactly one and word has at
// least two bytes. Otherwise it returns the candidate at the least distance from word, at most a
// third of word's length, or "" if there is none.
func nearest(word string, candidates []string) string {
	var longer []string
	best, least := "", len(word)/3+1
	for _, c := range candidates {
		if len(word) > 1 && strings.HasPrefix(c, word) {
			longer = append(longer, c)
		}
		if d := distance(word, c); d < least {
			best, least = c, d
		}
	}
	if len(longer) == 1 {
		return longer[0]
	}
	return best
}

// distance returns the Damerau-Levenshtein distance of a and b, in bytes, without edits of a
// transposed pair (optimal string alignment): the least number of insertions, deletions,
// replacements and exchanges of neighbours that turn a into b.
func distance(a, b string) int {
	// before[j] and row[j] are the distances of a[:i-1] and a[:i] from b[:j].
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			d := row[j] // replace
			if a[i] != b[j] {
				d++
			}
			d = min(d, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			next[j+1] = d
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
