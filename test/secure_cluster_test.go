package test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// startGuardedCluster starts three nats-servers with the printed configuration and the same keys, and
// creates replicated streams.
func startGuardedCluster(t testing.TB) (nodes []*guarded) {
	t.Helper()
	const size = 3
	awaitClusters(t)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys")
	ports, routes := freePorts(t, 2*size), []string(nil)
	for i := range size {
		routes = append(routes, "nats://127.0.0.1:"+ports[size+i])
	}
	for i := range size {
		listen := "127.0.0.1:" + ports[i]
		g := &guarded{keys: keys, conf: filepath.Join(dir, fmt.Sprintf("%d.conf", i))}
		conf := run(t, "producer", "init --print-server-conf --secure "+keys+" --listen "+listen+" --store "+filepath.Join(dir, fmt.Sprint("store", i))).wantCode(0).stdout.String()
		conf = strings.Replace(conf, "server_name: factorfleet", fmt.Sprint("server_name: n", i), 1) +
			fmt.Sprintf("cluster {\n name: c\n listen: %q\n routes: [%s]\n}\n", strings.TrimPrefix(routes[i], "nats://"), strings.Join(routes, ", "))
		if err := os.WriteFile(g.conf, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		g.server = &server{program: start(t, "nats-server", "-c "+g.conf), url: "tls://" + listen}
		nodes = append(nodes, g)
	}
	for _, g := range nodes {
		g.await(&g.stderr, "Server is ready")
	}
	eventually(t, "all nodes know a leader of the cluster", func() bool {
		return !slices.ContainsFunc(nodes, func(g *guarded) bool { return !knowsLeader(g.program) })
	})
	eventually(t, "the streams can be made", func() bool {
		p := run(t, "producer", "init --replicas 3"+nodes[0].as("admin")+" -s "+nodes[0].url)
		if p.code() != 0 {
			t.Logf("init: %s", p.stderr.String())
		}
		return p.code() == 0
	})
	return nodes
}

// In a cluster, workers pull, publish and settle through any node, and cannot direct an answer
// elsewhere through another node.
func TestSecureCluster(t *testing.T) {
	t.Parallel()
	nodes := startGuardedCluster(t)
	for i, g := range nodes {
		other := nodes[(i+1)%len(nodes)]
		if err := misdirect(g, "worker-1", requests("worker-1"), stored(), other, "admin"); !errors.Is(err, errKept) {
			t.Errorf("node %d: stored: %v", i, err)
		}
		if err := misdirect(g, "worker-1", requests("worker-1"), ordered(), other, "admin", "worker-2"); !errors.Is(err, errKept) {
			t.Errorf("node %d: ordered: %v", i, err)
		}
	}
	for i, g := range nodes[:2] {
		name := fmt.Sprint("worker-", i+1)
		p := start(t, "consumer", "run -n 1"+g.as(name)+" -s "+g.url)
		p.await(&p.stderr, "worker ready")
	}
	last := nodes[len(nodes)-1]
	run(t, "producer", "submit --chunk 1 --range 1:200 --kind square"+last.as("producer")+" -s "+last.url).wantCode(0)
	listed := run(t, "producer", "workers ls"+last.as("observer")+" -s "+last.url).wantCode(0).stdout.String()
	for _, name := range []string{"worker-1", "worker-2"} {
		if !strings.Contains(listed, name) {
			t.Errorf("%s is not listed:\n%s", name, listed)
		}
	}
}
