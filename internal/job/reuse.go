package job

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/factored"
	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// Numbers of the input that the cache knows are answered by the feeder: it stores a result under the name
// schema.CacheWriter, after the numbers and instead of a task.
//
//	block ─┬─> FACTOR_INPUTS ──────────────────────────────┬─> FACTOR_RESULTS: the numbers that are known
//	       └─> FACTOR_CACHE ─> verified ─> known answers ──┘       └─> FACTOR_TASKS: the others
//
// So the answer of the cache is a result as any other: each watcher verifies it, a review finds its positions covered,
// and a job that is resumed or read by another process has it. If the feeder dies before it has stored the result, the
// holder finds the range missing and queues it. If the result is refused, the same happens.

// cache is what a reuser needs of fleet.Fleet. The methods of *fleet.Fleet have its rules.
type cache interface {
	Cached(ctx context.Context, keys []string) (map[string][]byte, error)
	StoreCachedAnswers(ctx context.Context, job string, answers []fleet.CachedAnswer) error
}

// reuseTimeout bounds the time for the numbers of one shipment. Beyond it they are computed.
const reuseTimeout = 15 * time.Second

// joinedAnswers is how many known numbers in a row share one result.
const joinedAnswers = 64

// A reuser answers numbers of one job from the cache. It is safe for concurrent use.
type reuser struct {
	cache cache
	job   string
	log   zerolog.Logger
	off   atomic.Bool // the cache cannot be used: it is not asked again
}

// newReuser returns nil, which answers nothing, unless sub wants numbers to be reused. A cache has no certificates. In a
// private job nobody else has filled the cache.
func newReuser(s *streams, sub *Submission, w *Watch) *reuser {
	if !sub.Reuse || sub.Kind != task.KindFactor || sub.Certify || w.Private {
		return nil
	}
	return &reuser{cache: s.fleet, job: s.id, log: w.Log}
}

// A knownAnswer is the answer for the number at a position.
type knownAnswer struct {
	position uint64
	n        nat.Nat
	answer   task.Factorization
}

// lookUp returns the answers that the cache has for the numbers of blocks, the first of which is at position first. They
// are verified, and in the order of the positions.
func (r *reuser) lookUp(ctx context.Context, first uint64, blocks []task.Block) (list []knownAnswer) {
	if r == nil || r.off.Load() {
		return nil
	}
	var keys []string
	for _, block := range blocks {
		for _, n := range block.Numbers {
			if factored.MayHave(n) {
				list = append(list, knownAnswer{position: first, n: n})
				keys = append(keys, factored.Key(n))
			}
			first++
		}
	}
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reuseTimeout)
	defer cancel()
	lines, err := r.cache.Cached(ctx, keys)
	if err != nil {
		r.disable(err)
	}
	found := list[:0]
	for i, k := range list {
		line, ok := lines[keys[i]]
		if !ok {
			continue
		}
		if k.answer, err = factored.Read(ctx, k.n, line); err != nil {
			r.log.Debug().Err(err).Str("key", keys[i]).Msg("an entry of the cache is not believed")
			continue
		}
		found = append(found, k)
	}
	return found
}

// disable stops the use of the cache for the rest of the job.
func (r *reuser) disable(err error) {
	if !r.off.Swap(true) {
		r.log.Debug().Err(err).Msg("the cache of factorizations is not used any more")
	}
}

// store stores results for answers, whose numbers are stored, and returns the ranges that need no task, in order.
func (r *reuser) store(ctx context.Context, answers []knownAnswer) (ranges []task.Range) {
	if len(answers) == 0 {
		return nil
	}
	var results []fleet.CachedAnswer
	for len(answers) > 0 {
		n := rowLen(answers)
		results = append(results, cachedResult(answers[:n]))
		answers = answers[n:]
	}
	ctx, cancel := context.WithTimeout(ctx, reuseTimeout)
	defer cancel()
	if err := r.cache.StoreCachedAnswers(ctx, r.job, results); err != nil {
		r.disable(fmt.Errorf("store what is known: %w", err))
		return nil
	}
	for _, a := range results {
		ranges = append(ranges, a.Range)
	}
	return ranges
}

// rowLen returns how many of the answers share one result, from the first on.
func rowLen(answers []knownAnswer) int {
	for i := 1; i < len(answers); i++ {
		if i == joinedAnswers || answers[i].position != answers[0].position+uint64(i) {
			return i
		}
	}
	return len(answers)
}

// cachedResult returns the result for numbers at positions in a row.
func cachedResult(row []knownAnswer) fleet.CachedAnswer {
	numbers, items := make([]nat.Nat, len(row)), make([]task.Factorization, len(row))
	for i, k := range row {
		numbers[i], items[i] = k.n, k.answer
	}
	r := task.Result{Kind: task.KindFactor, Worker: schema.CacheWriter, Attempt: 1, Items: items, Asked: task.HashNumbers(numbers)}
	return fleet.CachedAnswer{Range: task.Range{First: row[0].position, Count: uint64(len(row))}, Data: r.Encode()}
}
