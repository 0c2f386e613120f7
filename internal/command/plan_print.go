package command

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// print writes the report as text.
func (r *PlanReport) print(out io.Writer) error {
	var b strings.Builder
	noun := task.Noun(r.Kind)
	fmt.Fprintf(&b, "%s\n", text.Count(r.Numbers, noun))
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	for _, row := range r.Sizes {
		fmt.Fprintf(w, "  %s\t%s\t%s\t\n", row.Class, text.Thousands(row.Count), spread(row.CPU, row.Worst))
	}
	w.Flush()
	fmt.Fprintf(&b, "CPU time on one core: %s\n", r.meaning(r.CPU, r.Most))
	fmt.Fprintf(&b, "time on this %s (%s): %s\n", r.Where, r.who(), r.onMachines())
	if e := r.Earlier; e != nil {
		line := fmt.Sprintf("if they are like %s of %s: %s of CPU time", text.Count(e.Answers, "earlier answer"), text.Count(uint64(e.Jobs), "job"), about(e.CPU))
		if e.Time > 0 {
			line += ", " + about(e.Time)
		}
		b.WriteString(line + "\n")
	}
	if r.Memory > 0 {
		fmt.Fprintf(&b, "memory: at most %s for each of the largest numbers that a worker sieves at a time\n", text.Bytes(int64(r.Memory)))
	}
	for i := range r.Plans {
		for _, line := range r.Plans[i].Lines() {
			b.WriteString(line + "\n")
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// meaning says what the two ends of a range mean.
func (r *PlanReport) meaning(least, most time.Duration) string {
	switch {
	case task.IsExec(r.Kind):
		return "unknown: nothing is known of the command"
	case about(least) == about(most) || r.Kind != task.KindFactor:
		return about(least)
	case r.Numbers == 1:
		return fmt.Sprintf("%s for a random number, %s at most", about(least), about(most))
	}
	return fmt.Sprintf("%s for random numbers, %s if each is a product of two primes of equal size", about(least), about(most))
}

// onMachines returns the time on the machines.
func (r *PlanReport) onMachines() string {
	if r.Slots == 0 {
		return "unknown: there is no worker"
	}
	return r.meaning(r.Time, r.MostTime)
}

// who returns the workers.
func (r *PlanReport) who() string {
	var parts []string
	if r.Where == "fleet" {
		parts = append(parts, text.Count(uint64(r.Workers), "worker"))
	}
	parts = append(parts, text.Count(uint64(r.Slots), "slot"))
	if levels := slices.Sorted(maps.Keys(r.Kernels)); len(levels) > 0 && levels[0] != "" {
		parts = append(parts, strings.Join(levels, " and "))
	}
	if r.Speed > 0 {
		parts = append(parts, fmt.Sprintf("measured speed %.2f", r.Speed))
	}
	return strings.Join(parts, ", ")
}

// spread returns a range of times.
func spread(least, most time.Duration) string {
	if about(least) == about(most) {
		return about(least)
	}
	return about(least) + " to " + strings.TrimPrefix(about(most), "about ")
}

// about returns a predicted time.
func about(d time.Duration) string {
	if d < time.Second {
		return "less than 1 s"
	}
	return "about " + text.Rough(d)
}
