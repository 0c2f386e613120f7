package identity

import (
	"context"
	"net"
	"os"
	"slices"
	"time"
)

// Hosts returns the names and addresses by which clients can know a server that listens at host. If host
// is "" or an unspecified address, these are all names and addresses of this machine. The first one is
// for messages to other machines. It is the name of this machine, unless that name stands only for a
// loopback address.
func Hosts(host string) (hosts []string) {
	ip := net.ParseIP(host)
	if host != "" && (ip == nil || !ip.IsUnspecified()) {
		return []string{host, "localhost", "127.0.0.1"}
	}
	var loopback []string
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok || n.IP.IsLinkLocalUnicast():
		case n.IP.IsLoopback():
			loopback = append(loopback, n.IP.String())
		default:
			hosts = append(hosts, n.IP.String())
		}
	}
	hosts = append(hosts, loopback...)
	if name, err := os.Hostname(); err == nil && reachable(name) {
		hosts = append([]string{name}, hosts...)
	} else if err == nil {
		hosts = append(hosts, name)
	}
	return append(hosts, "localhost", "127.0.0.1")
}

// reachable reports whether the name of this machine stands for an address that other machines can reach.
// The lookup takes at most a second.
func reachable(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupIP(ctx, "ip", name)
	return err == nil && slices.ContainsFunc(found, func(ip net.IP) bool { return !ip.IsLoopback() })
}
