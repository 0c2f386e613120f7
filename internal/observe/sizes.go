package observe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// Bounds of what is read to count numbers by their size. The rest of a longer job counts as if it were like its beginning.
const (
	sizedJobs   = 200              // jobs that have not ended, the newest
	sizedBlocks = 4                // of up to task.MaxCount numbers, in one look
	sizedMost   = 64 * 4096        // numbers of one job: one byte is kept for each
	sizedPause  = time.Minute      // after the input of a job could not be read
	sizedWithin = 1 * time.Second  // for the reading of one look
	bitsPerTen  = 33.2192809488736 // log2(10^10)
)

// A sizeTable knows the size classes of the numbers of jobs that have not ended. The session's goroutine uses it.
type sizeTable struct{ jobs map[string]*jobSizes }

// A jobSizes has the class of each of the first numbers of a job, by position.
type jobSizes struct {
	classes []uint8
	present bool
	retry   time.Time // not before
}

func newSizeTable() *sizeTable { return &sizeTable{jobs: make(map[string]*jobSizes)} }

// The classes: steps of 10 digits up to 200, then those of sizeLimits.
var sizeLimits = []struct {
	digits int // exclusive
	name   string
}{{500, "200-499 digits"}, {1000, "500-999 digits"}, {math.MaxInt, "1,000 digits or more"}}

const sizeSteps = 20

// sizeClass returns the class of a number of so many bits: it has about bits*log10(2) digits.
func sizeClass(bits int) uint8 {
	digits := int(float64(max(bits-1, 0))/bitsPerTen*10) + 1
	if digits < 10*sizeSteps {
		return uint8(digits / 10)
	}
	class := uint8(sizeSteps)
	for _, l := range sizeLimits {
		if digits < l.digits {
			break
		}
		class++
	}
	return class
}

// sizeName returns the name of a class.
func sizeName(class int) string {
	if class >= sizeSteps {
		return sizeLimits[class-sizeSteps].name
	}
	return fmt.Sprintf("%d-%d digits", max(10*class, 1), 10*class+9)
}

// look reads some more of the input of the jobs.
func (t *sizeTable) look(ctx context.Context, s *session) error {
	if !s.may.Inputs {
		return errors.New("these credentials do not permit to read it, so the size classes are not known")
	}
	ctx, cancel := context.WithTimeout(ctx, sizedWithin)
	defer cancel()
	for _, j := range t.jobs {
		j.present = false
	}
	active := s.jobs.active()
	blocks, now := sizedBlocks, time.Now()
	for _, j := range active[:min(len(active), sizedJobs)] {
		if task.IsExec(j.job.Kind) {
			continue // items have no digits
		}
		x := t.jobs[j.job.ID]
		if x == nil {
			x = new(jobSizes)
			t.jobs[j.job.ID] = x
		}
		x.present = true
		most := min(j.total(), sizedMost)
		if blocks == 0 || uint64(len(x.classes)) >= most || now.Before(x.retry) {
			continue
		}
		var err error
		if blocks, err = x.read(ctx, s.fl, j.job.ID, most, blocks); err != nil {
			x.retry = now.Add(sizedPause) // such as a block that is lost; a supervisor deals with that
		}
	}
	for id, j := range t.jobs {
		if !j.present {
			delete(t.jobs, id)
		}
	}
	return nil
}

// total returns how many numbers of a job are stored, as far as it is known.
func (j jobAt) total() uint64 {
	if j.job.State == task.Open {
		return max(j.stored, j.answered)
	}
	return j.job.Count
}

// read reads blocks until it knows the first most numbers, at most so many blocks, and returns how many may still be read.
func (x *jobSizes) read(ctx context.Context, fl *fleet.Fleet, job string, most uint64, blocks int) (int, error) {
	in, err := fl.Inputs(ctx, job) // not kept: its cache of blocks is for those who verify
	for ; err == nil && blocks > 0; blocks-- {
		first := uint64(len(x.classes))
		end := min(most, in.Count(), first+task.MaxCount)
		if first >= end {
			return blocks, nil
		}
		var numbers []nat.Nat
		if numbers, err = in.Numbers(ctx, task.Span(first, end)); err == nil {
			for _, n := range numbers {
				x.classes = append(x.classes, sizeClass(n.BitLen()))
			}
		}
	}
	return blocks, err
}

// rows returns the counts by class, the smallest first.
func (t *sizeTable) rows(s *session) []SizeRow {
	rows := make([]SizeRow, sizeSteps+len(sizeLimits))
	active := s.jobs.active()
	for i, j := range active {
		if x := t.jobs[j.job.ID]; x != nil && i < sizedJobs && len(x.classes) > 0 {
			x.count(rows, j, s.answers)
		}
	}
	list := []SizeRow{}
	for class := range rows {
		if r := &rows[class]; r.Count > 0 {
			r.Class, r.Answered = sizeName(class), min(r.Answered, r.Count)
			r.Estimated = r.Estimated || len(active) > sizedJobs
			list = append(list, *r)
		}
	}
	return list
}

// count adds the numbers of a job to the rows.
func (x *jobSizes) count(rows []SizeRow, j jobAt, answers *fleet.Tally) {
	var counts, done [256]uint64
	for _, class := range x.classes {
		counts[class]++
	}
	known := uint64(len(x.classes))
	total := max(j.total(), known)
	exact := answers.Each(j.job.ID, task.Span(0, known), func(r task.Range) {
		for _, class := range x.classes[r.First:r.End()] {
			done[class]++
		}
	})
	part := float64(total) / float64(known)
	for class, n := range counts {
		if n == 0 {
			continue
		}
		r := &rows[class]
		r.Estimated = r.Estimated || total > known || !exact
		r.Count += uint64(math.Round(float64(n) * part))
		answered := float64(done[class]) * part
		if !exact {
			answered = float64(n) * part * float64(min(j.answered, total)) / float64(total)
		}
		r.Answered += uint64(math.Round(answered))
	}
}
