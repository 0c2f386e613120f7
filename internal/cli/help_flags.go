package cli

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagColumn is the width of the names of flags. Longer ones have a line of their own.
const flagColumn = 24

// printFlags writes the flags of a command: those without a category under title, the others under their categories.
func printFlags(b *strings.Builder, flags []cli.Flag, title string) {
	byCategory := make(map[string][][2]string)
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok || slices.Contains(f.Names(), "help") {
			continue
		}
		category := categoryOf(f)
		byCategory[category] = append(byCategory[category], flagRow(doc))
	}
	var names []string
	for name := range byCategory {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare)
	for _, name := range names {
		rows := byCategory[name]
		slices.SortStableFunc(rows, func(x, y [2]string) int { return cmp.Compare(sortKey(x[0]), sortKey(y[0])) })
		heading := title
		if name != "" {
			heading = title + " (" + name + ")"
		}
		section(b, heading, columns(rows, flagColumn))
	}
}

func categoryOf(f cli.Flag) string {
	if c, ok := f.(cli.CategorizableFlag); ok {
		return c.GetCategory()
	}
	return ""
}

// sortKey returns the long name in "-f, --file FILE", by which flags are sorted.
func sortKey(names string) string {
	if _, long, ok := strings.Cut(names, "--"); ok {
		return long
	}
	return strings.TrimLeft(names, "-")
}

// placeholder matches the word in a usage that stands for the value of the flag.
var placeholder = regexp.MustCompile("`([^`]*)`")

// flagRow returns the names of a flag with its value, such as "-f, --file FILE", and what it does, with its default and its
// environment variables.
func flagRow(f cli.DocGenerationFlag) [2]string {
	usage, value := f.GetUsage(), ""
	if f.TakesValue() {
		value = " VALUE"
		if m := placeholder.FindStringSubmatch(usage); m != nil {
			value = " " + m[1]
		}
		usage = placeholder.ReplaceAllString(usage, "$1")
		if d := strings.Trim(f.GetDefaultText(), `"`); d != "" && d != "0s" {
			usage += " (default: " + d + ")"
		}
	}
	if env := f.GetEnvVars(); len(env) > 0 {
		usage += " [$" + strings.Join(env, ", $") + "]"
	}
	return [2]string{namesOf(f.Names()) + value, usage}
}

// namesOf returns the names of a flag, the short one first: "-f, --file".
func namesOf(names []string) string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(min(len(x), 2), min(len(y), 2)) })
	for i, name := range names {
		names[i] = flagName(name)
	}
	return strings.Join(names, ", ")
}

// flagName returns the name of a flag with its dashes.
func flagName(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
