package worker

import (
	"encoding/json"
	"slices"
	"strings"

	"factorfleet/internal/task"
)

// Encode returns s as JSON in at most limit bytes, which must be enough for s without activities and holdings. If
// s is larger, it leaves out
//
//   - activities, the last one first, which are only shown; but not the first one if it names a composite,
//   - the tasks of parts among the last holdings, which nobody queues again,
//   - that activity: it makes other workers help,
//   - the last holdings: a task that no heartbeat names may be queued again.
//
// In the text a holding without a job, ".<range>.<round>", has the job of the one before. So 256 tasks of one job
// fit into 4 KiB. Holdings of the same job are put together for this.
func (s Status) Encode(limit int) ([]byte, error) {
	const longest = 90 // bytes of a name with quotes and comma: so that not too many names are dropped
	holding := s.Holding
	for {
		s.Holding = shortNames(holding)
		b, err := json.Marshal(s)
		excess := len(b) - limit
		switch {
		case err != nil || excess <= 0:
			return b, err
		case len(s.Activities) > 1 || len(s.Activities) == 1 && s.Activities[0].Composite == "":
			s.Activities = s.Activities[:len(s.Activities)-1]
		case lastOfParts(holding) > 0:
			holding = holding[:len(holding)-max(1, min(excess/longest, lastOfParts(holding)))]
		case len(s.Activities) > 0:
			s.Activities = nil
		case len(holding) == 0:
			return b, nil
		default:
			holding = holding[:len(holding)-max(1, min(excess/longest, len(holding)))]
		}
	}
}

// lastOfParts returns how many of the last names are those of tasks of parts.
func lastOfParts(names []string) (n int) {
	for n < len(names) && task.IsChildID(jobOf(names[len(names)-1-n])) {
		n++
	}
	return n
}

// shortNames returns the names with those of one job together, each without the job if the name before has it.
func shortNames(names []string) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(jobOf(a), jobOf(b)) })
	job := ""
	for i, name := range names {
		if jobOf(name) == job {
			names[i] = name[len(job):]
		}
		job = jobOf(name)
	}
	return names
}

// LongNames is the inverse of shortNames for names that any client may have written. It returns at most limit.
func LongNames(names []string, limit int) (long []string) {
	job := ""
	for _, name := range names[:min(len(names), limit)] {
		if strings.HasPrefix(name, ".") {
			name = job + name
		}
		job = jobOf(name)
		long = append(long, name)
	}
	return long
}

// jobOf returns the job of a task's name.
func jobOf(name string) string {
	job, _, _ := strings.Cut(name, ".")
	return job
}
