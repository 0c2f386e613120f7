package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/factored"
	"factorfleet/internal/fleet"
	"factorfleet/internal/outfile"
)

func exportAction(c *ucli.Context) error {
	path, err := cli.OptionalArg(c, "FILE")
	if err != nil {
		return err
	}
	return withCache(c, func(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error {
		if path == "" || path == "-" {
			if err := cli.CheckStdout(); err != nil {
				return err
			}
			return exportCache(ctx, s, fl, s.Screen.Stdout())
		}
		file, err := outfile.Open(path)
		if err != nil {
			return cli.Exit(cli.FileError, err)
		}
		err = exportCache(ctx, s, fl, file)
		if code := cli.Code(err); code != cli.OK && code != cli.Defects {
			if kept := file.Abandon(); kept != "" {
				s.Notef("the entries so far are in %s", kept)
			}
			return err
		}
		if e := file.Commit(); e != nil {
			return cli.Exit(cli.FileError, e)
		}
		return err
	})
}

// exportCache writes all true entries, the oldest first. If some are false, the exit code is Defects.
func exportCache(ctx context.Context, s *command.Session, fl *fleet.Fleet, to io.Writer) error {
	if err := fl.CacheError(ctx); err != nil {
		return err
	}
	w, falseEntries := bufio.NewWriter(to), 0
	err := fl.EachCached(ctx, func(e fleet.CacheEntry) error {
		n, f, err := factored.Parse(e.Line)
		if err == nil && factored.Key(n) != e.Key {
			err = errors.New("it is under the key of another number")
		}
		if err == nil {
			err = factored.Verify(ctx, n, &f)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			falseEntries++
			s.Log.Debug().Err(err).Str("key", fmt.Sprintf("%.40q", e.Key)).Msg("an entry of the cache is not believed")
			return nil
		}
		_, err = fmt.Fprintf(w, "%s\n", factored.Line(n, &f))
		return err
	})
	if e := w.Flush(); err == nil {
		err = e
	}
	if err == nil && falseEntries > 0 {
		s.Notef("entries left out because they are not true: %d", falseEntries)
		return cli.Exit(cli.Defects, nil)
	}
	return err
}
