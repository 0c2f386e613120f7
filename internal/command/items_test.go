package command

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"factorfleet/internal/cli"
	"factorfleet/internal/input"
	"factorfleet/internal/nat"
	"factorfleet/internal/output"
	"factorfleet/internal/task"
)

// TestItemSubmission: the flags of a submission of items.
func TestItemSubmission(t *testing.T) {
	for line, want := range map[string]task.Format{
		"--kind exec:resize":                                 task.FormatLines,
		"--kind exec:resize -0 --chunk 10":                   task.FormatNUL,
		"--kind exec:resize --null":                          task.FormatNUL,
		"--kind exec:resize --ndjson --id j --budget 10s":    task.FormatJSON,
		"--kind exec:resize --priority hi --as-completed 15": task.FormatLines,
		"--kind square":                                      "",
	} {
		if got, err := submitLine(t, line); err != nil || got.Format != want || (want != "") != task.IsExec(got.Kind) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"-0":                                     "-0 is for items: use it with --kind exec:NAME",
		"--kind square --ndjson":                 "--ndjson is for items: use it with --kind exec:NAME",
		"--kind exec:a -0 --ndjson":              "use -0 or --ndjson, not both",
		"--kind exec:a --range 1:5":              "--range is for numbers: leave it out with --kind exec:a",
		"--kind exec:a --certify":                "--certify requires --kind factor",
		"--kind exec:a --campaign never":         "--campaign is for numbers",
		"--kind exec:a --work T35":               "--work is for numbers",
		"--kind exec:a --explain":                "--explain is for numbers",
		"--kind exec:a -e":                       "--exponents is for numbers",
		"--kind exec:a --chunk 5s":               "--chunk 5s needs a prediction",
		"--kind exec:Resize":                     `"Resize" is not the name of a command: use 1 to 24 of a-z 0-9 _ -`,
		"--kind exec:" + strings.Repeat("a", 25): "is not the name of a command",
		"--kind cube":                            `"cube" is not a kind of work: use factor, square or exec:NAME`,
	} {
		if _, err := submitLine(t, line); cli.Code(err) != cli.Usage || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

// TestItemSources: arguments are items as they are, and files are read in the format of the items.
func TestItemSources(t *testing.T) {
	sub, err := submitLine(t, "--kind exec:a -f ../../LICENSE -- 007 -1 a b")
	if err != nil || len(sub.Sources) != 2 {
		t.Fatalf("%+v, %v", sub, err)
	}
	r := input.New(func(b task.BadToken) { t.Errorf("%s", input.Describe(b)) }, sub.Sources...)
	var items []string
	dst := make([]nat.Nat, 100)
	for n, err := 0, error(nil); err != io.EOF; {
		if n, err = r.Read(dst); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		for _, x := range dst[:n] {
			item, _ := task.AppendItem(nil, x)
			items = append(items, string(item))
		}
	}
	if got := strings.Join(items[:4], "|"); got != "007|-1|a|b" || len(items) < 5 || strings.Contains(items[4], "\n") {
		t.Errorf("%q", items)
	}
}

// TestItemOutput: formats for numbers are refused for items.
func TestItemOutput(t *testing.T) {
	for format, ok := range map[output.Format]bool{output.Factor: true, output.JSON: true, output.CSV: false, output.PARI: false, output.FactorDB: false} {
		if err := checkOutput(format, "exec:a"); (err == nil) != ok || err != nil && cli.Code(err) != cli.Usage {
			t.Errorf("%s: %v", format, err)
		}
	}
}
