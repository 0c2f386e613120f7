package fleet

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestComplaints: complaints about two workers by two processes are added up in the standings, and a
// release clears them. A process that only reads standings stores none.
func TestComplaints(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	reader := h.open(h.connect())
	if _, err := reader.readTrust(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader.complain("w", ComplaintHeartbeats)
	h.complain("w", ComplaintHeartbeats) // no Trust
	for _, f := range []*Fleet{h.Fleet, h.open(h.connect())} {
		x, err := f.Trust(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		x.Complain("w", ComplaintReturn)
		x.Complain("w", ComplaintReturn)
		f.complain("v", ComplaintStuck)
		x.Complain("no.name", ComplaintStuck)
	}
	await(t, "the complaints are stored", func() bool {
		w, err := h.standing(t.Context(), "w")
		v, err2 := h.standing(t.Context(), "v")
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		return len(w.Complaints) == 1 && w.Complaints[ComplaintReturn] == 4 && len(v.Complaints) == 1 && v.Complaints[ComplaintStuck] == 2
	})
	await(t, "a reader that follows them knows them", func() bool {
		list, err := reader.Standings(t.Context())
		if err != nil || len(list) > 2 || len(list) == 2 && list[0].Worker != "v" {
			t.Fatalf("%+v, %v", list, err)
		}
		return len(list) == 2 && list[0].Complaints[ComplaintStuck] == 2 && list[1].Complaints[ComplaintReturn] == 4
	})
	if known, err := h.Release(t.Context(), "w"); !known || err != nil {
		t.Fatal(known, err)
	}
	if w, err := h.standing(t.Context(), "w"); err != nil || len(w.Complaints) > 0 {
		t.Errorf("after the release: %+v, %v", w, err)
	}
	if trust, err := h.Trust(t.Context()); err != nil || trust.Quarantined("w") || trust.Quarantined("v") {
		t.Errorf("complaints quarantine a worker: %v", err)
	}
}

// A complaintsLog records what complaints logs and stores.
type complaintsLog struct {
	lines, records []string
	fail           bool // the next record is refused
}

func (l *complaintsLog) log(worker string, what Complaint, count uint64) {
	l.lines = append(l.lines, fmt.Sprint(worker, ": ", what, " ", count))
}

func (l *complaintsLog) store(_ context.Context, worker string, counts map[Complaint]uint64) error {
	if l.fail {
		l.fail = false
		return errors.New("refused")
	}
	l.records = append(l.records, fmt.Sprint(worker, counts))
	return nil
}

// TestComplaintsAreBatched: a worker and kind has one line in ten minutes and a worker one record a
// minute, however many complaints there are, and none is lost.
func TestComplaintsAreBatched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l complaintsLog
		c := newComplaints(l.log, l.store)
		c.enable()
		go c.run(t.Context())
		for range 20 * 60 * 10 { // ten a second for 20 minutes
			c.add("w", ComplaintReturn)
			time.Sleep(time.Second / 10)
		}
		time.Sleep(2 * complaintWrite)
		synctest.Wait()
		if len(l.lines) < 2 || len(l.lines) > 3 {
			t.Errorf("%d lines: %q", len(l.lines), l.lines)
		}
		total := 0
		for _, r := range l.records {
			var n int
			if _, err := fmt.Sscanf(r, "wmap[return dropped:%d]", &n); err != nil {
				t.Fatalf("%q: %v", r, err)
			}
			total += n
		}
		if total != 12000 || len(l.records) > 22 {
			t.Errorf("%d complaints in %d records", total, len(l.records))
		}
	})
}

// TestComplaintIsNotLost: what could not be stored is stored a minute later.
func TestComplaintIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := complaintsLog{fail: true}
		c := newComplaints(l.log, l.store)
		c.enable()
		go c.run(t.Context())
		c.add("w", ComplaintHeld)
		time.Sleep(2 * complaintWrite)
		synctest.Wait()
		if fmt.Sprint(l.records) != "[wmap[held, not answered:1]]" {
			t.Errorf("%q", l.records)
		}
	})
}

// TestComplaintsAreBounded: invented names cost bounded memory, and are forgotten.
func TestComplaintsAreBounded(t *testing.T) {
	t.Parallel()
	c := newComplaints(nil, nil)
	c.add("w", ComplaintHeld)
	if len(c.workers) != 0 {
		t.Error("counted although no complaints are taken")
	}
	c.enable()
	for i := range 3 * maxStandings {
		c.add(fmt.Sprint("w", i), ComplaintReturn)
	}
	if len(c.workers) != maxStandings {
		t.Errorf("%d workers", len(c.workers))
	}
	now := time.Now()
	if lines, records, rest := c.due(now); len(lines) != maxStandings || len(records) != maxStandings || rest {
		t.Errorf("%d lines, %d records, %v", len(lines), len(records), rest)
	}
	if c.due(now.Add(complaintLog)); len(c.workers) != 0 {
		t.Errorf("%d workers are remembered", len(c.workers))
	}
}

// TestComplaintsKeepNoStrikeOut: many names with complaints leave room for strikes.
func TestComplaintsKeepNoStrikeOut(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	trust, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxComplained + 10 {
		if err := trust.storeComplaints(t.Context(), fmt.Sprint("w", i), map[Complaint]uint64{ComplaintStuck: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := h.Standings(t.Context()); err != nil || len(list) != maxComplained {
		t.Errorf("%d standings, %v", len(list), err)
	}
	if _, fresh, err := trust.Strike(t.Context(), "liar", strikeAt(1)); !fresh || err != nil {
		t.Error("no room for a strike:", err)
	}
}
