package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/input"
	"factorfleet/internal/job"
	"factorfleet/internal/plan"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// SubmitDescription says where submit finds its numbers.
const SubmitDescription = "Numbers come from the arguments, then --range, then -f; from standard input if none of these is given. White space separates them."

// ConnectionHint says where the flags are that every command of producer takes.
const ConnectionHint = " Flags such as -s URL, which say how to reach NATS, are listed by `producer -h`."

// SubmitFlags returns the flags of submit.
func SubmitFlags() []ucli.Flag {
	return append([]ucli.Flag{
		&ucli.StringSliceFlag{Name: "file", Aliases: []string{"f"}, Usage: "read numbers from `FILE`, - is standard input; may be given several times"},
		&ucli.StringSliceFlag{Name: "range", Usage: "the numbers `A:B[:STEP]`, B included; may be given several times"},
		&ucli.StringFlag{Name: "chunk", Value: "auto", Usage: "`SIZE` of a task: auto, a count of numbers such as 43, or predicted work such as 5s"},
		&ucli.StringFlag{Name: "id", Usage: "`JOB` id; submitting the same input with the same id again goes on with that job"},
		&ucli.StringFlag{Name: "priority", Value: string(task.ClassNorm), Usage: "`CLASS` of the job's tasks: hi, norm or low"},
		&ucli.DurationFlag{Name: "budget", DefaultText: "by its size, 30s or what finishes it up to 100 digits", Usage: "`DURATION` a worker spends on one number at most"},
		&ucli.BoolFlag{Name: "certify", DisableDefaultText: true, Usage: "prove prime factors of 2^64 and more too, as far as the budget goes; the certificates are in the json output"},
		&ucli.DurationFlag{Name: "deadline", DefaultText: "none", Usage: "stop waiting after `DURATION`; the job goes on"},
		&ucli.StringFlag{Name: "kind", Value: task.KindFactor, Usage: "`KIND` of work: factor, or square as a measure of the queue"},
		&ucli.BoolFlag{Name: "detach", DisableDefaultText: true, Usage: "print the job's id once all input is queued, and do not wait"},
		&ucli.DurationFlag{Name: "keep", DefaultText: "720h with --id or --detach, else not at all", Usage: "keep the job for `DURATION` after its end"},
		cli.ProgressFlag(),
	}, OutputFlags()...)
}

// submission reads the flags of submit.
func (s *Session) submission(c *ucli.Context) (job.Submission, error) {
	sub := job.Submission{
		ID: c.String("id"), Kind: c.String("kind"), Class: task.Class(c.String("priority")),
		Budget: c.Duration("budget"), Certify: c.Bool("certify"), Keep: c.Duration("keep"),
		OnBad: func(b task.BadToken) { fmt.Fprintf(s.Screen, "%s: %s\n", c.App.Name, input.Explain(b)) },
	}
	if sub.Keep == 0 && (sub.ID != "" || c.Bool("detach")) {
		sub.Keep = job.DefaultKeep
	}
	var err error
	if sub.Chunking, err = plan.ParseChunking(c.String("chunk")); err != nil {
		return sub, cli.Exit(cli.Usage, err)
	}
	if err := task.CheckClass(sub.Class); err != nil {
		return sub, cli.Exit(cli.Usage, err)
	}
	if sub.Kind != task.KindFactor && sub.Kind != task.KindSquare {
		return sub, cli.Usagef("%q is not a kind of work: use factor or square", sub.Kind)
	}
	if sub.Certify && sub.Kind != task.KindFactor {
		return sub, cli.Usagef("--certify is for --kind factor")
	}
	if sub.ID != "" {
		if err := task.CheckJob(sub.ID); err != nil {
			return sub, cli.Exit(cli.Usage, err)
		}
	}
	if sub.Budget < 0 || sub.Keep < 0 || c.Duration("deadline") < 0 {
		return sub, cli.Usagef("--budget, --keep and --deadline are not negative")
	}
	sub.Sources, err = sources(c)
	return sub, err
}

