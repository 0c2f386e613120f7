package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/schema"
)

// firstUsers are the identities that a new directory of keys begins with: two workers,
// since a fleet of three machines is that of the server and two more.
var firstUsers = []User{
	{Name: "admin", Role: schema.RoleAdmin}, {Name: "producer", Role: schema.RoleProducer}, {Name: "observer", Role: schema.RoleObserver},
	{Name: "worker-1", Role: schema.RoleWorker}, {Name: "worker-2", Role: schema.RoleWorker},
}

// Prepare opens a directory of keys, or creates it with the first identities.
func Prepare(dir string) (*Store, error) {
	s, err := Open(dir)
	if !errors.Is(err, ErrNoKeys) {
		return s, err
	}
	if s, err = Create(dir); err != nil {
		return nil, err
	}
	for _, u := range firstUsers {
		if err := s.Add(u); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Hosts returns by what a server that listens at host can be known: all names and
// addresses of this machine if it listens everywhere. First comes what others are to be
// told: the host's name only if it leads further than to this machine.
func Hosts(host string) (hosts []string) {
	ip := net.ParseIP(host)
	if host != "" && (ip == nil || !ip.IsUnspecified()) {
		return []string{host, "localhost", "127.0.0.1"}
	}
	var last []string
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok || n.IP.IsLinkLocalUnicast():
		case n.IP.IsLoopback():
			last = append(last, n.IP.String())
		default:
			hosts = append(hosts, n.IP.String())
		}
	}
	hosts = append(hosts, last...)
	if name, err := os.Hostname(); err == nil && reachable(name) {
		hosts = append([]string{name}, hosts...)
	} else if err == nil {
		hosts = append(hosts, name)
	}
	return append(hosts, "localhost", "127.0.0.1")
}

// reachable reports whether a name of this machine stands for an address that others can
// reach.
func reachable(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupIP(ctx, "ip", name)
	return err == nil && slices.ContainsFunc(found, func(ip net.IP) bool { return !ip.IsLoopback() })
}

// JoinCommand is what another machine runs to take part as u: it fetches the credentials by
// ssh, and nothing secret is in the line.
func (s *Store) JoinCommand(u User) (string, error) {
	at, err := s.URL()
	if err != nil {
		return "", err
	}
	if at == "" {
		at = "tls://SERVER:4222"
	}
	host := "SERVER"
	if parsed, err := url.Parse(at); err == nil {
		if host = parsed.Hostname(); strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
	}
	file := s.CredsFile(u.Name)
	verb := map[schema.Role]string{
		schema.RoleWorker: "consumer run", schema.RoleProducer: "producer submit", schema.RoleObserver: "producer status", schema.RoleAdmin: "producer init",
	}[u.Role]
	return fmt.Sprintf("scp %s . && %s -s %s --creds %s", quote(host+":"+file), verb, at, filepath.Base(file)), nil
}

// JoinInstructions says how others take part: the lines for the first two workers, for a
// producer here, and for further machines.
func (s *Store) JoinInstructions() (lines []string, err error) {
	users, err := s.Users()
	if err != nil {
		return nil, err
	}
	workers := 0
	for _, u := range users {
		if u.Role != schema.RoleWorker {
			continue
		}
		if workers++; workers > 2 {
			break
		}
		line, err := s.JoinCommand(u)
		if err != nil {
			return nil, err
		}
		lines = append(lines, "on the next machine: "+line)
	}
	if slices.ContainsFunc(users, func(u User) bool { return u.Name == "producer" }) {
		lines = append(lines, "submit here: producer submit --context "+quote(s.ContextFile("producer"))+" NUMBER...")
	}
	old, err := s.outdated(users)
	if err != nil {
		return nil, err
	}
	for _, u := range old {
		lines = append(lines, fmt.Sprintf("%s is from before workers had an account of their own, and can do more than a worker may: run `embedded keys revoke` and `add` for it", u.Name))
	}
	return append(lines, "for one more machine: embedded keys add --secure "+quote(s.dir)+" worker NAME"), nil
}

// outdated returns those who are users of another account than that of their role.
func (s *Store) outdated(users []User) (old []User, err error) {
	for _, u := range users {
		key, err := s.signer(u.Role).PublicKey()
		if err != nil {
			return nil, err
		}
		if u.issuer != key {
			old = append(old, u)
		}
	}
	return old, nil
}

// quote makes text one word of a shell.
func quote(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
