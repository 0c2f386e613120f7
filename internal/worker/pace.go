package worker

import "time"

// Long tasks are pulled only into free slots, so that no task waits here while another worker is idle. Short
// tasks are pulled ahead, because a slot would otherwise be idle during a round trip for each of them. For a
// slot that has computed tasks of t1, t2, ... the number of tasks that may wait is
//
//	pace_1 = t1,  pace_k = pace_(k-1) + (tk - pace_(k-1)) / 8
//	prefetch = min(prefetchWork / pace, maxSlotTasks) - 1   if pace < shortTask and k >= 4, else 0
//
// so that the running task and those that wait are prefetchWork together.
const (
	// shortTask bounds the time of short tasks. With a round trip of 1 ms, a slot with tasks of 10 ms that
	// pulls nothing ahead is idle for 1/11 of its time.
	shortTask = 10 * time.Millisecond
	// prefetchWork is more than a round trip to another continent. It is also how long a task may wait
	// here in vain for another worker.
	prefetchWork = 50 * time.Millisecond
	// maxSlotTasks counts the running task and those that wait. A pace of 0.1 ms reaches it. Faster tasks
	// are hardly worth a message of their own.
	maxSlotTasks = 512
	// pullTasks is how many tasks a request may name: MaxRequestBatch of the durables.
	pullTasks = 256
)

// updatePaceLocked updates how many tasks may wait for s, after a task that took elapsed. It counts tasks
// that were computed; returned ones say nothing about the next.
func (w *Worker) updatePaceLocked(s *slot, elapsed time.Duration) {
	const (
		// weight: a new sample counts 1/8. After a change of the tasks, 16 of the new ones reduce the
		// share of the old ones to (7/8)^16 = 12 %.
		weight = 8
		// enough is how many tasks are measured before anything is pulled ahead. One short task may be an
		// exception.
		enough = 4
	)
	if s.samples == 0 {
		s.pace = elapsed
	} else {
		s.pace += (elapsed - s.pace) / weight
	}
	s.samples = min(s.samples+1, enough)
	prefetch := 0
	if s.samples == enough && s.pace < shortTask {
		prefetch = int(min(prefetchWork/max(s.pace, 1), maxSlotTasks)) - 1
	}
	w.setPrefetchLocked(s, prefetch)
}

// setPrefetchLocked keeps w.prefetch the sum over all slots.
func (w *Worker) setPrefetchLocked(s *slot, prefetch int) {
	w.prefetch += prefetch - s.prefetch
	s.prefetch = prefetch
}
