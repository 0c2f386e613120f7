package job

import (
	"factorfleet/internal/collect"
	"factorfleet/internal/factored"
	"factorfleet/internal/schema"
)

// The submitter of a job and its holder put answers into the cache: each of them alone may be there to the end. To do it
// twice is harmless. A holder that takes over leaves out what was answered before.

// A cacheLine is an entry for the cache.
type cacheLine struct {
	key  string
	line []byte
}

// worthKeeping returns the entries for the answers of k, which is verified, that are worth one. It is called before the
// collector accepts k.
func (l *loop) worthKeeping(k *collect.Checked) (list []cacheLine) {
	if l.keep == nil || !l.hasFeeder && !(l.holding && l.upToDate) || k.Worker == schema.CacheWriter {
		return nil
	}
	for i, n := range k.Numbers() { // none of a duplicate
		if a := k.Answer(i); factored.IsWorth(n, a) {
			list = append(list, cacheLine{factored.Key(n), factored.Line(n, a)})
		}
	}
	return list
}

// keepLines puts entries into the cache. It does not wait.
func (l *loop) keepLines(list []cacheLine) {
	for _, e := range list {
		l.keep(e.key, e.line)
	}
}
