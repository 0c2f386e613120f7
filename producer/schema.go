package main

import (
	_ "embed"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"text/tabwriter"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/events"
	"factorfleet/internal/jsonschema"
	"factorfleet/internal/monitor"
	"factorfleet/internal/notify"
	"factorfleet/internal/observe"
	"factorfleet/internal/output"
	"factorfleet/internal/schema"
	"factorfleet/internal/worker"
)

func schemaCommand() *ucli.Command {
	return &ucli.Command{
		Name: "schema", Usage: "print the JSON Schema of a JSON output, or list the outputs", ArgsUsage: "[NAME]",
		Description: "The documents are of draft 2020-12. They describe the JSON of all three programs. Later versions may add\n" +
			"properties; programs that read the output should ignore those that they do not know.",
		Action: func(c *ucli.Context) error {
			name, err := cli.OptionalArg(c, "NAME")
			if err != nil {
				return err
			}
			if name == "" {
				return listSchemas(c)
			}
			return printSchema(c, name)
		},
	}
}

// A document is a JSON output: a value of its type describes it.
type document struct {
	name, title string
	value       any
}

// documents are all JSON outputs of the programs. A command with several outputs has an entry for each.
var documents = []document{
	{"result", "a line of submit, wait and results with --json: the answer for one number", output.JSONLine()},
	{"item", "a line of submit, wait and results with --json: the answer for one item", output.ItemLine()},
	{"status", "producer status --json: the fleet", observe.Fleet{}},
	{"status-job", "producer status JOB --json: one job", observe.Job{}},
	{"status-server", "producer status --json, if some of the streams are missing", observe.Server{}},
	{"ls", "producer ls --json: the jobs, the oldest first", []jobEntry{}},
	{"workers-ls", "producer workers ls --json: the workers, by name", []observe.Worker{}},
	{"plan", "producer plan --json and embedded plan --json: what a list of numbers takes", command.PlanReport{}},
	{"dead-ls", "producer dead ls --json: the dead letters", []letterReport{}},
	{"dead-show", "producer dead show --json: the dead letters with the history of their attempts", []letterReport{}},
	{"check", "producer check --json: the outcome of one check", monitor.Result{}},
	{"verify", "producer verify --json: counts of the lines of a file", verifyReport{}},
	{"cache-stats", "producer cache stats --json: how full the cache of factorizations is", cacheReport{}},
	{"cache-import", "producer cache import --json: counts of the lines of a file", importReport{}},
	{"init", "producer init --json: what was created or updated", initReport{}},
	{"permissions", "producer init --print-permissions --json: the permissions of each role, for an identity NAME", map[schema.Role]schema.Permissions{}},
	{"keys-ls", "embedded keys ls --json: the identities", []command.KeyReport{}},
	{"version", "version --json of each program", command.VersionReport{}},
	{"bench", "a line of consumer bench --json: the speed for one class of numbers", command.BenchReport{}},
	{"view", "GET /api/v1/view, and each event of /api/v1/events: what is seen of a fleet", observe.View{}},
	{"job-view", "GET /api/v1/jobs/JOB: what is seen of a job", observe.JobView{}},
	{"job-page", "GET /api/v1/jobs: a part of the list of jobs", observe.JobPage{}},
	{"worker-page", "GET /api/v1/workers: a part of the list of workers", observe.WorkerPage{}},
	{"dead-page", "GET /api/v1/dead: a part of the list of dead letters", observe.DeadPage{}},
	{"event", "a line of producer events --json", events.Event{}},
	{"notification", "what a command or address of --notify gets", notify.Event{}},
	{"log", "a line on standard error with --log-format json, or of a service off a terminal; it has the facts of its message as further properties", command.LogLine{}},
	{"heartbeat", "a heartbeat of consumer in the bucket FACTOR_WORKERS, and its answer to FACTOR.status.<worker>", worker.Status{}},
}

// listSchemas prints the names of the documents.
func listSchemas(c *ucli.Context) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tOUTPUT")
	for _, d := range documents {
		fmt.Fprintf(w, "%s\t%s\n", d.name, d.title)
	}
	return w.Flush()
}

// printSchema prints the document of that name.
func printSchema(c *ucli.Context, name string) error {
	names := make([]string, len(documents))
	for i, d := range documents {
		if names[i] = d.name; d.name == name {
			return command.PrintJSON(c, d.schema())
		}
	}
	return cli.Unknown("schema", name, names)
}

// schema returns the JSON Schema of d.
func (d *document) schema() jsonschema.Schema {
	s := jsonschema.Of(reflect.TypeOf(d.value), describe)
	s.Schema, s.Title, s.Description = jsonschema.Draft, d.name, d.title
	return s
}

// propertyText has the descriptions of all properties, one a line: Go type and property, spaces, description. Lines
// that begin with # are comments.
//
//go:embed schema.txt
var propertyText string

// properties has propertyText by type and property.
var properties = sync.OnceValue(func() map[string]string {
	table := make(map[string]string)
	for line := range strings.Lines(propertyText) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(name, "#") {
			table[name] = strings.TrimSpace(text)
		}
	}
	return table
})

// describe returns the description of a property; "" if it has none, which a test finds.
func describe(owner, property string) string { return properties()[owner+"."+property] }
