package main

import (
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

func cheatCommand() *ucli.Command {
	return &ucli.Command{
		Name: "cheat", Usage: "print commands of the nats program that show this fleet",
		Description: "nats is the command line of NATS: https://github.com/nats-io/natscli. Its connection flags and\n" +
			"environment variables are those of producer. The commands that are printed change nothing, but for\n" +
			"those under \"changes\".",
		UsageText: "producer cheat\nproducer cheat --context lab  # with the flags for that server",
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			for i, s := range cheatSheet(natsFlags(c)) {
				if i > 0 {
					fmt.Fprintln(c.App.Writer)
				}
				fmt.Fprintf(c.App.Writer, "# %s\n%s\n", s[0], s[1])
			}
			return nil
		},
	}
}

// natsFlags returns the connection flags of a command line in the form of nats, each behind a blank. Secrets are left out:
// nats reads them from the same environment variables.
func natsFlags(c *ucli.Context) string {
	var b strings.Builder
	for _, name := range []string{"server", "context", "creds", "nkey", "user", "tlscert", "tlskey", "tlsca", "inbox-prefix", "js-domain", "js-api-prefix"} {
		if value := c.String(name); value != "" && (c.IsSet(name)) {
			b.WriteString(" --" + name + " " + shellWord(value))
		}
	}
	if c.Bool("tlsfirst") {
		b.WriteString(" --tlsfirst")
	}
	return b.String()
}

// shellWord returns a word as a shell reads it.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./:,@%+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// cheatSheet returns what each command shows, and the command. flags follow the word nats.
func cheatSheet(flags string) (sheet [][2]string) {
	add := func(about, format string, args ...any) {
		sheet = append(sheet, [2]string{about, "nats" + flags + " " + fmt.Sprintf(format, args...)})
	}
	add("which workers answer now, and what they say of themselves", "micro ls %s", schema.ServiceName)
	add("the same with their figures", "micro stats %s", schema.ServiceName)
	for _, d := range schema.Durables(schema.DefaultAckWait) {
		if class, ok := schema.DurableClass(d.Name); ok {
			add(fmt.Sprintf("the queue of priority %s: tasks that wait, are delivered, and were delivered again", class), "consumer info %s %s", d.Stream, d.Name)
		}
	}
	for _, s := range schema.Streams(0) {
		add("stream "+s.Name+": "+s.Description, "stream info %s", s.Name)
	}
	for _, b := range schema.Buckets() {
		add("bucket "+b.Name+": "+b.Description, "kv ls %s --verbose", b.Name)
	}
	add("the manifest of job JOB", "kv get %s JOB --raw", schema.BucketJobs)
	add("heartbeats as they arrive", "kv watch %s", schema.BucketWorkers)
	add("how many tasks of each job are queued", "stream subjects %s --filter '%s>'", schema.StreamTasks, schema.TasksPrefix)
	add("dead letters and failed attempts, one after the other", "stream view %s", schema.StreamDead)
	add("tasks whose deliveries are exhausted, as they happen", "sub '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.%s.>'", schema.StreamTasks)
	add("orders to workers, as they are given", "sub '%s'", schema.OrderSubject)
	add("what each connection does", "server report connections")
	add("changes: no worker gets a task of priority norm for ten minutes", "consumer pause %s %s 10m", schema.StreamTasks, schema.Durable(task.ClassNorm))
	add("changes: keep a copy of all streams", "account backup ./factorfleet-backup")
	return sheet
}
