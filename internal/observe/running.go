package observe

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"factorfleet/internal/worker"
)

// maxOfName is the most numbers of one worker name, so that a hostile worker does not displace those of others.
const maxOfName = 128

// runningOf returns the numbers of a job, "" = of all jobs, that workers compute for long, the longest time left first, at
// most MaxRunning. Those whose time is unknown come last. now is the server's time.
func runningOf(list []worker.Status, job string, now time.Time) []Running {
	all := []Running{} // [] in JSON, not null
	names := make(map[string]int)
	for i := range list {
		w := &list[i]
		for _, a := range ActivitiesAt(w, now) {
			if job != "" && a.Job != job || names[w.Name] >= maxOfName {
				continue
			}
			names[w.Name]++
			all = append(all, ofActivity(w, a))
		}
	}
	slices.SortStableFunc(all, func(a, b Running) int {
		return cmp.Or(cmp.Compare(b.Left, a.Left), cmp.Compare(a.Job, b.Job), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Worker, b.Worker))
	})
	return all[:min(len(all), MaxRunning)]
}

// ofActivity returns what a worker says of a number.
func ofActivity(w *worker.Status, a worker.Activity) Running {
	r := Running{
		Job: a.Job, Position: a.Position, Worker: w.Name, Host: w.Host, Digits: a.Digits, Method: method(a.NumberProgress),
		Left: a.Left, Cores: a.Cores, Text: a.String(),
	}
	if a.Total > 0 {
		r.Share = min(float64(a.Done)/float64(a.Total), 1)
	}
	return r
}

// method returns the method with its bound, such as "ecm B1=50000".
func method(p worker.NumberProgress) string {
	if p.B1 == 0 {
		return p.Method
	}
	return p.Method + " B1=" + strconv.FormatUint(p.B1, 10)
}
