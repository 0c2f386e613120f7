package identity

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"factorfleet/internal/schema"
)

// roleCommands has the command that an identity of each role runs first.
var roleCommands = map[schema.Role]string{
	schema.RoleWorker: "consumer run", schema.RoleProducer: "producer submit", schema.RoleObserver: "producer status", schema.RoleAdmin: "producer init",
}

// JoinCommand returns a command line with which another machine takes part as u. It copies the
// credentials by scp; the line itself has no secret. SERVER stands for an address that is not known.
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
		if host = parsed.Hostname(); strings.Contains(host, ":") { // IPv6
			host = "[" + host + "]"
		}
	}
	file := s.CredsFile(u.Name)
	return fmt.Sprintf("scp %s . && %s -s %s --creds %s", quote(host+":"+file), roleCommands[u.Role], at, filepath.Base(file)), nil
}

// shownWorkers is the number of workers in JoinInstructions.
const shownWorkers = 2

// JoinInstructions returns lines that tell the user how other machines join: a command for each of the
// first two workers, a command for a producer on this machine, and the command that adds a worker.
func (s *Store) JoinInstructions() (lines []string, err error) {
	users, err := s.Users()
	if err != nil {
		return nil, err
	}
	workers := slices.DeleteFunc(slices.Clone(users), func(u User) bool { return u.Role != schema.RoleWorker })
	for _, u := range workers[:min(shownWorkers, len(workers))] {
		line, err := s.JoinCommand(u)
		if err != nil {
			return nil, err
		}
		lines = append(lines, "on the next machine: "+line)
	}
	if slices.ContainsFunc(users, func(u User) bool { return u.Name == "producer" }) {
		lines = append(lines, "submit here: producer submit --context "+quote(s.ContextFile("producer"))+" NUMBER...")
	}
	for _, u := range users {
		if u.Permissions != Foreign {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s has more permissions than a worker needs, because it was made before workers had their own account: run `embedded keys revoke` and `embedded keys add` for it", u.Name))
	}
	return append(lines, "for one more machine: embedded keys add --secure "+quote(s.dir)+" worker NAME"), nil
}

// quote returns text as one word of a POSIX shell.
func quote(text string) string {
	if text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