// sources returns where the numbers come from, in this order: arguments, ranges,
// files; standard input if none is named.
func sources(c *ucli.Context) ([]input.Source, error) {
	var list []input.Source
	if c.NArg() > 0 {
		list = append(list, input.Args(c.Args().Slice()))
	}
	for _, text := range c.StringSlice("range") {
		steps, err := input.ParseRange(text)
		if err != nil {
			return nil, cli.Exit(cli.Usage, err)
		}
		list = append(list, steps)
	}
	for _, path := range c.StringSlice("file") {
		if path == "-" {
			list = append(list, input.From("-", os.Stdin))
			continue
		}
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			err = fmt.Errorf("%s is a directory", path)
		}
		if err != nil {
			return nil, cli.Exit(cli.Usage, fmt.Errorf("open the input: %w", err))
		}
		list = append(list, input.File(path))
	}
	if len(list) == 0 {
		list = append(list, input.From("-", os.Stdin))
	}
	return list, nil
}

// Host says where a job runs.
type Host struct {
	Fleet   *fleet.Fleet
	Private bool       // it ends with this process
	Workers func() int // that live; -1 = unknown
	Slots   func() int // of these workers; 0 = unknown
	// Activities are the numbers that the workers say they have at hand for long.
	Activities func() []worker.Activity
}

// Open is called by Submit once the command line is known to be right.
type Open func() (Host, func(), error)

// Submit runs the command submit.
func (s *Session) Submit(c *ucli.Context, open Open) error {
	sub, err := s.submission(c)
	if err != nil {
		return err
	}
	if c.Bool("detach") {
		return s.detach(c, sub, open)
	}
	return s.foreground(c, open, func(ctx context.Context, host Host, w job.Watch, started func(string)) (*job.Summary, error) {
		return job.Submit(ctx, host.Fleet, sub, w, started)
	})
}

// Wait runs the command wait.
func (s *Session) Wait(c *ucli.Context, id string, open Open) error {
	return s.foreground(c, open, func(ctx context.Context, host Host, w job.Watch, started func(string)) (*job.Summary, error) {
		started(id)
		return job.Wait(ctx, host.Fleet, id, w)
	})
}

// Results runs the command results.
func (s *Session) Results(c *ucli.Context, id string, open Open) error {
	return s.foreground(c, open, func(ctx context.Context, host Host, w job.Watch, started func(string)) (*job.Summary, error) {
		started(id)
		return job.Results(ctx, host.Fleet, id, w)
	})
}

func (s *Session) detach(c *ucli.Context, sub job.Submission, open Open) error {
	host, closeHost, err := open()
	if err != nil {
		return Fail(err)
	}
	defer closeHost()
	w := job.Watch{Log: s.Log, Slots: host.Slots, Status: s.status}
	j, err := job.Feed(s.Context, host.Fleet, sub, w, func(string) {})
	if err != nil {
		return Fail(err)
	}
	if _, err := fmt.Fprintln(s.Screen.Stdout(), j.ID); err != nil {
		return cli.WithHint(Fail(fmt.Errorf("write the id of the job: %w", err)), "the job is queued, its id is %s", j.ID)
	}
	if j.CutOff {
		return fmt.Errorf("the input of job %s ended early: %s", j.ID, j.Note)
	}
	if j.BadCount > 0 {
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}

// status tells a person at a terminal what is being waited for.
func (s *Session) status(what string) {
	if what != "" {
		s.Log.Info().Msg(what)
	}
}

// foreground runs a job, shows its progress, prints its answers, and says how it ended.
func (s *Session) foreground(c *ucli.Context, open Open, run func(context.Context, Host, job.Watch, func(string)) (*job.Summary, error)) error {
	format, err := outputFormat(c)
	if err != nil {
		return err
	}
	host, closeHost, err := open()
	if err != nil {
		return Fail(err)
	}
	defer closeHost()
	p, err := s.newPrinter(c, format)
	if err != nil {
		return err
	}
	ctx, cancel := WithDeadline(s.Context, c.Duration("deadline"))
	defer cancel()

	var id atomic.Pointer[string]
	id.Store(new(string))
	progress := new(plan.JobProgress)
	stopShow, err := s.show(c, func() string { return *id.Load() }, progress, host)
	if err != nil {
		return err
	}
	began := time.Now()
	summary, err := run(ctx, host, job.Watch{
		Emit: p.emit, Flush: p.out.Flush, Ordered: p.ordered, Private: host.Private,
		Slots: host.Slots, Status: s.status, Progress: progress, Log: s.Log,
	}, func(started string) { id.Store(&started) })
	stopShow()
	if e := p.close(); err == nil {
		err = e
	}
	if errors.Is(err, syscall.EPIPE) && c.Command.Name == "submit" && c.String("id") == "" && !host.Private {
		s.abandon(host.Fleet, *id.Load())
	}
	if err != nil {
		return s.stopped(c, *id.Load(), host, err)
	}
	s.Log.Debug().Dur("elapsed", time.Since(began)).Uint64("verified", summary.Verified).Dur("cpu", summary.CPU).
		Uint64("duplicate", summary.Duplicate).Uint64("refused", summary.Refused).Uint64("requeued", summary.Requeued).Msg("job ended")
	return s.ended(c, summary, p.unproved)
}

// abandon removes a job whose reader has gone away: its id was never shown to anybody.
func (s *Session) abandon(f *fleet.Fleet, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context), 5*time.Second)
	defer cancel()
	_, err := f.Cancel(ctx, id)
	if err == nil || errors.Is(err, stream.ErrFull) {
		err = f.Remove(ctx, id)
	}
	if err != nil {
		s.Log.Debug().Err(err).Msg("remove the job that nobody reads")
	}
}

