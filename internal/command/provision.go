package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// OpenOrProvision is Open for a process that may create the streams. If streams are missing, it creates them, unless the
// role of the credentials shows that this is not permitted; if it certainly may change streams, it brings those of an
// earlier release up to date. It takes the settings of the streams that exist, else those of init. changes has what it
// did. What is wrong then is logged. The caller must close the connection, unless err is not nil.
func (s *Session) OpenOrProvision(c *ucli.Context, name string) (f *fleet.Fleet, nc *natsconn.Conn, changes []fleet.Change, err error) {
	nc, js, err := s.Connect(c, name)
	if err != nil {
		return nil, nil, nil, err
	}
	if changes, err = s.provision(c, nc, js); err == nil {
		f, err = fleet.Open(s.Context, nc, js, stream.Options{Timeout: c.Duration("timeout"), Log: s.Log})
	}
	if err != nil {
		nc.Close()
		return nil, nil, nil, err
	}
	s.Log.Info().Str("url", natsconn.URL(nc)).Str("version", Version).Msg("connected")
	return f, nc, changes, nil
}

// IsUnreachable reports whether err says that no server has answered, or not in time: a later attempt may succeed.
func IsUnreachable(err error) bool { return natsconn.IsUnreachable(err) }

// provision creates the streams that are missing and updates others, as far as that may be permitted. A request that the
// server refuses would end the session. A user without a role may have any permissions: it creates what is missing, and
// nothing else.
func (s *Session) provision(c *ucli.Context, nc *natsconn.Conn, js natsconn.JetStream) (changes []fleet.Change, err error) {
	ctx, cancel := WithReplyTimeout(c, s)
	defer cancel()
	may := s.Identity.Role == schema.RoleAdmin || s.Identity.Role == "" && !nc.AuthRequired()
	findings, err := inspect(ctx, js, may)
	if err != nil {
		return nil, err
	}
	missing := slices.ContainsFunc(findings, func(f fleet.Finding) bool { return f.Kind == fleet.Missing })
	if may && len(findings) > 0 || s.MayCreate() && missing {
		if changes, err = fleet.Init(ctx, js, fleet.Provision{Adopt: true, Restricted: !may}); err != nil {
			return nil, cli.WithHint(fmt.Errorf("create the missing streams: %w", err), "%s", hintOf(err))
		}
		if findings, err = inspect(ctx, js, false); err != nil {
			return nil, err
		}
	}
	for _, f := range findings {
		if f.Kind != fleet.Missing { // which is an error of Open
			s.Log.Warn().Msg(f.String())
		}
	}
	return changes, nil
}

// MayCreate reports whether this process may create streams, as far as the role of its credentials shows.
func (s *Session) MayCreate() bool {
	return s.Identity.Role == "" || s.Identity.Role == schema.RoleAdmin
}

// NoteFindings prints what is wrong with the server and the streams of a fleet with the settings of p. It needs the
// permissions of an admin or an observer.
func (s *Session) NoteFindings(ctx context.Context, js natsconn.JetStream, p fleet.Provision) error {
	snapshot, err := fleet.Inspect(ctx, js, true)
	if err != nil {
		return err
	}
	for _, f := range fleet.Findings(snapshot, p) {
		s.Notef("warning: %s", f)
	}
	return nil
}

// inspect returns what is wrong with the server and the streams, but for settings that users choose.
func inspect(ctx context.Context, js natsconn.JetStream, complete bool) ([]fleet.Finding, error) {
	snapshot, err := fleet.Inspect(ctx, js, complete)
	if err != nil {
		return nil, err
	}
	return fleet.Findings(snapshot, fleet.Provision{}), nil
}

// hintOf returns the hint of an error, or what helps if streams cannot be created.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return "run `producer init` with the settings of this fleet"
}
