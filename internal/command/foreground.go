package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/explain"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/plan"
	"factorfleet/internal/stream"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// A Target is where a job runs: a fleet, and what is known of its workers. Its functions are called by
// several goroutines.
type Target struct {
	Fleet   *fleet.Fleet
	Private bool       // the fleet ends with this process: no other process can know the job
	Workers func() int // active workers; -1 = unknown
	Slots   func() int // numbers that these workers compute at a time; 0 = unknown
	// Statuses returns what the workers say of themselves: which numbers they have been computing for seconds or longer.
	Statuses func() []worker.Status
	// Resume returns a hint how to resume a job, or to stop it. Rest returns one for a job whose submitter
	// has ended before its input. Neither is called if Private is set.
	Resume   func(job, noun string) string // noun: see task.Noun
	Rest     func(job string) string
	Dead     func(job string) string // how to see why numbers of a job were given up; not called if Private is set
	Detached bool                    // a detached job needs a supervisor; false if the next start of this program resumes the job
}

// An OpenTarget opens a target. The caller must call close once, unless err is not nil.
type OpenTarget func() (t Target, close func(), err error)

// A runJob is one of the functions Submit, Wait and Results of package job. It calls started with the
// id of the job, at most once. The Summary is valid if there is no error.
type runJob func(ctx context.Context, t Target, w job.Watch, started func(id string)) (*job.Summary, error)

// A foregroundJob is a job whose answers this process prints.
type foregroundJob struct {
	session  *Session
	c        *ucli.Context
	target   Target
	printer  *printer
	progress *plan.JobProgress
	id       atomic.Pointer[string] // of the job; "" until it is known
	last     lastAnswers
	teller   *teller
}

// foreground runs a job, shows its progress, prints its answers and reports how it ended. Usage errors
// come first: they start no server and create no file. The output file is created before the job
// starts, so that no job runs whose answers cannot be printed.
func (s *Session) foreground(c *ucli.Context, open OpenTarget, run runJob) error {
	format, err := outputFormat(c)
	if err != nil {
		return err
	}
	tell, err := s.newTeller(c)
	if err != nil {
		return err
	}
	p, err := s.newPrinter(c, format)
	if err != nil {
		return err
	}
	target, closeTarget, err := open()
	if err != nil {
		err = p.close(err)
		if signalled := cli.Interrupted(s.Context); signalled != nil {
			return signalled
		}
		return Fail(err)
	}
	defer closeTarget()
	f := &foregroundJob{session: s, c: c, target: target, printer: p, progress: new(plan.JobProgress), teller: tell}
	f.last.job = f
	f.id.Store(new(string))
	summary, err := f.run(run)
	defer func() { tell.tellEnd(*f.id.Load(), summary, err) }()
	if err != nil {
		return f.failure(err)
	}
	if err := f.reportDefects(summary); err != nil {
		return cmp.Or(f.last.why(), err)
	}
	return nil
}

// run runs the job until it ends, the deadline is reached or the session ends. Afterwards the status
// line is removed and all answers are written. If the output fails only then, that is the error.
func (f *foregroundJob) run(run runJob) (*job.Summary, error) {
	ctx, cancel := WithDeadline(f.session.Context, f.c.Duration("deadline"))
	defer cancel()
	ctx, stopLast := f.last.follow(ctx)
	defer stopLast()
	ctx, stopLooking := f.session.whileStreamsExist(ctx, f.target)
	defer stopLooking()
	stopProgress, err := f.showProgress()
	if err != nil {
		return nil, f.printer.close(err)
	}
	began := time.Now()
	p := f.printer
	if p.filter != nil {
		p.filter.begin(func() time.Time { return f.target.Fleet.Now(ctx) })
	}
	sum, err := run(ctx, f.target, job.Watch{
		Emit: p.emit, Flush: p.flush, Ordered: p.ordered, Private: f.target.Private,
		Leave: f.session.leave, Slots: f.target.Slots, Status: f.session.logStatus, Progress: f.progress, Log: f.session.Log,
		Memory: DefaultMaxMemory(),
	}, func(id string) { f.id.Store(&id); f.teller.followLetters(ctx, f.target.Fleet, id) })
	stopProgress()
	if err = p.close(err); err == nil {
		f.summarize(sum, time.Since(began))
		f.session.Log.Debug().Dur("took", time.Since(began)).Uint64("verified", sum.Verified).Dur("cpu", sum.CPU).
			Uint64("duplicate", sum.Duplicate).Uint64("refused", sum.Refused).Uint64("requeued", sum.Requeued).Msg("job ended")
	}
	return sum, err
}