// stopped says how to come back to a job that goes on without this process.
func (s *Session) stopped(c *ucli.Context, id string, host Host, err error) error {
	var signalled cli.SignalError
	goesOn := fmt.Sprintf("the job goes on: `producer wait %s` waits for it, `producer cancel %s` stops it", id, id)
	switch {
	case errors.As(err, &signalled):
		err = cli.Interrupted(s.Context)
		if !host.Private && id != "" {
			err = cli.WithHint(err, "%s", goesOn)
		}
		return err
	case errors.Is(err, errDeadline):
		if host.Private {
			return cli.Exit(cli.Deadline, err)
		}
		return cli.WithHint(cli.Exit(cli.Deadline, err), "%s", goesOn)
	}
	return Fail(err)
}

// ended reports the defects of a job that came to its end, of whose numbers printed so many
// have a factor that is only a probable prime.
func (s *Session) ended(c *ucli.Context, sum *job.Summary, unproved uint64) error {
	say := func(format string, args ...any) {
		fmt.Fprintf(s.Screen, "%s: "+format+"\n", append([]any{c.App.Name}, args...)...)
	}
	if c.Command.Name != "submit" {
		for _, b := range sum.Job.Bad {
			say("%s", input.Explain(b))
		}
		if more := sum.Job.BadCount - uint64(len(sum.Job.Bad)); more > 0 {
			say("and %s more", plural(more, "bad token"))
		}
	}
	if sum.Job.CutOff {
		say("the input of job %s was cut off after %s: %s", sum.Job.ID, plural(sum.Job.Count, "number"), sum.Job.Note)
	}
	if !sum.Complete() { // of results, which does not wait
		say("%s", incomplete(sum))
	}
	if sum.Unfinished > 0 {
		say("%s could not be factored completely within the budget; a larger --budget may help", plural(sum.Unfinished, "number"))
	}
	if sum.Job.Certify && unproved > 0 {
		say("%s with a probable prime that was not proved within the budget, PRP in the json output", plural(unproved, "number"))
	}
	if sum.Counts.Dead > 0 {
		say("%s of job %s given up; `producer dead show %s` tells more", plural(sum.Counts.Dead, "number"), sum.Job.ID, sum.Job.ID)
	}
	if !sum.Clean() {
		return cli.Exit(cli.Defects, nil)
	}
	return nil
}

// incomplete says what is missing of a job that was not waited for.
func incomplete(sum *job.Summary) string {
	id := sum.Job.ID
	text := fmt.Sprintf("no answer yet for %d of %s", sum.Missing, plural(sum.Missing+sum.Verified+sum.Counts.Dead, "number"))
	switch sum.Job.State {
	case task.Open:
		return fmt.Sprintf("%s, and the input of job %s is still being read; `producer wait %s` waits for the rest", text, id, id)
	case task.Cancelled:
		return fmt.Sprintf("%s: job %s was cancelled", text, id)
	}
	return fmt.Sprintf("%s; `producer wait %s` waits for the rest", text, id)
}
