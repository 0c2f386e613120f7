package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// completed is an app for the completion.
func completed() *cli.App {
	app := &cli.App{
		Name:  "p",
		Flags: []cli.Flag{&cli.StringFlag{Name: "server", Aliases: []string{"s"}, Usage: "`URL` of NATS"}, &cli.BoolFlag{Name: "quick"}},
		Commands: []*cli.Command{
			{Name: "submit", Usage: "queue", ArgsUsage: "[NUMBER...]", Flags: []cli.Flag{
				&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "read `FILE`"}, &cli.StringFlag{Name: "format", Usage: "`FORMAT`"},
			}},
			{Name: "dead", Subcommands: []*cli.Command{{Name: "ls", ArgsUsage: "[JOB]", Flags: []cli.Flag{&cli.StringFlag{Name: "format"}}}, {Name: "rm", ArgsUsage: "JOB..."}}},
			{Name: "verify", ArgsUsage: "FILE"}, {Name: "secret", Hidden: true},
		},
	}
	prepare(app)
	return app
}

func TestComplete(t *testing.T) {
	known := Completions{
		Values: map[string][]string{"format": {"json", "csv"}, "dead format": {"text"}},
		Arguments: func(placeholder string, words []string) []Candidate {
			return []Candidate{{placeholder + strings.Join(FlagsOf(completed(), words), ","), ""}}
		},
	}
	for line, want := range map[string]string{
		"":                     "submit dead verify",
		"su":                   "submit dead verify", // the shell compares
		"-":                    "--server --quick --help",
		"submit|-":             "--file --format --help --server --quick",
		"submit|--format|":     "json csv",
		"submit|--format=":     "--format=json --format=csv",
		"dead|ls|--format|":    "text",
		"submit|-f|":           filesWanted,
		"submit|--server|":     "",
		"-s|u|dead|":           "ls rm",
		"dead|ls|":             "JOB",
		"dead|ls|j|":           "",
		"dead|rm|j|":           "JOB",
		"-s|u|dead|ls|-quick|": "JOB-s,u,-quick",
		"dead|ls|--server=u|x": "JOB--server=u",
		"dead|--|ls|":          "",
		"verify|":              filesWanted,
		"nothing|":             "",
		"submit|--unknown|":    "NUMBER",
	} {
		words := strings.Split(line, "|")
		var got []string
		for _, c := range complete(completed(), words, known) {
			got = append(got, c.Word)
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q", line, got)
		}
	}
}
