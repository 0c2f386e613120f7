package test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A cluster is three nats-server processes that replicate every stream. Programs that are started with
// it know the URLs of all three.
type cluster struct {
	*server
	nodes  []*node
	routes map[*node][]*line // from it and to it, if the cluster was made apart
}

// A node is one nats-server of a cluster. It restarts with the same store and ports.
type node struct {
	*server
	name, args string
	away       bool                // paused or ended
	js         jetstream.JetStream // connected to this node only; nil before the first use; it reconnects
}

// clusters has an element for each cluster that runs. Many servers at once delay the elections of all clusters.
var clusters = make(chan struct{}, 4)

// awaitClusters waits until a test may start a cluster.
func awaitClusters(t testing.TB) {
	t.Helper()
	clusters <- struct{}{}
	t.Cleanup(func() { <-clusters }) // after the servers have ended
}

// startCluster starts a cluster with streams on all of its nodes, without workers.
func startCluster(t testing.TB, init string) *cluster {
	t.Helper()
	return makeCluster(t, init, false)
}

// makeCluster is startCluster. If apart, the routes between the nodes pass through lines that a test
// can break.
func makeCluster(t testing.TB, init string, apart bool) *cluster {
	t.Helper()
	const size = 3
	awaitClusters(t)
	c := &cluster{routes: make(map[*node][]*line)}
	ports, urls, routes := freePorts(t, 2*size), make([]string, size), make([]string, size)
	for i := range size {
		urls[i], routes[i] = "nats://127.0.0.1:"+ports[i], "nats://127.0.0.1:"+ports[size+i]
	}
	// Lame duck mode would keep clients connected for ten seconds.
	config := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(config, []byte("lame_duck_grace_period: 500ms\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range size {
		c.nodes = append(c.nodes, &node{server: &server{url: urls[i]}, name: fmt.Sprintf("n%d", i)})
	}
	for i, n := range c.nodes {
		others, more := routes, ""
		if apart { // no server may advertise another route
			others, more = c.layRoutes(t, i, routes), " --cluster_advertise 127.0.0.1:1 --no_advertise"
		}
		n.args = fmt.Sprintf("-c %s -a 127.0.0.1 -p %s -js -sd %s --server_name %s --cluster_name c --cluster %s --routes %s%s",
			config, ports[i], t.TempDir(), n.name, routes[i], strings.Join(others, ","), more)
		n.program = start(t, "nats-server", n.args)
	}
	c.server = &server{program: &program{t: t}, url: strings.Join(urls, ",")}
	for _, n := range c.nodes {
		n.await(&n.stderr, "Server is ready")
	}
	eventually(t, "all nodes know a leader of the cluster", func() bool {
		return !slices.ContainsFunc(c.nodes, func(n *node) bool { return !knowsLeader(n.program) })
	})
	eventually(t, "the streams can be made", func() bool { // the leader must know the other nodes
		p := c.run("producer", "init --replicas 3"+init)
		if p.code() != 0 {
			t.Logf("init: %s", p.stderr.String())
		}
		return p.code() == 0
	})
	return c
}

// knowsLeader reports whether a nats-server has logged the leader of its cluster.
func knowsLeader(server *program) bool {
	output := server.stderr.String()
	return strings.Contains(output, "JetStream cluster new metadata leader: ") || strings.Contains(output, "Self is new JetStream cluster metadata leader")
}

// layRoutes opens lines from a node to the others and returns their URLs.
func (c *cluster) layRoutes(t testing.TB, from int, routes []string) (urls []string) {
	t.Helper()
	for to, url := range routes {
		if to == from {
			continue
		}
		l := (&server{program: &program{t: t}, url: url}).line()
		for _, end := range []int{from, to} {
			c.routes[c.nodes[end]] = append(c.routes[c.nodes[end]], l)
		}
		urls = append(urls, l.url)
	}
	return urls
}

// isolate drops everything between a node and the others, in both directions.
func (c *cluster) isolate(n *node) {
	c.t.Helper()
	n.away = true
	for _, l := range c.routes[n] {
		l.swallow()
	}
}

// rejoin undoes isolate.
func (c *cluster) rejoin(n *node) {
	c.t.Helper()
	for _, l := range c.routes[n] {
		l.heal()
	}
	n.away = false
}

// freePorts returns ports that no process listens on now.
func freePorts(t testing.TB, n int) (ports []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports
}

// restart starts a node that has ended.
func (c *cluster) restart(n *node) {
	c.t.Helper()
	n.program = start(c.t, "nats-server", n.args)
	n.await(&n.stderr, "Server is ready")
	n.away = false
}

// pause stops a node with SIGSTOP. This looks like a network that drops everything: connections stay
// open and no data arrives.
func (n *node) pause() {
	n.t.Helper()
	n.away = true
	n.signal(syscall.SIGSTOP)
}

func (n *node) resume() {
	n.t.Helper()
	n.signal(syscall.SIGCONT)
	n.away = false
}

// killNode sends SIGKILL to a node.
func (n *node) killNode() {
	n.away = true
	n.kill()
}

// lameDuck ends a node in lame duck mode: it first hands over the streams that it leads. The second
// signal disconnects its clients at once, instead of within two minutes.
func (n *node) lameDuck() {
	n.t.Helper()
	n.away = true
	n.signal(syscall.SIGUSR2)
	n.await(&n.stderr, "Initiating JetStream Shutdown")
	n.await(&n.stderr, "JetStream Shutdown\n")
	n.signal(syscall.SIGTERM)
	n.wait()
}

// info returns the state of a stream, from any node that runs.
func (c *cluster) info(stream string) (*jetstream.StreamInfo, error) {
	c.t.Helper()
	for _, n := range c.nodes {
		if n.away {
			continue
		}
		if n.js == nil {
			_, n.js = n.connect()
		}
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
		defer cancel()
		s, err := n.js.Stream(ctx, stream)
		if err != nil {
			return nil, err
		}
		return s.CachedInfo(), nil
	}
	return nil, errors.New("no node is there")
}

// leader returns the node that leads a stream, or nil if there is none now.
func (c *cluster) leader(stream string) *node {
	c.t.Helper()
	info, err := c.info(stream)
	if err != nil || info.Cluster == nil {
		return nil
	}
	i := slices.IndexFunc(c.nodes, func(n *node) bool { return n.name == info.Cluster.Leader })
	if i < 0 {
		return nil
	}
	return c.nodes[i]
}

// awaitLeader waits until another node than old leads the stream.
func (c *cluster) awaitLeader(stream string, old *node) {
	c.t.Helper()
	eventually(c.t, "a new leader of "+stream, func() bool {
		n := c.leader(stream)
		return n != nil && n != old
	})
}

// awaitCurrent waits until every replica of every stream runs and is up to date.
func (c *cluster) awaitCurrent() {
	c.t.Helper()
	for _, stream := range []string{"FACTOR_INPUTS", "FACTOR_TASKS", "FACTOR_RESULTS", "FACTOR_RETURNS", "FACTOR_DEAD", "KV_FACTOR_JOBS", "KV_FACTOR_LEASES", "KV_FACTOR_WORKERS"} {
		eventually(c.t, stream+" has all its replicas", func() bool {
			info, err := c.info(stream)
			if err != nil || info.Cluster == nil || info.Cluster.Leader == "" || len(info.Cluster.Replicas) != len(c.nodes)-1 {
				return false
			}
			for _, r := range info.Cluster.Replicas {
				if !r.Current || r.Offline {
					return false
				}
			}
			return true
		})
	}
}

// awaitAgreed waits until all nodes name the same leader of every stream. A node that was cut off
// regards itself as the leader for a while.
func (c *cluster) awaitAgreed() {
	c.t.Helper()
	for _, stream := range []string{"FACTOR_INPUTS", "FACTOR_TASKS", "FACTOR_RESULTS"} {
		eventually(c.t, "all know who leads "+stream, func() bool {
			var leaders []string
			for _, n := range c.nodes {
				one := &cluster{server: c.server, nodes: []*node{n}}
				info, err := one.info(stream)
				if err != nil || info.Cluster == nil || info.Cluster.Leader == "" {
					return false
				}
				leaders = append(leaders, info.Cluster.Leader)
			}
			return len(slices.Compact(leaders)) == 1
		})
	}
}
