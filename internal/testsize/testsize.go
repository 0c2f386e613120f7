// Package testsize says how much work tests do, and what they do without a tool that they need. It is for tests only.
package testsize

import (
	"os"
	"os/exec"
	"testing"
)

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

// Need returns the path of a program that a test needs. Without it the test is skipped, which says that something is not
// tested; if Full, it fails: the gate installs what its tests need.
func Need(t testing.TB, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	switch {
	case err == nil:
	case Full():
		t.Fatalf("NOT TESTED: there is no %s", tool)
	default:
		t.Skipf("NOT TESTED: there is no %s", tool)
	}
	return path
}
