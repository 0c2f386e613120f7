package fleet

import (
	"math"
	"slices"
)

// A Complaint is a kind of behaviour of a worker that is no strike: an honest worker may be unlucky enough
// to show it, or nobody can prove it. Complaints are counted in the worker's Standing, and change nothing
// else. They are for the person who reads `workers ls`.
type Complaint string

const (
	ComplaintReturn     Complaint = "return dropped"
	ComplaintHeld       Complaint = "held, not answered"
	ComplaintStuck      Complaint = "took tasks and let them lie"
	ComplaintHeartbeats Complaint = "too many heartbeats"
	ComplaintResults    Complaint = "too many results"
	ComplaintFailure    Complaint = "failure refuted"
	ComplaintUnfinished Complaint = "unfinished claim refuted"
	ComplaintTask       Complaint = "answered another task"
	ComplaintOrphans    Complaint = "results of no job"
	ComplaintComposite  Complaint = "named a composite that is none"
	ComplaintSieve      Complaint = "took sieve tasks, computed none"
)

// complaintKinds are all kinds. A stored standing keeps no others, so that its size is bounded.
var complaintKinds = []Complaint{
	ComplaintReturn, ComplaintHeld, ComplaintStuck, ComplaintHeartbeats, ComplaintResults, ComplaintFailure, ComplaintUnfinished, ComplaintTask,
	ComplaintOrphans, ComplaintComposite, ComplaintSieve,
}

// Complain counts a complaint about a worker. It never blocks and writes nothing itself: complaints.run
// logs and stores them in batches. The count may be lost if the process ends within a minute. It does
// nothing in a process that follows no job, such as `workers ls`, whose credential may not write standings.
func (t *Trust) Complain(worker string, what Complaint) {
	if t.complaints != nil { // else it is a test's
		t.complaints.add(worker, what)
	}
}

// complain is Complain for the users of f in this package. A process without a Trust has no complaints.
func (f *Fleet) complain(worker string, what Complaint) {
	if t, ok := f.trust.current(); ok {
		t.Complain(worker, what)
	}
}

// addComplaints adds counts to those of the standing.
func (s *Standing) addComplaints(counts map[Complaint]uint64) {
	if s.Complaints == nil && len(counts) > 0 {
		s.Complaints = make(map[Complaint]uint64, len(counts))
	}
	for kind, n := range counts {
		s.Complaints[kind] += min(n, math.MaxUint64-s.Complaints[kind])
	}
}

// knownComplaints returns the counts of known kinds, nil if there are none.
func knownComplaints(counts map[Complaint]uint64) map[Complaint]uint64 {
	known := make(map[Complaint]uint64, len(complaintKinds))
	for kind, n := range counts {
		if n > 0 && slices.Contains(complaintKinds, kind) {
			known[kind] = n
		}
	}
	if len(known) == 0 {
		return nil
	}
	return known
}
