package natsconn

import (
	"net/url"
	"slices"
	"strings"
)

// parseServers splits a list of URLs. shown is the same list without logins, for messages.
func parseServers(list string) (servers []string, shown string, err error) {
	var show []string
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		if !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		u, err := url.Parse(one)
		if err != nil || u.Hostname() == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			// The cause is left out: its text would repeat a password.
			return nil, "", Errorf(nil, "%q is not a NATS URL: use nats://HOST:PORT, or tls, ws or wss instead of nats", hideLogin(one))
		}
		servers = append(servers, one)
		show = append(show, hideLogin(one))
	}
	if len(servers) == 0 {
		return nil, "", Errorf(nil, "no NATS server in %q: use nats://HOST:PORT", list)
	}
	return servers, strings.Join(show, ","), nil
}

// hideLogin removes user, password or token from a URL, even if the URL is not valid.
func hideLogin(s string) string {
	at := strings.LastIndex(s, "@")
	if at < 0 {
		return s
	}
	scheme, _, ok := strings.Cut(s[:at], "://")
	if !ok {
		return s[at+1:]
	}
	return scheme + "://" + s[at+1:]
}
