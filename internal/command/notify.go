package command

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/notify"
	"factorfleet/internal/task"
)

// notifyVariable is the variable of the environment for --notify.
const notifyVariable = "FACTOR_NOTIFY"

// NotifyFlags returns the flags of ReadNotify.
func NotifyFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringSliceFlag{Name: "notify", EnvVars: []string{notifyVariable}, Usage: "when a job ends or has its first dead letter, run the command `CMD|URL` by the shell, or POST to the address; may be repeated"},
		&ucli.BoolFlag{Name: "notify-direct", DisableDefaultText: true, Usage: "run the command of --notify without a shell: spaces separate its words"},
	}
}

// NotifyDescription says what a notification is.
const NotifyDescription = `--notify CMD gets the notification on standard input, as one line of JSON (producer schema
notification), and has FACTORFLEET_JOB, _EVENT, _STATE, _TEXT, _NUMBERS, _VERIFIED, _UNFINISHED,
_DEAD, _BAD, _REASON and _ID in its environment. --notify URL gets a POST of the same JSON. Five
attempts are made in at most two minutes. A notification that fails is reported; it does not
change the exit code. FACTOR_NOTIFY keeps a secret out of the list of processes. Examples:

   --notify 'mail -s "$FACTORFLEET_TEXT" me@example.org'
   --notify https://hooks.example.org/SECRET`

// ReadNotify returns what tells the user, nil if the flags name nothing. failed is called with each notification that was
// not delivered. Its errors have exit code Usage and do not contain the value, which may have a secret.
func ReadNotify(c *ucli.Context, failed func(error)) (*notify.Notifier, error) {
	var targets []*notify.Target
	for _, value := range c.StringSlice("notify") {
		t, err := notify.Parse(value, c.Bool("notify-direct"))
		if err != nil {
			return nil, cli.Usagef("--notify: %w", err)
		}
		targets = append(targets, t)
	}
	if len(targets) == 0 && c.Bool("notify-direct") {
		return nil, cli.Usagef("--notify-direct without --notify CMD")
	}
	return notify.New(targets, failed), nil
}

// EventOf returns the notification about a job as its manifest states it.
func EventOf(program string, j *task.Job) notify.Event {
	e := notify.Event{
		Job: j.ID, Kind: j.Kind, Numbers: j.Count, Verified: j.Verified, Unfinished: j.Unfinished, Dead: j.Dead, Bad: j.BadCount, Reason: j.Note,
		Program: program, State: notify.Active, Ended: j.Ended,
	}
	if !j.Created.IsZero() {
		e.Created = &j.Created
	}
	return e
}

// EndedEvent returns the notification about the end of a job at a time, which is part of its id.
func EndedEvent(program string, j *task.Job, state string, at time.Time) notify.Event {
	e := EventOf(program, j)
	e.Event, e.State, e.Time = notify.JobEnded, state, at
	e.ID = j.ID + "-ended-" + strconv.FormatInt(at.UnixMilli(), 10)
	return e
}

// DeadEvent returns the notification that a job has dead letters.
func DeadEvent(program string, j *task.Job, letters int, at time.Time) notify.Event {
	e := EventOf(program, j)
	e.Event, e.Dead, e.Time = notify.DeadLetters, uint64(letters), at
	e.ID = j.ID + "-dead-" + strconv.FormatInt(at.UnixMilli(), 10)
	return e
}

// A teller notifies the user of a job in the foreground.
type teller struct {
	session  *Session
	notifier *notify.Notifier // nil = the user wants no notification
	program  string
	telling  sync.WaitGroup
}

// newTeller returns the teller of a command.
func (s *Session) newTeller(c *ucli.Context) (*teller, error) {
	n, err := ReadNotify(c, func(err error) { s.Notef("%v", err) })
	return &teller{session: s, notifier: n, program: s.Program + " " + c.Command.Name}, err
}

// followLetters tells of the first dead letter of a job, until ctx ends.
func (t *teller) followLetters(ctx context.Context, f *fleet.Fleet, id string) {
	if t.notifier == nil {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	t.telling.Go(func() {
		defer stop()
		letters := 0
		f.FollowDead(ctx, id, func() {
			if n, err := f.CountDead(ctx, id); err == nil && n > 0 {
				letters = n
				stop()
			}
		})
		if letters == 0 {
			return
		}
		j := &task.Job{ID: id}
		if known, err := f.Job(t.session.Context, id); err == nil {
			j = known
		}
		t.notifier.Tell(t.context(), DeadEvent(t.program, j, letters, time.Now()))
	})
}

// tellEnd tells how the wait for a job has ended: with a summary, or with an error. It returns when all is told. The user
// can end that by Ctrl-C. A process that the user has stopped, or whose reader has closed the pipe, tells nothing.
func (t *teller) tellEnd(id string, sum *job.Summary, err error) {
	if t.notifier == nil {
		return
	}
	slow := time.AfterFunc(3*time.Second, func() { t.session.Notef("waiting for --notify; Ctrl-C ends that") })
	defer slow.Stop()
	if e, ok := t.endOf(id, sum, err); ok {
		t.notifier.Tell(t.context(), e)
	}
	t.telling.Wait()
}

// context returns a context that ends when the user stops the process. If the server has refused this client, the
// session has ended, and its second signal ends the context.
func (t *teller) context() context.Context {
	if t.session.Refused() != nil {
		return t.session.cleanup
	}
	return t.session.Context
}

// endOf returns the notification about an end; false if there is none.
func (t *teller) endOf(id string, sum *job.Summary, err error) (notify.Event, bool) {
	state := notify.Failed
	switch {
	case id == "" || errors.As(err, new(cli.SignalError)) || errors.Is(err, syscall.EPIPE):
		return notify.Event{}, false
	case err == nil:
		state = notify.Done
	case errors.Is(err, errDeadline):
		state = notify.Deadline
	case errors.Is(err, job.ErrCancelled), errors.Is(err, fleet.ErrNoJob):
		state = notify.Cancelled
	}
	j := task.Job{ID: id}
	if sum != nil {
		j = sum.Job
		j.Verified, j.Unfinished, j.Dead = sum.Verified, sum.Unfinished, sum.Counts.Dead
		j.Count = max(j.Count, sum.Verified+sum.Counts.Dead+sum.Missing)
	}
	at := time.Now()
	if j.Ended != nil {
		at = *j.Ended
	}
	e := EndedEvent(t.program, &j, state, at)
	if err != nil {
		e.Reason = err.Error()
	}
	return e, true
}

// checkDetached refuses --notify for a command that does not wait. In the environment it may be meant for other commands.
func checkDetached(c *ucli.Context) error {
	if len(c.StringSlice("notify")) > 0 && os.Getenv(notifyVariable) == "" && c.Bool("detach") {
		return cli.WithHint(cli.Usagef("--notify with --detach: this process does not wait for the end of the job"),
			"start `producer serve --notify`, which tells of all jobs, or wait by `producer wait JOB --notify`")
	}
	return nil
}