// showProgress starts the status line.
func (f *foregroundJob) showProgress() (stop func(), err error) {
	facts := &factsFollower{job: f}
	go facts.follow(f.session.Context, f.c.Bool("explain"))
	if f.c.String("progress") != "never" {
		go facts.watchRunning(f.session.Context)
	}
	return cli.StartProgress(f.c.String("progress"), f.session.Screen, f.session.Log, func() cli.Status {
		id := *f.id.Load()
		return cli.Status{
			Job: id, Workers: f.target.Workers(), Paused: pausedOf(f.target.Statuses()), Lacks: f.lacks(), Working: facts.longest(), Typed: f.session.typed, Snapshot: f.progress.Snapshot(time.Now()),
		}
	})
}

// lacks says for the status line that no active worker takes the tasks of the job; "" if one does, or none is active.
func (f *foregroundJob) lacks() string {
	class := f.session.class.Load()
	if class == nil || class.Route() == "" || f.target.Private || f.target.Workers() <= 0 || explain.Unserved(*class, f.target.Statuses()) == "" {
		return ""
	}
	return "no worker for " + class.Route()
}

// pausedOf returns how many workers take no tasks for a while, as they say.
func pausedOf(list []worker.Status) (n int) {
	for i := range list {
		if list[i].Pause != "" {
			n++
		}
	}
	return n
}

// failure returns the error for a job that did not end here. After a signal or the deadline the job
// continues without this process, so that the error has a hint how to resume the job. If the reader of
// the answers has closed the pipe, a job without an id that the user knows is removed.
func (f *foregroundJob) failure(err error) error {
	id := *f.id.Load()
	if errors.Is(err, syscall.EPIPE) && f.c.Command.Name == "submit" && f.c.String("id") == "" && !f.target.Private {
		f.session.removeUnread(f.target.Fleet, id)
	}
	switch {
	case errors.As(err, new(cli.SignalError)):
		err = f.interrupted(err)
	case errors.Is(err, errDeadline):
		err = cli.Exit(cli.Deadline, err)
	default:
		return Fail(err)
	}
	return f.target.withHint(err, id, f.progress.Snapshot(time.Now()).Noun)
}

// withHint adds to the error of a process that has left the job id how to go on, unless the job ends with
// the process or id is "". noun is the task.Noun of the job.
func (t *Target) withHint(err error, id, noun string) error {
	var left *job.LeftError
	switch {
	case t.Private || id == "":
		return err
	case !errors.As(err, &left):
		return cli.WithHint(err, "%s", t.Resume(id, noun))
	case left.Unsealed != nil:
		return cli.WithHint(err, "job %s could not be sealed, because %s; it has at least %s of its input; %s", id, whyUnsealed(left.Unsealed), text.Count(left.Stored, left.Noun), t.Rest(id))
	}
	return cli.WithHint(err, "job %s was sealed with %s of its input; %s", id, text.Count(left.Stored, left.Noun), t.Rest(id))
}

// whyUnsealed says why a job could not be sealed.
func whyUnsealed(err error) string {
	if errors.Is(err, stream.ErrFull) {
		return "the store is full"
	}
	return "the server does not answer"
}

// interrupted returns err, which wraps a signal, with the count of the numbers done, if it is known.
func (f *foregroundJob) interrupted(err error) error {
	switch s := f.progress.Snapshot(time.Now()); {
	case s.Sealed:
		return fmt.Errorf("%w: %s", err, cli.DoneOf(s))
	case s.Done > 0: // the total is not known yet
		return fmt.Errorf("%w: %s done", err, text.Count(s.Done, s.Noun))
	}
	return err
}

// removeUnread removes a job whose reader has closed the pipe: no user knows its id. The session may
// have ended, so that it has 5 s of its own. The job expires if it cannot be removed.
func (s *Session) removeUnread(f *fleet.Fleet, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context), 5*time.Second)
	defer cancel()
	_, err := f.Cancel(ctx, id)
	if err == nil || errors.Is(err, stream.ErrFull) {
		err = f.Remove(ctx, id)
	}
	if err != nil {
		s.Log.Debug().Err(err).Str("job", id).Msg("cannot remove the job whose reader has left")
	}
}
