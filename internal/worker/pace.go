package worker

import "time"

// Long tasks are pulled only into free slots. Short tasks are pulled ahead, because a slot would
// otherwise be idle during a round trip for each of them: as many as a slot computes in aheadWork.
const (
	shortTask  = 10 * time.Millisecond // a task is short below it
	aheadWork  = 50 * time.Millisecond // work in the buffer for each slot
	aheadTasks = 512                   // held for each slot, including the running one
	pullTasks  = 256                   // in one request: MaxRequestBatch of the durables
)

// measureLocked updates how many tasks may wait for s, after a task that took elapsed.
func (w *Worker) measureLocked(s *slot, elapsed time.Duration) {
	const (
		weight = 8 // a new sample counts 1/8
		enough = 4 // samples before anything is pulled ahead
	)
	if s.samples == 0 {
		s.pace = elapsed
	} else {
		s.pace += (elapsed - s.pace) / weight
	}
	s.samples = min(s.samples+1, enough)
	ahead := 0
	if s.samples == enough && s.pace < shortTask {
		ahead = int(min(aheadWork/max(s.pace, 1), aheadTasks)) - 1
	}
	w.setAheadLocked(s, ahead)
}

func (w *Worker) setAheadLocked(s *slot, ahead int) {
	w.ahead += ahead - s.ahead
	s.ahead = ahead
}
