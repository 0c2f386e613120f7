package execkind

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// checkSystem returns an error if c wants what this system does not have.
func (c *Command) checkSystem() error {
	switch {
	case c.Limits != Limits{}:
		return errors.New("Windows has no limits of memory, CPU time, niceness or affinity for commands")
	case c.Mode == Args && (!c.Direct || isBatch(c.words[0])):
		return errors.New("mode args needs a direct command on Windows, and no batch file: cmd.exe would parse the item")
	}
	return nil
}

// isBatch reports whether Windows runs a file by cmd.exe.
func isBatch(file string) bool {
	ext := strings.ToLower(filepath.Ext(file))
	return ext != ".exe" && ext != ".com" && ext != ""
}

// newCmd returns c, for an item if it is in mode args. cmd.exe has its own rules of quoting, and gets the line as it is.
func (c *Command) newCmd(item *string) *exec.Cmd {
	if !c.Direct {
		cmd := exec.Command("cmd")
		cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd /S /C "` + c.Line + `"`}
		return cmd
	}
	words := c.words[1:len(c.words):len(c.words)]
	if item != nil {
		words = append(words, *item)
	}
	return exec.Command(c.words[0], words...)
}
