package worker

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"factorfleet/internal/text"
)

// A Progress says what a computation does with a number that takes long.
type Progress struct {
	Digits int    `json:"digits"` // of the part of the number that is at hand
	Method string `json:"method"`
	B1     uint64 `json:"b1,omitempty"` // of p-1 and elliptic curves; 0 = none
	Done   uint64 `json:"done"`         // of Total
	Total  uint64 `json:"total"`        // relations of "siqs", else curves; 0 = unknown
	Cores  int    `json:"cores"`
	// Left is when this part is expected to be done, from the report on; 0 = unknown.
	Left time.Duration `json:"left_ns,omitempty"`
}

// An Activity is the progress with one number of a job.
type Activity struct {
	Job      string `json:"job"`
	Position uint64 `json:"position"`
	Progress
}

// String returns such as "siqs 43% of 85,000 relations, 2 cores, about 50 s left".
func (p Progress) String() string {
	what := p.Method
	if p.B1 > 0 {
		what += " B1=" + strconv.FormatUint(p.B1, 10)
	}
	if p.Total > 0 {
		unit := "curves"
		if p.Method == "siqs" {
			unit = "relations"
		}
		what += fmt.Sprintf(" %d%% of %s %s", min(p.Done*100/p.Total, 99), text.Thousands(p.Total), unit)
	}
	parts := []string{what, "1 core"}
	if p.Cores != 1 {
		parts[1] = strconv.Itoa(p.Cores) + " cores"
	}
	if p.Left > 0 {
		parts = append(parts, "about "+roughly(p.Left)+" left")
	}
	return strings.Join(parts, ", ")
}

// roughly writes a prediction of d, which is no more exact than this.
func roughly(d time.Duration) string {
	switch s := int64((d + time.Second - 1) / time.Second); {
	case s < 10:
		return fmt.Sprintf("%d s", s)
	case s < 120:
		return fmt.Sprintf("%d s", (s+4)/5*5)
	case s < 2*3600:
		return fmt.Sprintf("%d min", (s+59)/60)
	default:
		return fmt.Sprintf("%d h", (s+3599)/3600)
	}
}

// A report is what the computation of a slot has said last.
type report struct {
	index int // of the number in the task
	Progress
}

// MaxActivities is how many numbers Stats tells of.
const MaxActivities = 8

// activitiesLocked returns what is known of the numbers at hand, those first that take longest.
func (w *Worker) activitiesLocked() []Activity {
	var list []Activity
	for _, s := range w.slots {
		r := s.report.Load()
		if r == nil || s.task == nil || s.current.state == abandoned || r.index != int(s.progress.Load()&(1<<indexBits-1)) {
			continue
		}
		list = append(list, Activity{s.current.Job, s.current.Range.First + uint64(r.index), r.Progress})
	}
	slices.SortStableFunc(list, func(a, b Activity) int { return cmp.Compare(b.Left, a.Left) })
	return list[:min(len(list), MaxActivities)]
}
