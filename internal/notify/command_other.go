//go:build !unix

package notify

import "os/exec"

// shell returns the words before a command line.
func shell() []string { return []string{"cmd", "/C"} }

func inGroup(*exec.Cmd) {}
