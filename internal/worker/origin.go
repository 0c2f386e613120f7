package worker

import (
	"time"

	"factorfleet/internal/task"
)

// originOf returns where and when items were computed, the answers of d, whose content is t, that begin with the number of
// index from. A result that is stored while its task runs ends within a number: the next result begins with that
// number, which has begun before. So began is earlier if the items have taken longer.
func (w *Worker) originOf(d *Delivery, t *task.Task, from int, items []task.Factorization, began, ended time.Time) task.Origin {
	o := task.Origin{
		Began: began, Ended: ended,
		ChunkCount: uint32(d.Range.Count), ChunkBefore: uint32(from),
	}
	var taken time.Duration
	for i := range items {
		taken += items[i].Wall
	}
	if taken > ended.Sub(began) {
		o.Began = ended.Add(-taken)
	}
	if !task.IsExec(t.Kind) {
		o.Kernels = w.config.Kernels
	}
	if d.Round != task.FirstRound {
		o.Round = d.Round
	}
	return o
}

// joinOrigin adds to joined, of a result that is joined of parts, the origin of the next part, whose range has count
// numbers; last: no further part follows. Only results of whole tasks of first rounds are joined. The size of the tasks
// is stated if all have the same, except for a smaller last one.
func joinOrigin(joined *task.Origin, part *task.Origin, first, last bool) {
	if first {
		*joined = *part
		return
	}
	if part.Began.Before(joined.Began) {
		joined.Began = part.Began
	}
	if part.Ended.After(joined.Ended) {
		joined.Ended = part.Ended
	}
	if part.ChunkCount > joined.ChunkCount || part.ChunkCount < joined.ChunkCount && !last {
		joined.ChunkCount = 0
	}
}
