package test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/cputime"
	"factorfleet/internal/identity"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
)

// A benchServer is a server for a measurement, without streams. It ends with the test.
type benchServer struct {
	t       testing.TB
	connect func(role schema.Role, name string) (*nats.Conn, jetstream.JetStream, error)
	pid     int // of the server's process; 0 = this one
}

// benchServers are the kinds of servers. Those in this process sync their store once a second, or before each
// acknowledgement if they are "always", and nats-server every two minutes, as it does by default.
var benchServers = map[string]func(testing.TB) *benchServer{
	"inside":  func(t testing.TB) *benchServer { return serveInside(t, nil, natsserver.Sync{Interval: time.Second}) },
	"always":  func(t testing.TB) *benchServer { return serveInside(t, nil, natsserver.Sync{Always: true}) },
	"secure":  serveSecure,
	"process": serveProcess,
}

// serveInside starts a server in this process. With keys its clients must log in.
func serveInside(t testing.TB, keys *identity.Store, sync natsserver.Sync) *benchServer {
	t.Helper()
	c := natsserver.Config{Store: t.TempDir(), Sync: sync, Log: zerolog.Nop()}
	if keys != nil {
		claims, err := keys.Claims()
		if err != nil {
			t.Fatal(err)
		}
		c.Security = &natsserver.Security{Operator: claims.Operator, Accounts: claims.Tokens(), System: claims.System, StreamKey: claims.FleetKey, SystemKey: claims.SystemKey}
	}
	server, err := natsserver.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &benchServer{t: t, connect: func(role schema.Role, name string) (*nats.Conn, jetstream.JetStream, error) {
		var login schema.Credentials
		if keys != nil {
			var err error
			if login, err = keys.Sign(identity.User{Role: role, Name: name}, schema.PermissionsOf(role, name)); err != nil {
				return nil, nil, err
			}
		}
		return natsconn.InProcess(server, name, login)
	}}
}

// serveSecure is serveInside with the accounts and permissions of --secure, without TLS.
func serveSecure(t testing.TB) *benchServer {
	t.Helper()
	keys, err := identity.Create(t.TempDir() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	return serveInside(t, keys, natsserver.Sync{Interval: time.Second})
}

// serveProcess starts a nats-server.
func serveProcess(t testing.TB) *benchServer {
	t.Helper()
	s := startServer(t)
	return &benchServer{t: t, pid: s.cmd.Process.Pid, connect: func(_ schema.Role, name string) (*nats.Conn, jetstream.JetStream, error) {
		nc, err := nats.Connect(s.url, nats.Name(name), nats.MaxReconnects(-1))
		if err != nil {
			return nil, nil, err
		}
		js, err := jetstream.New(nc)
		return nc, js, err
	}}
}

// used returns the CPU time of this process and of the server.
func (s *benchServer) used() time.Duration {
	used, _ := cputime.Process()
	if s.pid != 0 {
		used += cpuTime(s.t, s.pid)
	}
	return used
}

// A benchTime is the wall-clock and CPU time that something has taken.
type benchTime struct{ wall, cpu time.Duration }

// now returns the present times, since some point in the past.
func (s *benchServer) now() benchTime { return benchTime{time.Since(benchBegan), s.used()} }

var benchBegan = time.Now()

func (s benchTime) until(end benchTime) benchTime {
	return benchTime{end.wall - s.wall, end.cpu - s.cpu}
}

func (s *benchTime) add(more benchTime) { s.wall, s.cpu = s.wall+more.wall, s.cpu+more.cpu }

// report reports the numbers a second, and the CPU time for each number of all processes: that varies less when other
// programs have the cores. s is that of b.N times so many numbers.
func (s benchTime) report(b *testing.B, numbers uint64) {
	all := float64(numbers) * float64(b.N)
	b.ReportMetric(all/s.wall.Seconds(), "numbers/s")
	b.ReportMetric(float64(s.cpu.Nanoseconds())/all/1000, "cpu-us/number")
	b.ReportMetric(0, "ns/op")
}
