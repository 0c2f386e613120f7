package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// tablePrinter returns a function that prints reports as lines of a table, with the header before the
// first. The columns have a fixed width, because each line is printed before the next is known.
func tablePrinter(w io.Writer) func(*benchReport) error {
	first := true
	return func(r *benchReport) error {
		tw := tabwriter.NewWriter(w, 14, 8, 2, ' ', tabwriter.AlignRight)
		if first {
			fmt.Fprint(tw, "CLASS\tKERNELS\tNUMBERS/S\tUS/NUMBER\tLAST RELEASE\tRATIO\tMAIN METHOD\t\n")
			first = false
		}
		before, ratio := "-", "-"
		if r.Before > 0 {
			before, ratio = micros(r.Before), fmt.Sprintf("%.1f", r.Before/r.Micros)
		}
		fmt.Fprintf(tw, "%s\t%s\t%.0f\t%s\t%s\t%s\t%s\t\n", r.Class, r.Kernels, r.Rate, micros(r.Micros), before, ratio, r.Method)
		return tw.Flush()
	}
}

// micros writes a time in microseconds with at least three digits.
func micros(us float64) string {
	if us >= 100 {
		return fmt.Sprintf("%.0f", us)
	}
	return fmt.Sprintf("%.3g", us)
}
