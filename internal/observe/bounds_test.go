package observe

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestMarks: the history of a campaign covers all of its time with a bounded number of marks, in order.
func TestMarks(t *testing.T) {
	c := campaign{every: sampleEvery}
	const looks = 10 * maxMarks
	for i := range looks {
		before := slices.Clone(c.marks)
		shown := c.marks
		c.mark(start.Add(time.Duration(i)*sampleEvery), &fleet.CampaignProgress{Relations: i, Curves: &fleet.CurvesProgress{Done: uint64(i), Digits: -1}})
		if !slices.Equal(before, shown) {
			t.Fatal("a list that a View has was changed")
		}
	}
	if n := len(c.marks); n > maxMarks || n < maxMarks/4 {
		t.Errorf("%d marks", n)
	}
	if c.marks[0].Relations != 0 || c.marks[len(c.marks)-1].Relations < looks*9/10 || c.marks[1].Reached != 0 {
		t.Errorf("from %+v to %+v", c.marks[0], c.marks[len(c.marks)-1])
	}
	if !slices.IsSortedFunc(c.marks, func(a, b CampaignMark) int { return a.Time.Compare(b.Time) }) {
		t.Error("the marks are not in order")
	}
}

// TestHistory: a history keeps the newest samples, and does not change a list that it has returned.
func TestHistory(t *testing.T) {
	h := newHistory(nil)
	var first []Sample
	for i := range 2 * MaxSamples {
		h.add(Sample{Busy: i})
		if i == 0 {
			first = h.list()
		}
	}
	if list := h.list(); len(list) != MaxSamples || list[0].Busy != MaxSamples || list[MaxSamples-1].Busy != 2*MaxSamples-1 || len(first) != 1 || first[0].Busy != 0 {
		t.Errorf("%d samples from %d, the first list %v", len(list), list[0].Busy, first)
	}
}

// TestSizeClass: the class of a number by its bits.
func TestSizeClass(t *testing.T) {
	for bits, want := range map[int]string{
		0: "1-9 digits", 1: "1-9 digits", 29: "1-9 digits", 31: "10-19 digits", 200: "60-69 digits", 230: "60-69 digits",
		660: "190-199 digits", 664: "200-499 digits", 2000: "500-999 digits", 16384: "1,000 digits or more",
	} {
		if got := sizeName(int(sizeClass(bits))); got != want {
			t.Errorf("%d bits: %s, want %s", bits, got, want)
		}
	}
}

// TestJobTable: of very many jobs that have ended the newest are kept, and all are counted.
func TestJobTable(t *testing.T) {
	table := newJobTable()
	job := func(i int, state task.State) *task.Job {
		return &task.Job{ID: fmt.Sprint("j", i), State: state, Created: start.Add(time.Duration(i) * time.Second)}
	}
	table.put(job(0, task.Sealed)) // the oldest one goes on
	const jobs = 2 * maxRecords
	for i := 1; i < jobs; i++ {
		table.put(job(i, task.Done))
	}
	active, ended, left := table.list()
	if len(active) != 1 || len(ended) > maxRecords || len(ended) < maxRecords*8/10 || len(active)+len(ended)+left != jobs {
		t.Errorf("%d active, %d ended, %d left", len(active), len(ended), left)
	}
	if newest := ended[0].job.ID; newest != fmt.Sprint("j", jobs-1) {
		t.Errorf("the newest is %s", newest)
	}
	table.put(job(jobs-1, task.Removed))
	table.remove("j1") // one that is not kept
	if _, again, rest := table.list(); len(again) != len(ended)-1 || rest != left-1 {
		t.Errorf("after two removals: %d ended, %d left", len(again), rest)
	}
	for range 2 { // the tombstone of one that is not kept, and its end
		table.remove("j2")
	}
	table.put(job(-1, task.Removed)) // the tombstone of one that was never seen
	table.put(job(3, task.Done))     // a manifest of one that is not kept is written again
	if _, again, rest := table.list(); len(again) != len(ended) || rest != left-3 {
		t.Errorf("after changes of jobs that are not kept: %d ended, %d left", len(again), rest)
	}
	table.put(job(jobs-2, task.Sealed)) // a job that goes on again
	if active, again, _ := table.list(); len(active) != 2 || len(again) != len(ended)-1 || table.ended != len(again) {
		t.Errorf("after one goes on: %d active, %d ended, counted %d", len(active), len(again), table.ended)
	}
}

// TestQuery: a list is searched, sorted and cut; wrong queries are refused.
func TestQuery(t *testing.T) {
	v := &View{Lines: []JobLine{{ID: "b", Active: true, Dead: 2}, {ID: "a", Known: true, ETA: 5}, {ID: "Ab", Dead: 1, Known: true, ETA: 3}}}
	for _, test := range []struct {
		q     JobQuery
		total int
		want  string
	}{
		{JobQuery{Query: Query{Limit: 9}}, 3, "b a Ab"},
		{JobQuery{State: "active", Query: Query{Limit: 9}}, 1, "b"},
		{JobQuery{State: "ended", Query: Query{Limit: 9}}, 2, "a Ab"},
		{JobQuery{Query: Query{Search: "B", Limit: 9}}, 2, "b Ab"},
		{JobQuery{Query: Query{Sort: "-dead", Limit: 2}}, 3, "b Ab"},
		{JobQuery{Query: Query{Sort: "eta", Limit: 9}}, 3, "Ab a b"},
		{JobQuery{Query: Query{Sort: "id", Offset: 1, Limit: 1}}, 3, "a"},
		{JobQuery{Query: Query{Offset: 7, Limit: 1}}, 3, ""},
	} {
		p, err := JobsOf(v, test.q)
		got := ""
		for i, l := range p.Jobs {
			if i > 0 {
				got += " "
			}
			got += l.ID
		}
		if err != nil || p.Total != test.total || got != test.want || p.Jobs == nil {
			t.Errorf("%+v: %q of %d, %v", test.q, got, p.Total, err)
		}
	}
	for _, q := range []JobQuery{{State: "x"}, {Query: Query{Sort: "x"}}, {Query: Query{Offset: -1}}, {Query: Query{Limit: MaxPage + 1}}, {Query: Query{Limit: -1}}} {
		if _, err := JobsOf(v, q); err == nil {
			t.Errorf("%+v is accepted", q)
		}
	}
}
