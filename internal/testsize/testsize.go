// Package testsize says how much work tests do. It is for tests only.
package testsize

import "os"

// Variable is the environment variable that has tests do all of their work, if its value is "full". Without it a test
// that takes seconds at each level of kernels does so at the best level only, and at the others as with -short. The gate
// sets it.
const Variable = "FACTORFLEET_TESTS"

// Full reports whether Variable asks for all work.
func Full() bool { return os.Getenv(Variable) == "full" }

// Of returns all if Full, else few: how often a test repeats something with other random values.
func Of(all, few int) int {
	if Full() {
		return all
	}
	return few
}
