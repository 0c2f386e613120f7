package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/observe"
	"factorfleet/internal/top"
)

func topCommand() *ucli.Command {
	return &ucli.Command{
		Name: "top", Usage: "show the fleet on the terminal, live: jobs, running numbers, workers, queue, dead letters", ArgsUsage: "[JOB]",
		Description: "The screen is redrawn in place. q quits, ? lists the keys. It needs 80 columns for all tables, and shows\n" +
			"less with fewer. `producer status --watch` prints reports where there is no terminal.",
		Action: func(c *ucli.Context) error {
			id, err := cli.OptionalArg(c, "JOB")
			if err != nil {
				return err
			}
			terminal, err := cli.OpenTerminal()
			if err != nil {
				return cli.Usagef("%w: `producer status --watch` prints reports instead", err)
			}
			return inSession(c, func(s *command.Session) error { return watchFleet(c, s, terminal, id) })
		},
	}
}

// jobEvery is how often the facts of the job are read at which the user looks.
const jobEvery = 2 * time.Second

// tickEvery is how often the screen is redrawn if nothing has changed: for ages, and for another size of the terminal.
const tickEvery = time.Second / 2

// watchFleet shows the fleet until the user quits or the session ends. It logs nothing, because log lines would be drawn
// over the screen. The screen shows the state of the connection.
func watchFleet(c *ucli.Context, s *command.Session, terminal *cli.Terminal, id string) error {
	s.Log = zerolog.Nop()
	fl, closeFleet, err := s.Open(c, "producer top")
	if err != nil {
		return command.Fail(err)
	}
	defer closeFleet()
	if id != "" {
		ctx, cancel := command.WithReplyTimeout(c, s)
		_, err := knownJob(ctx, fl, id)
		cancel()
		if err != nil {
			return command.Fail(err)
		}
	}
	o := observe.New()
	ctx, cancel := context.WithCancel(s.Context)
	defer cancel()
	go o.Run(ctx, fl)
	if err := terminal.Raw(); err != nil {
		return fmt.Errorf("prepare the terminal: %w", err)
	}
	fmt.Fprint(os.Stdout, top.EnterScreen)
	defer func() {
		fmt.Fprint(os.Stdout, top.LeaveScreen)
		terminal.Restore()
	}()
	x := &topScreen{terminal: terminal, observer: o, view: o.View(), state: top.NewState(id), colour: os.Getenv("NO_COLOR") == ""}
	x.run(ctx)
	return s.Refused()
}

// A topScreen is what the user sees. It is owned by run.
type topScreen struct {
	terminal *cli.Terminal
	observer *observe.Observer
	view     *observe.View
	job      *observe.JobView // the last that was read; nil = none
	state    *top.State
	colour   bool
}

// run draws the screen and handles the keys until the user quits or ctx ends.
func (x *topScreen) run(ctx context.Context) {
	views, keys := x.observer.Watch(ctx), x.terminal.Keys(ctx)
	jobs := make(chan *observe.JobView)
	wanted := make(chan string, 1)
	go readJobs(ctx, x.observer, wanted, jobs)
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		x.draw()
		replace(wanted, x.state.Job())
		select {
		case <-ctx.Done():
			return
		case v, ok := <-views:
			if !ok {
				return
			}
			x.view = v
		case b, ok := <-keys:
			if !ok {
				return
			}
			for _, key := range top.Decode(b) {
				if x.state.Key(key, x.view) {
					return
				}
			}
		case x.job = <-jobs:
		case <-ticker.C:
		}
	}
}

func (x *topScreen) draw() {
	width, height := x.terminal.Size()
	fmt.Fprint(os.Stdout, top.Frame(top.Render(x.view, x.job, x.state, top.Size{Width: width, Height: height}), x.colour))
}

// replace sends id to a channel of capacity 1, in place of an id that nobody has received yet. It has one sender.
func replace(wanted chan string, id string) {
	select {
	case <-wanted:
	default:
	}
	wanted <- id
}

// readJobs reads the facts of the job that was wanted last, until ctx ends: another job at once, the same one every jobEvery.
// It relies on being told the wanted job at least that often.
func readJobs(ctx context.Context, o jobReader, wanted <-chan string, jobs chan<- *observe.JobView) {
	last, read := "", time.Time{}
	for {
		var id string
		select {
		case <-ctx.Done():
			return
		case id = <-wanted:
		}
		if id == "" || id == last && time.Since(read) < jobEvery {
			continue
		}
		last, read = id, time.Now()
		if j, err := o.Job(ctx, id); err == nil {
			select {
			case <-ctx.Done():
				return
			case jobs <- j:
			}
		}
	}
}

// A jobReader is an *observe.Observer.
type jobReader interface {
	Job(ctx context.Context, id string) (*observe.JobView, error)
}
