package observe

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// A jobTable has the jobs that are not removed. FollowManifests puts them; the session's goroutine reads them.
//
// Bounds: a record of a job has about 1 KB. Of more than maxRecords jobs that have ended, only the newest ones are kept; of
// the others the ids are kept, so that each is counted once.
type jobTable struct {
	mu       sync.Mutex
	all      map[string]*jobRecord // guarded by mu
	ended    int                   // guarded by mu; records of jobs that have ended
	left     map[string]bool       // guarded by mu; ids of jobs that have ended and of which no record is kept
	caughtUp bool                  // guarded by mu; what was stored at the start is known

	// sorted has the jobs that have ended, in order; nil = they have changed. It is guarded by mu, and not changed itself.
	sorted []jobAt
}

// maxRecords bounds the jobs that have ended, of which records are kept.
const maxRecords = 2 * MaxJobs

// A jobRecord is what is known of a job. job is guarded by the table's mu and not changed after it was stored; the
// session's goroutine owns the rest.
type jobRecord struct {
	job *task.Job // without its bad tokens

	lease    fleet.Lease
	leaseAt  time.Time // the lease was read then; zero = never
	stored   uint64    // numbers in FACTOR_INPUTS, of a job that is open
	storedAt time.Time
	fresh    bool // it was created since this process knows all jobs; guarded by the table's mu until the first look
	seen     bool // answered was measured
	answered uint64
	progress *plan.JobProgress // nil until something was measured, and of jobs that have ended
}

func newJobTable() *jobTable {
	return &jobTable{all: make(map[string]*jobRecord), left: make(map[string]bool)}
}

// put takes a manifest.
func (t *jobTable) put(j *task.Job) {
	if j.State == task.Removed {
		t.remove(j.ID)
		return
	}
	j.Bad = nil // up to 100 texts that a View does not show
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.all[j.ID]
	if r == nil {
		r = &jobRecord{fresh: t.caughtUp}
		t.all[j.ID] = r
		delete(t.left, j.ID)
	} else if r.job.Finished() {
		t.ended--
		t.sorted = nil
	}
	r.job = j
	if j.Finished() {
		t.ended++
		t.sorted = nil
		t.trimLocked()
	}
}

// remove forgets a job.
func (t *jobTable) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.all[id]
	if r == nil {
		delete(t.left, id)
		return
	}
	if r.job.Finished() {
		t.ended--
		t.sorted = nil
	}
	delete(t.all, id)
}

// trimLocked forgets the oldest jobs that have ended, a tenth of them, if there are too many.
func (t *jobTable) trimLocked() {
	if t.ended <= maxRecords {
		return
	}
	var ended []*task.Job
	for _, r := range t.all {
		if r.job.Finished() {
			ended = append(ended, r.job)
		}
	}
	slices.SortFunc(ended, newestFirst)
	for _, j := range ended[maxRecords-maxRecords/10:] {
		delete(t.all, j.ID)
		t.ended--
		t.left[j.ID] = true
	}
}

// newestFirst compares jobs: those that were created last come first.
func newestFirst(a, b *task.Job) int {
	return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
}

// complete notes that all manifests that were stored at the start are known.
func (t *jobTable) complete() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.caughtUp = true
}

// known reports whether all manifests that were stored at the start are known.
func (t *jobTable) known() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.caughtUp
}

// A jobAt is a record with the manifest as it was when the table was read.
type jobAt struct {
	*jobRecord
	job *task.Job
}

// order compares jobs as a View lists them.
func order(a, b jobAt) int { return newestFirst(a.job, b.job) }

// active returns the jobs that have not ended, the newest first.
func (t *jobTable) active() []jobAt {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.activeLocked()
}

func (t *jobTable) activeLocked() (list []jobAt) {
	for _, r := range t.all {
		if !r.job.Finished() {
			list = append(list, jobAt{r, r.job})
		}
	}
	slices.SortFunc(list, order)
	return list
}

// list returns the jobs of one moment: those that have not ended, and those that have, which must not be modified, each the
// newest first; and how many there are that are not kept.
func (t *jobTable) list() (active, ended []jobAt, left int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sorted == nil {
		t.sorted = make([]jobAt, 0, t.ended)
		for _, r := range t.all {
			if r.job.Finished() {
				t.sorted = append(t.sorted, jobAt{r, r.job})
			}
		}
		slices.SortFunc(t.sorted, order)
	}
	return t.activeLocked(), t.sorted, len(t.left)
}

// get returns a job; ok is false if there is none.
func (t *jobTable) get(id string) (j *task.Job, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.all[id]
	if r == nil {
		return nil, false
	}
	return r.job, true
}
