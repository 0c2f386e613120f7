package fleet_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/observe"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestObserverRoles: an Observer requests nothing that its role does not permit, and says what it cannot read. A refusal would
// end the session of a program.
func TestObserverRoles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		role  schema.Role
		reads bool
	}{{schema.RoleProducer, true}, {schema.RoleObserver, false}} {
		t.Run(string(test.role), func(t *testing.T) {
			t.Parallel()
			c := newCastle(t)
			j := &task.Job{ID: "j", Schema: 1, Kind: task.KindFactor, Class: task.ClassNorm, Chunk: "auto", State: task.Sealed, Count: 1, Created: time.Now().UTC()}
			if err := c.CreateJob(t.Context(), j); err != nil {
				t.Fatal(err)
			}
			if err := c.EmptyInputs("j").Append(t.Context(), 0, []nat.Nat{nat.New(15)}); err != nil {
				t.Fatal(err)
			}
			v := c.enter(test.role, "x", schema.PermissionsOf(test.role, "x"))
			f, err := fleet.Open(v.ctx, v.nc, v.js, stream.Options{Log: zerolog.Nop()})
			if err != nil {
				t.Fatal(err)
			}
			o, ended := observe.New(), make(chan struct{})
			ctx, stop := context.WithCancel(v.ctx)
			go func() { defer close(ended); o.Run(ctx, f) }()
			defer func() { stop(); <-ended }()
			var last *observe.View
			for view := range o.Watch(ctx) {
				last = view
				known := slices.ContainsFunc(view.Missing, func(why string) bool { return strings.HasPrefix(why, "input: ") })
				if view.Connected && view.Total == 1 && known != test.reads {
					break
				}
			}
			if len(last.Lines) != 1 || !test.reads && len(last.Missing) != 1 || test.reads && len(last.Missing) > 0 {
				t.Errorf("the view: %d jobs, missing %q", len(last.Lines), last.Missing)
			}
			page, err := o.Job(ctx, "j")
			if err != nil || (len(page.Missing) == 0) != test.reads {
				t.Errorf("the page of a job: %+v, %v", page, err)
			}
			if _, err := o.Dead(ctx, observe.DeadQuery{Query: observe.Query{Limit: 1}}); errors.Is(err, observe.ErrRefused) == test.reads {
				t.Errorf("dead letters: %v", err)
			}
			stop()
			<-ended
			if refused := v.leave(); len(refused) > 0 {
				t.Errorf("the server has refused %q", refused)
			}
		})
	}
}
