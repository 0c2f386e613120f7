package main

import (
	"encoding/json"
	"fmt"
	"time"

	ucli "github.com/urfave/cli/v2"
)

func jsonFlag() ucli.Flag {
	return &ucli.BoolFlag{Name: "json", DisableDefaultText: true, Aliases: []string{"j"}, Usage: "print JSON"}
}

func printJSON(c *ucli.Context, v any) error {
	e := json.NewEncoder(c.App.Writer)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// age returns the time since t in its largest unit.
func age(t time.Time) string {
	switch d := time.Since(t); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(max(d, 0).Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}
