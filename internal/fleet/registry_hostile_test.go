package fleet_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// A registryRig is a server with an honest worker, whose heartbeat is stored, and a hostile one.
type registryRig struct {
	*castle
	hostile *visitor
}

func newRegistryRig(t *testing.T) *registryRig {
	t.Helper()
	r := &registryRig{castle: newCastle(t)}
	v := r.enter(schema.RoleWorker, "honest", schema.PermissionsOf(schema.RoleWorker, "honest"))
	honest, err := puller.Open(t.Context(), v.nc, v.js, "honest", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := honest.Beat(worker.Status{}); err != nil {
		t.Fatal(err)
	}
	if err := v.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	for r.count("honest") == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	fleettest.Background(t, func(ctx context.Context) error { // it stays alive, however slow the machine is
		for {
			stream.Sleep(ctx, schema.BeatInterval)
			if ctx.Err() != nil {
				return nil
			}
			honest.Beat(worker.Status{})
		}
	})
	r.hostile = r.enter(schema.RoleWorker, "hostile", schema.PermissionsOf(schema.RoleWorker, "hostile"))
	return r
}

// count returns how many processes of a worker are listed.
func (r *registryRig) count(name string) (n int) {
	r.t.Helper()
	list, err := r.Workers(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, w := range list {
		if w.Name == name {
			n++
		}
	}
	return n
}

// send publishes a heartbeat of the hostile worker, and returns the server's answer.
func (r *registryRig) send(instance string, payload []byte, header nats.Header) string {
	r.t.Helper()
	m := &nats.Msg{Subject: schema.KeyPrefix(schema.BucketWorkers) + "hostile." + instance, Data: payload, Header: header}
	answer, err := r.hostile.nc.RequestMsgWithContext(r.hostile.ctx, m)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(answer.Data)
}

// TestHostileHeaders: the header of a heartbeat removes no other heartbeat, and cannot make one live longer.
func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	r := newRegistryRig(t)
	for _, header := range []nats.Header{
		{"Nats-Rollup": {"all"}}, {"Nats-Rollup": {"sub"}}, {"Nats-TTL": {"never"}}, {"Nats-TTL": {"1000h"}},
		{"Nats-Schedule": {"@every 1s"}, "Nats-Schedule-Target": {schema.KeyPrefix(schema.BucketWorkers) + "honest.x"}},
	} {
		if answer := r.send("i", []byte(`{"slots":4096}`), header); !strings.Contains(answer, `"error"`) {
			t.Errorf("%v: the server says %s", header, answer)
		}
	}
	if honest, hostile := r.count("honest"), r.count("hostile"); honest != 1 || hostile != 0 {
		t.Errorf("%d processes of the honest worker and %d of the hostile one are listed", honest, hostile)
	}
	info, err := r.js.Stream(t.Context(), schema.BucketStream(schema.BucketWorkers))
	if err != nil {
		t.Fatal(err)
	}
	if age := info.CachedInfo().Config.MaxAge; age != 30*time.Second {
		t.Errorf("heartbeats live for %v", age)
	}
}

// TestHostileSize: a heartbeat of MaxStatusSize bytes is stored, a longer one is not; its headers count.
func TestHostileSize(t *testing.T) {
	t.Parallel()
	r := newRegistryRig(t)
	for _, x := range []struct {
		size   int
		header nats.Header
		stored bool
	}{
		{schema.MaxStatusSize, nil, true}, {schema.MaxStatusSize + 1, nil, false}, {16000, nil, false},
		{schema.MaxStatusSize - 10, nats.Header{"A": {"b"}}, false},
	} {
		if answer := r.send("i", make([]byte, x.size), x.header); strings.Contains(answer, `"error"`) == x.stored {
			t.Errorf("%d bytes, header %v: the server says %s", x.size, x.header, answer)
		}
	}
}

// TestHostileCrowd: a worker with thousands of heartbeats is read up to a limit and named, and hides no other.
func TestHostileCrowd(t *testing.T) {
	t.Parallel()
	r := newRegistryRig(t)
	const crowd = 5000
	padding := strings.Repeat("x", 4000)
	for i := range crowd {
		subject := fmt.Sprint(schema.KeyPrefix(schema.BucketWorkers), "hostile.", i)
		text := fmt.Sprintf(`{"state":"running","slots":9,"holding":["j.%d-1.0"],"version":%q}`, i, padding)
		if err := r.hostile.nc.Publish(subject, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if answer := r.send("last", []byte("{}"), nil); strings.Contains(answer, `"error"`) {
		t.Fatal(answer)
	}
	list, err := r.ListWorkers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Workers) != 257 || list.Workers[0].Name != "honest" {
		t.Errorf("%d workers, the first is %s", len(list.Workers), list.Workers[0].Name)
	}
	if len(list.Crowds) != 1 || list.Crowds[0] != (fleet.Crowd{Worker: "hostile", Heartbeats: crowd + 1, Shown: 256}) {
		t.Errorf("crowds: %v", list.Crowds)
	}
	registry, err := r.Registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, held := len(registry.Workers()), len(registry.HeldOf("j")); n != 257 || held != 256 {
		t.Errorf("the registry has %d workers, which hold %d tasks", n, held)
	}
}
