package command

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/campaign"
	"factorfleet/internal/cli"
	"factorfleet/internal/explain"
	"factorfleet/internal/input"
	"factorfleet/internal/job"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// PlanDescription describes the command plan.
const PlanDescription = `It reads numbers as submit does, and submits nothing. The CPU time is a range: what random numbers
of these sizes take, and what they take if each is a product of two primes of equal size. Numbers of
64 digits and more are looked at for up to 5 s: small factors are divided out, and primes are told
from composites.`

// notPlanned are the flags of submit that mean nothing to plan.
var notPlanned = []string{"id", "detach", "keep", "deadline", "explain", "progress", "output", "format", "exponents", "as-completed", "json", "certify",
	"after", "start-deadline", "paused", "max-attempts", "backoff", "notify", "notify-direct", "full"}

// PlanFlags returns the flags of plan: those of submit that say which numbers there are and what they may take.
func PlanFlags() []ucli.Flag {
	flags := slices.DeleteFunc(SubmitFlags(), func(f ucli.Flag) bool { return slices.Contains(notPlanned, f.Names()[0]) })
	for _, f := range flags { // accepted, so that a user can put "plan" in place of "submit"; they change nothing
		switch f := f.(type) {
		case *ucli.StringFlag:
			f.Hidden = f.Name == "chunk"
		case *ucli.IntFlag:
			f.Hidden = f.Name == "replicas"
		}
	}
	return append(flags, JSONFlag())
}

// A PlanReport is the report of plan.
type PlanReport struct {
	Kind    string         `json:"kind"`
	Numbers uint64         `json:"numbers"`
	Bad     uint64         `json:"bad"`     // tokens that are not numbers
	Sizes   []plan.SizeRow `json:"sizes"`   // the smallest first
	CPU     time.Duration  `json:"cpu_ns"`  // expected, if they are random numbers
	Most    time.Duration  `json:"most_ns"` // if each is a product of two primes of equal size
	Memory  uint64         `json:"memory"`  // bytes that the sieves of a worker take at most; 0 = little

	Where    string         `json:"where"` // "machine" or "fleet"
	Workers  int            `json:"workers"`
	Slots    int            `json:"slots"`
	Kernels  map[string]int `json:"kernels"`           // slots by level of kernels
	Speed    float64        `json:"speed,omitempty"`   // of this machine, as measured: 1 = as the tables say; 0 = not measured
	Time     time.Duration  `json:"time_ns,omitempty"` // absent = there is no worker
	MostTime time.Duration  `json:"most_time_ns,omitempty"`

	Earlier *PlanEarlier   `json:"earlier,omitempty"` // by earlier jobs; nil = they say nothing
	Plans   []explain.Plan `json:"plans,omitempty"`   // of the hardest numbers, the hardest first
}

// PlanEarlier is what the list takes if its numbers are like those of earlier jobs of the same sizes.
type PlanEarlier struct {
	Answers uint64        `json:"answers"` // whose times are known
	Jobs    int           `json:"jobs"`
	CPU     time.Duration `json:"cpu_ns"`
	Time    time.Duration `json:"time_ns,omitempty"`
}

// A Where says on what a list would be computed.
type Where struct {
	Name     string // see PlanReport.Where
	Workers  int
	Machines []PlanMachine
	Earlier  *plan.Experience
}

// A PlanMachine is a worker.
type PlanMachine struct {
	Slots   int
	Kernels string
	Speed   float64 // as measured; 0 = not measured
}

// Plan runs the command plan: it reads the input and prints what it needs. where is called once the flags are checked.
func (s *Session) Plan(c *ucli.Context, where func(class task.Class) (Where, error)) error {
	sub, err := s.submission(c)
	if err != nil {
		return err
	}
	on, err := where(classOf(&sub))
	if err != nil {
		return Fail(err)
	}
	r := &PlanReport{Kind: sub.Kind, Where: on.Name, Workers: on.Workers, Kernels: map[string]int{}}
	list, err := s.readPlanned(&sub, r)
	if err != nil {
		return err
	}
	r.forecast(list, on)
	if c.Bool("json") {
		err = PrintJSON(c, r)
	} else {
		err = r.print(c.App.Writer)
	}
	if err != nil {
		return Fail(err)
	}
	if r.Bad > 0 {
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}

// forecast sets the times.
func (r *PlanReport) forecast(list *plan.List, on Where) {
	var machines []plan.Machine
	for _, m := range on.Machines {
		machines = append(machines, plan.Machine{Slots: m.Slots, Times: explain.TimesOf(m.Kernels), Speed: m.Speed})
		r.Kernels[m.Kernels] += m.Slots
		r.Slots += m.Slots
		r.Speed = m.Speed
	}
	f := list.Forecast(machines, on.Earlier)
	r.Sizes, r.CPU, r.Most, r.Time, r.MostTime = list.Rows(), f.CPU, f.Worst, f.Time, f.WorstTime
	if f.Earlier > 0 {
		r.Earlier = &PlanEarlier{Answers: on.Earlier.Answers, Jobs: on.Earlier.Jobs, CPU: f.Earlier, Time: f.EarlierTime}
	}
}

// readPlanned counts the input, and examines its hard numbers.
func (s *Session) readPlanned(sub *job.Submission, r *PlanReport) (*plan.List, error) {
	list := plan.NewList(plan.Expectation{Kind: sub.Kind, Budget: sub.Budget, Each: sub.Sleep})
	p := planner{options: explain.Options{Budget: sub.Budget, Work: sub.WorkDigits, Mode: campaign.Mode(sub.Campaign)}}
	in := input.New(func(b task.BadToken) { r.Bad++; sub.OnBad(b) }, sub.Sources...)
	numbers := make([]nat.Nat, task.MaxCount)
	for {
		n, err := in.Read(numbers)
		for _, number := range numbers[:n] {
			r.count(list, &p, sub.Kind, number)
		}
		switch {
		case s.Context.Err() != nil:
			return nil, context.Cause(s.Context)
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, Fail(err)
		}
	}
}

// count counts the next number.
func (r *PlanReport) count(list *plan.List, p *planner, kind string, n nat.Nat) {
	position := r.Numbers
	r.Numbers++
	bits := n.BitLen()
	if kind != task.KindFactor || !explain.IsHard(bits) || p.spent >= mostPlanning {
		list.AddNumber(n)
		return
	}
	found, hard := p.plan(position, n)
	if !hard { // a prime, or small primes and one
		list.AddExamined(n, 0)
		return
	}
	list.AddExamined(n, found.Most())
	if found.Sieve != nil {
		r.Memory = max(r.Memory, found.Sieve.Memory)
	}
	at, _ := slices.BinarySearchFunc(r.Plans, found, func(a, b explain.Plan) int { return cmp.Compare(b.Most(), a.Most()) })
	if at < maxExplained {
		r.Plans = slices.Insert(r.Plans, at, found)
		r.Plans = r.Plans[:min(len(r.Plans), maxExplained)]
	}
}
