package test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/jsonschema"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
)

// Every JSON output that a test reads with report is held against the document that `producer schema` prints for it. The
// tests below have the outputs that are not read in this way.

// documents has what `producer schema NAME` has printed, by NAME.
var documents sync.Map

// documentOf returns the JSON Schema of an output.
func documentOf(t testing.TB, name string) []byte {
	t.Helper()
	if d, ok := documents.Load(name); ok {
		return d.([]byte)
	}
	d := []byte(run(t, "producer", "schema "+name).wantCode(0).wantStderr("").stdout.String())
	documents.Store(name, d)
	return d
}

// wantSchema checks that a JSON value fits the document of that name, and has no property that the document lacks.
func wantSchema(t testing.TB, name, value string) {
	t.Helper()
	if err := jsonschema.Check(documentOf(t, name), []byte(value)); err != nil {
		t.Errorf("output %s: %v\nA new property needs a line in producer/schema.txt. The value is\n%.2000s", name, err, value)
	}
}

// wantSchemaOfLines checks each line of an output.
func wantSchemaOfLines(t testing.TB, name string, p *program) {
	t.Helper()
	if p.stdout.String() == "" {
		t.Errorf("%s: no output", p.line)
	}
	for line := range strings.Lines(p.stdout.String()) {
		wantSchema(t, name, line)
	}
}

// outputName returns the name of the document for the output of a command of producer, such as "dead ls JOB".
func outputName(args string) string {
	words := slices.DeleteFunc(strings.Fields(args), func(word string) bool { return strings.HasPrefix(word, "-") })
	switch words[0] {
	case "workers", "dead":
		return strings.Join(words[:2], "-")
	case "status":
		if len(words) > 1 {
			return "status-job"
		}
	}
	return words[0]
}

// TestSchemaOfAnswers: lines of format json of all kinds of answers.
func TestSchemaOfAnswers(t *testing.T) {
	t.Parallel()
	wantSchemaOfLines(t, "result", run(t, "embedded", "submit --json", feed(oddities)).wantCode(0))
	wantSchemaOfLines(t, "result", run(t, "embedded", "submit --json --kind square 12").wantCode(0))
	wantSchemaOfLines(t, "result", run(t, "embedded", "submit --json -n 1 --budget 50ms 15 "+hard).wantCode(1))
	certified := run(t, "embedded", "submit --json --certify 18446744073709551629").wantCode(0)
	wantSchemaOfLines(t, "result", certified)
	if !strings.Contains(certified.stdout.String(), `"cert"`) {
		t.Errorf("no certificate: %s", certified.stdout.String())
	}
}

// TestSchemaOfReports: the reports of all commands about a fleet with a job that has ended, a number that was given up, a
// job without a worker, and workers.
func TestSchemaOfReports(t *testing.T) {
	t.Parallel()
	s := startFleetWith(t, time.Second)
	wantSchema(t, "init", s.run("producer", "init --json --ack-wait 1s").wantCode(0).stdout.String())
	wantSchema(t, "permissions", s.run("producer", "init --print-permissions --json").wantCode(0).stdout.String())
	stop := s.worker("fragile", fragile{nat.New(1_000_017)})
	lines := s.run("producer", "submit --json --id j 1000017 1000018 x").wantCode(1)
	wantSchemaOfLines(t, "result", lines)
	if !strings.Contains(lines.stdout.String(), `"DEAD"`) {
		t.Errorf("no number was given up: %s", lines.stdout.String())
	}
	stop()
	s.consumer("-n 1 --name gopher")
	s.run("producer", "workers quarantine gopher --reason test").wantCode(0)
	eventually(t, "the worker beats", func() bool { return s.workerReport("gopher").Alive })
	wantSchema(t, "heartbeat", string(s.heartbeat("gopher")))
	s.run("producer", "submit --detach --id open --priority low 15 "+hard).wantCode(0)
	for _, args := range []string{"status", "status j", "status open", "status open --explain", "ls", "workers ls", "dead ls", "dead ls --claims", "dead show j"} {
		report[any](s, args) // checks the schema
	}
	if plans := report[struct{ Plans []any }](s, "status open --explain").Plans; len(plans) == 0 {
		t.Error("no plan")
	}

	_, js := s.connect()
	if err := js.DeleteStream(t.Context(), schema.StreamReturns); err != nil {
		t.Fatal(err)
	}
	wantSchema(t, "status-server", s.run("producer", "status --json").stdout.String())
}

// TestSchemaOfLocals: the outputs of commands that need no server.
func TestSchemaOfLocals(t *testing.T) {
	t.Parallel()
	wantSchema(t, "verify", run(t, "producer", "verify --json -", feed("15: 3 5\n")).wantCode(0).stdout.String())
	wantSchemaOfLines(t, "bench", run(t, "consumer", "bench --json --time 1ms random40 random63").wantCode(0))
	keys := t.TempDir() + "/keys"
	run(t, "embedded", "keys init --secure "+keys)
	run(t, "producer", "init --print-server-conf --secure "+keys).wantCode(0)
	wantSchema(t, "keys-ls", run(t, "embedded", "keys ls --json --secure "+keys).wantCode(0).stdout.String())

	// Lines of a log have the facts of their message as further properties.
	p := run(t, "producer", "ls --log-format json -s nats://127.0.0.1:1").wantCode(3)
	var described struct {
		Properties map[string]any
		Required   []string
	}
	if err := json.Unmarshal(documentOf(t, "log"), &described); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(p.stderr.String()) {
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatal(err)
		}
		for name := range said {
			if described.Properties[name] == nil {
				delete(said, name)
			}
		}
		rest, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		wantSchema(t, "log", string(rest))
	}
}

// TestSchemaCommand: without a name the command lists all documents, and all that it lists can be printed. An unknown name
// is an error that suggests one.
func TestSchemaCommand(t *testing.T) {
	t.Parallel()
	list := run(t, "producer", "schema").wantCode(0).wantStderr("").stdout.String()
	rows := strings.Split(strings.TrimSpace(list), "\n")[1:]
	if len(rows) < 10 {
		t.Errorf("a list of only\n%s", list)
	}
	for _, row := range rows {
		name, title, _ := strings.Cut(row, " ")
		var d struct {
			Schema      string `json:"$schema"`
			Description string
		}
		if err := json.Unmarshal(documentOf(t, name), &d); err != nil || d.Schema != jsonschema.Draft || d.Description != strings.TrimSpace(title) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	run(t, "producer", "schema statsu").wantCode(2).wantSaid(`unknown schema "statsu"`, "did you mean status?")
	run(t, "producer", "schema status ls").wantCode(2)
}
