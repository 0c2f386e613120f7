package test

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/sieving"
	"factorfleet/internal/task"
)

// part returns the manifest of the first part of a job; nil if there is none.
func (s *server) part(job string) *task.Part {
	s.t.Helper()
	keys := s.keys(schema.BucketJobs, "part."+job+".*")
	if len(keys) == 0 {
		return nil
	}
	value := s.entry(schema.BucketJobs, keys[0])
	if value == nil {
		return nil // removed meanwhile
	}
	p, err := task.DecodePart(value)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// holder returns the name of the process that conducts the campaign of a part; "" if none does.
func (s *server) holder(p *task.Part) string {
	s.t.Helper()
	return string(s.entry(schema.BucketLeases, p.ID))
}

// yieldsOf returns the results of a part, in the order in which they were stored.
func (s *server) yieldsOf(p *task.Part) (list []*jetstream.RawStreamMsg) {
	s.t.Helper()
	results := s.stream(schema.StreamResults)
	for _, subject := range s.resultSubjects() {
		if strings.Split(subject, ".")[2] != p.ID {
			continue
		}
		if m, err := results.GetLastMsgForSubject(s.t.Context(), subject); err == nil { // else it was removed meanwhile
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *jetstream.RawStreamMsg) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return list
}

// senders returns the workers that have sent relations of the part of a job.
func (s *server) senders(job string) (names []string) {
	s.t.Helper()
	p := s.part(job)
	if p == nil {
		return nil
	}
	for _, m := range s.yieldsOf(p) {
		y, err := task.DecodeYield(m.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(y.Relations) > 0 && !slices.Contains(names, y.Worker) {
			names = append(names, y.Worker)
		}
	}
	return names
}

// A sieved is what workers have stored of a part.
type sieved struct {
	relations int  // different ones; all of them hold
	twice     bool // a coefficient was sieved twice
}

// sieved verifies and counts what is stored of a part.
func (s *server) sieved(p *task.Part) (got sieved) {
	s.t.Helper()
	plan, err := sieving.ParsePlan(p.Params, p.Composite.Big())
	if err != nil {
		s.t.Fatal(err)
	}
	set, err := plan.NewSet(func() error { return nil })
	if err != nil {
		s.t.Fatal(err)
	}
	var seen task.Set
	for _, m := range s.yieldsOf(p) {
		token := strings.Split(m.Subject, ".") // FACTOR.results.<part>.<range>.<worker>
		r, err := task.ParseRange(token[3])
		if err != nil {
			s.t.Fatal(err)
		}
		y, err := task.DecodeYield(m.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		fresh, err := set.Fold(r.First, r.End(), y.Relations)
		if err != nil {
			s.t.Fatalf("%s: %v", m.Subject, err)
		}
		got.relations += fresh
		got.twice = got.twice || seen.Overlaps(r)
		seen.Add(r)
	}
	return got
}
