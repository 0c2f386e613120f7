package main

// benchClasses are the classes that bench measures without arguments.
var benchClasses = []string{
	"tutorial", "random40", "random63", "random96", "random128",
	"semiprime40", "semiprime52", "semiprime64", "semiprime80", "semiprime96", "semiprime128",
}

// lastRelease has the microseconds per number of the engine before it factored several numbers at once
// in vector lanes. Source: `consumer bench` on one of two cores of an Intel Xeon of 2023 (Sapphire
// Rapids).
var lastRelease = map[string]float64{
	"tutorial": 2.16, "random40": 2.11, "random63": 10.1, "random96": 617, "random128": 7495,
	"semiprime40": 6.95, "semiprime52": 20.7, "semiprime64": 65.4, "semiprime80": 2822, "semiprime96": 12_910, "semiprime128": 179_200,
}
