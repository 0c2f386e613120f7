package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// printWorkers writes a table with a row for each worker. Below a row are lines that would make the table too wide:
// why it takes no tasks, what it computes, its complaints, and that it has too many heartbeats. now is the server's time.
func printWorkers(out io.Writer, list []observe.Worker, now time.Time) error {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tBUSY\tNUMBERS\tFAILURES\tSTRIKES\tCPU\tUP\tSEEN\tHOST")
	for i := range list {
		printWorker(w, &list[i], now)
	}
	w.Flush()
	rows := strings.SplitAfter(table.String(), "\n")
	lines := []string{rows[0]}
	for i := range list {
		lines = append(lines, rows[i+1])
		for _, note := range notes(&list[i]) {
			lines = append(lines, "  "+note+"\n")
		}
	}
	_, err := io.WriteString(out, strings.Join(lines, ""))
	return err
}

// printWorker writes the row of a worker.
func printWorker(w io.Writer, r *observe.Worker, now time.Time) {
	if !r.Alive {
		fmt.Fprintf(w, "%s\t%s\t-\t-\t-\t%d\t-\t-\t-\t-\n", r.Name, r.State, len(r.Strikes))
		return
	}
	host := fmt.Sprintf("%s, pid %d", text.Sanitize(r.Host, 32), r.PID)
	if r.Processes > 1 {
		host = fmt.Sprintf("%d processes", r.Processes)
	}
	fmt.Fprintf(w, "%s\t%s\t%d/%d\t%d\t%d\t%d\t%s\t%s\t%s ago\t%s\n", r.Name, text.Sanitize(r.State, 11), r.Busy, r.Slots,
		r.Numbers, r.Failures, len(r.Strikes), text.Elapsed(r.CPU), ageAt(r.Started, now), ageAt(r.Seen, now), host)
}

// notes returns the lines below a worker's row.
func notes(r *observe.Worker) (lines []string) {
	if r.Pause != "" {
		lines = append(lines, text.Sanitize(r.Pause, 100))
	}
	if r.Heartbeats > r.Processes {
		lines = append(lines, fmt.Sprintf("%s, %d shown", text.Count(uint64(r.Heartbeats), "heartbeat"), r.Processes))
	}
	if offers := offers(r); offers != "" {
		lines = append(lines, offers)
	}
	if len(r.Complaints) > 0 {
		lines = append(lines, "complaints: "+complaintsText(r.Complaints))
	}
	if len(r.Activities) > 0 {
		lines = append(lines, "computes "+workingOn(r.Activities))
	}
	return lines
}

// offers says which tasks the worker takes beside those that every worker takes, and which it does not take; "" if it is
// like any worker.
func offers(r *observe.Worker) string {
	var labels, commands, parts []string
	for _, offer := range r.Offers {
		if name, ok := task.OfferedExec(offer); ok {
			commands = append(commands, name)
		} else if offer != task.OfferLarge {
			labels = append(labels, offer)
		}
	}
	if len(labels) > 0 {
		parts = append(parts, "labels "+strings.Join(labels, ", "))
	}
	if len(commands) > 0 {
		parts = append(parts, "commands "+strings.Join(commands, ", "))
	}
	if r.MaxDigits > 0 {
		parts = append(parts, fmt.Sprintf("numbers of up to %d digits", r.MaxDigits))
	}
	if r.MemoryDigits > 0 && (r.MaxDigits == 0 || r.MemoryDigits < r.MaxDigits) {
		parts = append(parts, fmt.Sprintf("memory for numbers of up to %d digits", r.MemoryDigits))
	}
	if len(parts) == 0 {
		return ""
	}
	return "offers: " + strings.Join(parts, "; ")
}

// workingOn writes the activity that is expected to take longest, and how many more there are.
func workingOn(list []worker.Activity) string {
	a := &list[0]
	s := fmt.Sprintf("number %d of %s: %d digits, %v", a.Position+1, a.Job, a.Digits, a.NumberProgress)
	if a.Method == task.KindSieve || task.IsChildID(a.Job) { // a task of a campaign
		s = fmt.Sprintf("part %s: %d digits, %v", a.Job, a.Digits, a.NumberProgress)
	}
	if len(list) > 1 {
		s += fmt.Sprintf("; %d more", len(list)-1)
	}
	return s
}

// complaintTexts say what a number of complaints of a kind are: a noun, which has an s if the number is not 1, and
// what was wrong.
var complaintTexts = map[fleet.Complaint][2]string{
	fleet.ComplaintReturn:     {"return", "dropped"},
	fleet.ComplaintHeld:       {"range", "held and not answered"},
	fleet.ComplaintStuck:      {"task", "taken and left alone"},
	fleet.ComplaintHeartbeats: {"heartbeat", "too many"},
	fleet.ComplaintResults:    {"result", "too many"},
	fleet.ComplaintFailure:    {"failure", "refuted"},
	fleet.ComplaintUnfinished: {"unfinished claim", "refuted"},
	fleet.ComplaintComposite:  {"composite", "named wrongly"},
	fleet.ComplaintSieve:      {"time", "sieve tasks taken and not computed"},
}

// complaintsText writes complaints in one line, the most frequent first.
func complaintsText(counts map[fleet.Complaint]uint64) string {
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b fleet.Complaint) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, kind := range kinds {
		what, ok := complaintTexts[kind]
		if !ok {
			what = [2]string{"complaint", string(kind)}
		}
		parts = append(parts, text.Count(counts[kind], what[0])+" "+what[1])
	}
	return strings.Join(parts, ", ")
}
