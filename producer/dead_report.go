package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

// A letterReport is a dead letter in JSON.
type letterReport struct {
	Job       string          `json:"job"`
	Range     string          `json:"range"` // <first>-<count>, first from 0
	Writer    string          `json:"writer"`
	Final     bool            `json:"final"`           // the number was given up; else it is a worker's claim
	Numbers   []string        `json:"numbers"`         // empty for items
	Items     []string        `json:"items,omitempty"` // of a kind exec:NAME
	Kind      string          `json:"kind"`
	Attempt   uint32          `json:"attempt"`
	Error     string          `json:"error"`
	Elapsed   time.Duration   `json:"elapsed_ns"`
	Time      time.Time       `json:"time"`
	Attempts  []attemptReport `json:"attempts,omitempty"` // those that failed, by the records of workers, the oldest first
	History   []historyReport `json:"history,omitempty"`  // all that is known of attempts, the oldest first
	Watched   *time.Time      `json:"watched_since,omitempty"`
	Reproduce string          `json:"reproduce,omitempty"`

	ItemsBase64 []string `json:"items_base64,omitempty"` // instead of Items, if one of them is not UTF-8

	brief []string // the numbers or items for people
}

// An attemptReport is the record of a failed attempt in JSON.
type attemptReport struct {
	Attempt uint32        `json:"attempt"`
	Worker  string        `json:"worker"`
	Error   string        `json:"error"`
	Elapsed time.Duration `json:"elapsed_ns"`
	Time    time.Time     `json:"time"`
}

// report returns a letter without its attempts.
func report(d *fleet.DeadLetter) letterReport {
	r := letterReport{
		Job: d.Job, Range: d.Range.String(), Writer: d.Writer, Final: d.Authoritative(), Kind: d.Kind,
		Attempt: d.Attempt, Error: d.Err, Elapsed: d.Elapsed, Time: d.Time,
	}
	r.setNumbers(d)
	return r
}

func (d deadSession) list() error {
	letters := d.letters
	if d.c.Bool("claims") {
		all, err := d.fl.DeadLetters(d.ctx, d.job)
		if err == nil {
			all, err = d.filter.choose(d.ctx, d.fl, d.job, all)
		}
		if err != nil {
			return err
		}
		claims := slices.DeleteFunc(all, func(l fleet.DeadLetter) bool { return l.Authoritative() })
		letters = slices.Concat(letters, claims)
	}
	if d.c.Bool("json") {
		list := make([]letterReport, len(letters))
		for i := range letters {
			list[i] = report(&letters[i])
		}
		return command.PrintJSON(d.c, list)
	}
	w := tabwriter.NewWriter(d.c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tPOSITION\t"+columnOf(letters)+"\tATTEMPT\tSTATE\tWRITER\tAGE\tERROR")
	for i := range letters {
		l, state := &letters[i], "given up"
		if !l.Authoritative() {
			state = "claim"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", l.Job, text.Positions(l.Range.First, l.Range.Count), numbersOf(l), l.Attempt, state, l.Writer, age(l.Time), unnamed(l, l.Err))
	}
	return w.Flush()
}

// unnamed returns an error of the number of a letter without the words that name it, because the reports name it.
func unnamed(l *fleet.DeadLetter, text string) string {
	if len(l.Numbers) != 1 {
		return text
	}
	return task.Unnamed(l.Kind, l.Numbers[0], text)
}

// numbersOf writes the first number of a letter, shortened, and how many follow.
func numbersOf(l *fleet.DeadLetter) string {
	if len(l.Numbers) == 0 {
		return "?"
	}
	s := task.Brief(l.Kind, l.Numbers[0])
	if more := len(l.Numbers) - 1; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func (d deadSession) show() error {
	given := d.ranges()
	attempts, err := d.fl.Attempts(d.ctx, d.job, func(job string, r task.Range) bool { return given[jobRange{job, r}] })
	if err != nil {
		return err
	}
	list := make([]letterReport, len(d.letters))
	for i := range d.letters {
		l := &d.letters[i]
		list[i] = report(l)
		list[i].Reproduce = reproduce(l)
		list[i].addHistory(l, attempts)
	}
	if d.c.Bool("json") {
		return command.PrintJSON(d.c, list)
	}
	for i := range list {
		list[i].Error = unnamed(&d.letters[i], list[i].Error)
		for k := range list[i].History {
			list[i].History[k].Error = unnamed(&d.letters[i], list[i].History[k].Error)
		}
		if err := printLetter(d.c, text.Positions(d.letters[i].Range.First, d.letters[i].Range.Count), &list[i]); err != nil {
			return err
		}
	}
	return nil
}

func printLetter(c *ucli.Context, position string, l *letterReport) error {
	w := c.App.Writer
	fmt.Fprintf(w, "job %s, position %s: %s\n", l.Job, position, strings.Join(l.brief, " "))
	fmt.Fprintf(w, "  given up by %s after attempt %d, %s ago: %s\n", l.Writer, l.Attempt, age(l.Time), l.Error)
	if err := l.printHistory(w); err != nil {
		return err
	}
	if l.Reproduce != "" {
		fmt.Fprintf(w, "  reproduce: %s\n", l.Reproduce)
	}
	return nil
}

// reproduce returns the command that repeats the computation of a letter's number on this machine, or
// "" if the letter has several numbers, or an item that cannot be shown.
func reproduce(l *fleet.DeadLetter) string {
	if len(l.Numbers) != 1 {
		return ""
	}
	if items, ok := itemsOf(l); ok {
		return reproduceItem(l.Kind, items[0])
	}
	cmd := "embedded submit -n 1"
	if l.Kind != task.KindFactor {
		cmd += " --kind " + l.Kind
	}
	if l.Budget > 0 {
		cmd += " --budget " + l.Budget.String()
	}
	if l.Certify {
		cmd += " --certify"
	}
	return cmd + " " + l.Numbers[0].String()
}
