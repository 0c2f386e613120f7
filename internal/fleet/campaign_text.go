package fleet

import (
	"fmt"
	"strconv"
	"strings"

	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// String returns text such as "number 1: 90 digits, sieving 43% of 310,000 relations, 5,200/s, 12 tasks, 5 workers,
// about 50 s left".
func (c *Campaign) String() string {
	return "number " + strconv.FormatUint(c.Position+1, 10) + ": " + strconv.Itoa(c.Digits) + " digits, " + c.Progress()
}

// Progress is String without the number.
func (c *Campaign) Progress() string {
	switch {
	case c.State == task.PartDone && c.Note != "":
		return "the workers that sieve together have stopped: " + c.Note
	case c.State == task.PartDone:
		return "a divisor is known"
	case c.Holder == "":
		return "no process conducts the sieve"
	case c.CampaignProgress == nil:
		return "the sieve begins"
	}
	p := c.CampaignProgress
	expected := uint64(max(p.Expected, p.Relations, 1))
	parts := []string{fmt.Sprintf("%s %d%% of %s relations", p.Phase, min(uint64(max(p.Relations, 0))*100/expected, 99), text.Thousands(expected))}
	if p.Rate > 0 {
		parts = append(parts, text.Thousands(uint64(p.Rate))+"/s")
	}
	parts = append(parts, counted(p.Tasks, "task"), counted(p.Workers, "worker"))
	if p.Left > 0 {
		parts = append(parts, "about "+text.Rough(p.Left)+" left")
	}
	return strings.Join(parts, ", ")
}

// counted returns "1 task" or "2 tasks".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
