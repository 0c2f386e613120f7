package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/outfile"
	"factorfleet/internal/private"
)

// destination opens the output that --output names: a file, or standard output with a nil file. It refuses
// an output that is also an input: the numbers would be lost before they are read.
func (s *Session) destination(c *ucli.Context) (w io.Writer, file *outfile.File, err error) {
	inputs := inputFiles(c)
	switch path := c.String("output"); path {
	case "", "-", "/dev/stdout":
		if err := cli.CheckStdout(); err != nil {
			return nil, nil, fmt.Errorf("%w: the answers would be lost; name a file by -o FILE, or discard them by -o /dev/null", err)
		}
		if info, err := os.Stdout.Stat(); err == nil && info.Mode().IsRegular() {
			if name := sameFile(inputs, func(i os.FileInfo) bool { return os.SameFile(i, info) }); name != "" {
				return nil, nil, cli.Usagef("standard output is the input file %s: write the answers to another file", name)
			}
		}
		return s.Screen.Stdout(), nil, nil
	default:
		file, err := outfile.Open(path)
		if errors.Is(err, outfile.ErrLink) {
			return nil, nil, cli.Usagef("-o %w", err)
		}
		if errors.Is(err, private.ErrLocked) {
			return nil, nil, cli.Exit(cli.Restart, err)
		}
		if err != nil {
			return nil, nil, cli.Exit(cli.FileError, err) // it names the file
		}
		if name := sameFile(inputs, file.Is); name != "" {
			file.Abandon()
			return nil, nil, cli.Usagef("-o %s would overwrite the input file %s: write the answers to another file", path, name)
		}
		return file, file, nil
	}
}

// An inputFile is a regular file from which submit reads numbers.
type inputFile struct {
	name string
	info os.FileInfo
}

// inputFiles returns the regular files that the command reads, standard input among them. Errors are left
// to the code that opens them.
func inputFiles(c *ucli.Context) (list []inputFile) {
	if c.Command.Name != "submit" {
		return nil
	}
	paths := c.StringSlice("file")
	if readsStdin(c) {
		paths = append(slices.Clone(paths), "-")
	}
	for _, path := range paths {
		name, stat := path, func() (os.FileInfo, error) { return os.Stat(path) }
		if path == "-" {
			name, stat = "standard input", os.Stdin.Stat
		}
		if info, err := stat(); err == nil && info.Mode().IsRegular() {
			list = append(list, inputFile{name, info})
		}
	}
	return list
}

// readsStdin reports whether no flag or argument of submit names a source of numbers: see sources.
func readsStdin(c *ucli.Context) bool {
	return c.NArg() == 0 && len(c.StringSlice("range")) == 0 && len(c.StringSlice("file")) == 0
}

// sameFile returns the name of the first input that is also the output, or "".
func sameFile(inputs []inputFile, isOutput func(os.FileInfo) bool) string {
	for _, in := range inputs {
		if isOutput(in.info) {
			return in.name
		}
	}
	return ""
}
