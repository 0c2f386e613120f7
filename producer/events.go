package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/events"
	"factorfleet/internal/schema"
)

const eventsDescription = `Prints one event a line, in the order of time: jobs, answered chunks, failed attempts, dead
letters and workers. With --json each line is an object (producer schema event). Without --follow
it prints what is stored and ends; workers are seen with --follow only. Nothing is verified: times
and errors are what workers say. An event "gap" names a stream of which events may be missing.`

func eventsCommand() *ucli.Command {
	return &ucli.Command{
		Name: "events", Usage: "print what happens in the fleet: jobs, chunks, failed attempts, dead letters, workers",
		Description: eventsDescription,
		Flags: []ucli.Flag{
			&ucli.BoolFlag{Name: "follow", Aliases: []string{"f"}, DisableDefaultText: true, Usage: "go on with new events until a signal"},
			&ucli.StringFlag{Name: "job", Usage: "only events of `JOB`"},
			&ucli.StringFlag{Name: "since", DefaultText: "with --follow now, else all that is stored", Usage: "begin with the events of `TIME`: a duration such as 10m before now, or 2026-01-31T15:00:00Z"},
			&ucli.StringFlag{Name: "only", DefaultText: "all", Usage: "only events of `GROUPS`, with commas between: " + strings.Join(events.GroupNames, ", ")},
			command.JSONFlag(),
		},
		Action: func(c *ucli.Context) error {
			groups, err := eventGroups(c)
			if err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return printEvents(c, s, groups) })
		},
	}
}

// eventGroups checks the command line and returns the groups of events that are wanted.
func eventGroups(c *ucli.Context) (map[string]bool, error) {
	if err := cli.NoArgs(c); err != nil {
		return nil, err
	}
	names := events.GroupNames
	if c.IsSet("only") {
		names = strings.Split(c.String("only"), ",")
	}
	groups := make(map[string]bool)
	for _, name := range names {
		if !slices.Contains(events.GroupNames, name) {
			return nil, cli.Unknown("group of events", name, events.GroupNames)
		}
		groups[name] = true
	}
	_, err := sinceOf(c, time.Now())
	return groups, err
}

// sinceOf returns the time of --since, now being that of the server; the zero time if there is none.
func sinceOf(c *ucli.Context, now time.Time) (time.Time, error) {
	text := c.String("since")
	if !c.IsSet("since") {
		if c.Bool("follow") {
			return time.Time{}, nil
		}
		return time.Unix(1, 0), nil // all that is stored
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil && t.Unix() > 0 && t.Before(now.Add(time.Minute)) {
		return t, nil
	}
	return time.Time{}, cli.Usagef("--since %q is not a duration before now such as 10m, or a time such as 2026-01-31T15:00:00Z", text)
}

// ofWorkers are the groups of events that an observer may not read: they are in FACTOR_RESULTS and FACTOR_DEAD.
var ofWorkers = []string{"chunk", "attempt", "dead"}

// printEvents prints events until all are printed, or the session ends.
func printEvents(c *ucli.Context, s *command.Session, groups map[string]bool) error {
	fl, closeFleet, err := s.Open(c, "producer events")
	if err != nil {
		return failed(s, err)
	}
	defer closeFleet()
	ctx, stop := context.WithCancel(s.Context)
	defer stop()
	if id := c.String("job"); id != "" {
		if _, err := knownJob(ctx, fl, id); err != nil {
			return failed(s, err)
		}
	}
	if s.Identity.Role == schema.RoleObserver {
		wanted := len(groups)
		if groups = readableGroups(groups); len(groups) == 0 {
			return cli.Exitf(cli.NoConnect, "an observer may not read results and dead letters: use --only job,worker,number, or the credentials of a producer")
		}
		if len(groups) < wanted {
			s.Notef("an observer may not read results and dead letters: events of chunks, attempts and dead letters are left out")
		}
	}
	since, err := sinceOf(c, fl.Now(ctx))
	if err != nil {
		return err
	}
	err = events.Follow(ctx, fl, events.Options{Job: c.String("job"), Groups: groups, Since: since, Follow: c.Bool("follow")}, eventPrinter(c, s))
	if cli.Interrupted(s.Context) != nil && c.Bool("follow") {
		return nil // the user has seen enough
	}
	return failed(s, err)
}

// readableGroups returns the groups that an observer may read.
func readableGroups(groups map[string]bool) map[string]bool {
	readable := make(map[string]bool)
	for name := range groups {
		if !slices.Contains(ofWorkers, name) {
			readable[name] = true
		}
	}
	return readable
}

// eventPrinter returns a function that prints events, those of a call in one write.
func eventPrinter(c *ucli.Context, s *command.Session) func([]events.Event) error {
	out, inJSON := s.Screen.Stdout(), c.Bool("json")
	return func(list []events.Event) error {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		for i := range list {
			if !inJSON {
				fmt.Fprintf(&b, "%s %s\n", list[i].Time.Local().Format(time.DateTime), list[i].Line())
			} else if err := e.Encode(&list[i]); err != nil {
				return err
			}
		}
		_, err := out.Write(b.Bytes())
		return err
	}
}
