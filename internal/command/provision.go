package command

import (
	"errors"
	"fmt"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// OpenOrProvision is Open for a process that may create the streams. If streams are missing, it creates them
// with the default settings of init, unless the role of the credentials shows that this is not permitted. It
// replaces a bucket of heartbeats of an earlier release, if it may. made has a line for each thing that was created.
// The caller must close the connection, unless err is not nil.
func (s *Session) OpenOrProvision(c *ucli.Context, name string) (f *fleet.Fleet, nc *natsconn.Conn, made []string, err error) {
	nc, js, err := s.Connect(c, name)
	if err != nil {
		return nil, nil, nil, err
	}
	options := stream.Options{Timeout: c.Duration("timeout"), Log: s.Log}
	f, err = fleet.Open(s.Context, nc, js, options)
	if role := s.Identity.Role; errors.Is(err, stream.ErrNotProvisioned) && (role == "" || role == schema.RoleAdmin) {
		if made, err = s.provision(c, js); err == nil {
			f, err = fleet.Open(s.Context, nc, js, options)
		}
	} else if err == nil {
		made, err = s.replaceHeartbeats(c, nc, f)
	}
	if err != nil {
		nc.Close()
		return nil, nil, nil, err
	}
	s.Log.Info().Str("url", natsconn.URL(nc)).Str("version", Version).Msg("connected")
	return f, nc, made, nil
}

// replaceHeartbeats replaces a bucket of heartbeats of an earlier release, or warns of it if that may not be
// permitted. A request that the server refuses would end the session. A user without a role may have any permissions.
func (s *Session) replaceHeartbeats(c *ucli.Context, nc *natsconn.Conn, f *fleet.Fleet) (made []string, err error) {
	ctx, cancel := WithReplyTimeout(c, s)
	defer cancel()
	if role := s.Identity.Role; role == schema.RoleAdmin || role == "" && !nc.AuthRequired() {
		return f.ReplaceHeartbeats(ctx)
	}
	outdated, err := f.OutdatedHeartbeats(ctx)
	if outdated {
		s.Log.Warn().Msg("one worker can remove the heartbeats of all others: run `producer init` with credentials of an admin")
	}
	return nil, err
}

// IsUnreachable reports whether err says that no server has answered, or not in time: a later attempt may succeed.
func IsUnreachable(err error) bool { return natsconn.IsUnreachable(err) }

// provision creates the streams that are missing. It creates none if others exist with other settings: then the
// defaults are not what the fleet needs.
func (s *Session) provision(c *ucli.Context, js natsconn.JetStream) (made []string, err error) {
	ctx, cancel := WithReplyTimeout(c, s)
	defer cancel()
	settings := fleet.Provision{Replicas: 1, AckWait: schema.DefaultAckWait, DryRun: true}
	if _, err = fleet.Init(ctx, js, settings); err == nil {
		settings.DryRun = false
		made, err = fleet.Init(ctx, js, settings)
	}
	if err != nil {
		return nil, cli.WithHint(fmt.Errorf("create the missing streams: %w", err), "run `producer init` with the settings of this fleet")
	}
	return made, nil
}
