package command

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// Unsupervised says that no supervisor of the fleet is alive, what that means, and what to do.
const Unsupervised = "unsupervised: no supervisor is alive, so tasks that a worker loses or returns wait until one is; run `producer serve`"

// NoHolder says that no process queues the tasks of a throttled job, and what to do.
func NoHolder(id string) string {
	return "no supervisor is alive, so no task of the job is queued until one is; run `producer serve`, or `producer wait " + id + "`"
}

// supervisorTimeout bounds the search for supervisors, which is only for a warning.
const supervisorTimeout = 3 * time.Second

// warnUnsupervised prints a warning if the fleet is unsupervised and the job j was left to it. It prints nothing if that
// is unknown.
func (s *Session) warnUnsupervised(f *fleet.Fleet, j *task.Job) {
	ctx, cancel := context.WithTimeout(s.Context, supervisorTimeout)
	defer cancel()
	names, err := f.Supervisors(ctx)
	if err != nil {
		s.Log.Debug().Err(err).Msg("cannot see whether the fleet is supervised")
	} else if len(names) == 0 && j.Throttled {
		s.Notef("%s", NoHolder(j.ID))
	} else if len(names) == 0 {
		s.Notef("%s", Unsupervised)
	}
}

// LogUnsupervised logs a warning if the fleet is unsupervised. It is for a worker: the permissions of a worker
// do not show leases, so with its credentials it does nothing. Other logins may lack permissions too. So it
// uses a connection of its own: a refusal there does not end the session.
func (s *Session) LogUnsupervised(c *ucli.Context) {
	if s.Identity.Role == schema.RoleWorker {
		return
	}
	ctx, cancel := context.WithTimeout(s.Context, supervisorTimeout)
	defer cancel()
	names, err := s.supervisors(ctx, c)
	if err != nil {
		s.Log.Debug().Err(err).Msg("cannot see whether the fleet is supervised")
	} else if len(names) == 0 {
		s.Log.Warn().Msg(Unsupervised)
	}
}

// supervisors reads the supervisors that are alive, over a connection of its own.
func (s *Session) supervisors(ctx context.Context, c *ucli.Context) ([]string, error) {
	config, err := cli.Connection(c, "supervisor check")
	if err != nil {
		return nil, err
	}
	if config, err = config.Resolve(); err != nil {
		return nil, err
	}
	nc, _, err := config.Dial(ctx, config.Events(zerolog.Nop(), func(error) {})...)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	js, err := config.JetStream(nc)
	if err != nil {
		return nil, err
	}
	return fleet.Supervisors(ctx, js)
}
