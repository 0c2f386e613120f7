package main

import (
	"encoding/json"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/text"
)

func jsonFlag() ucli.Flag {
	return &ucli.BoolFlag{Name: "json", DisableDefaultText: true, Aliases: []string{"j"}, Usage: "print JSON"}
}

func printJSON(c *ucli.Context, v any) error {
	e := json.NewEncoder(c.App.Writer)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// age writes the time since t in one unit, such as "11 s".
func age(t time.Time) string { return text.Age(time.Since(t)) }
