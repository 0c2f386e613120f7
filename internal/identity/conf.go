package identity

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits of the printed configuration against clients without keys.
const (
	confConnections = 10_000 // clients; the default of nats-server is 65,536
	confTLSTimeout  = 5      // seconds of a handshake, as package natsserver has it
)

// ServerConf returns the configuration file of a nats-server that requires TLS and accepts only the
// identities of the store. storeDir is the directory of its streams. ServerCertificate must have been called
// before, because the file names the server's certificate.
func (s *Store) ServerConf(listen, storeDir string) (string, error) {
	c, err := s.Claims()
	if err != nil {
		return "", err
	}
	var accounts strings.Builder
	for _, a := range c.Accounts {
		fmt.Fprintf(&accounts, "  # %s, %d revoked\n  %s: %s\n", a.Name, c.Revoked, a.Key, a.JWT)
	}
	// The format has the same escapes as Go.
	return fmt.Sprintf(`# Settings of a nats-server for factorfleet. It requires TLS, and keys from %s.
# After `+"`embedded keys revoke`"+`, print this file again and run: nats-server --signal reload
# Do so once a month, too: it renews the certificate of the server 90 days before its end.
listen: %s
server_name: factorfleet
max_payload: 1MB

# Connections must leave at least 256 open files to the streams: see LimitNOFILE of systemd, or ulimit -n.
max_connections: %d

# The log has a line for each refused login. If it goes to a file, limit its size:
# log_file: "/var/log/nats-server.log"
# logfile_size_limit: 100MB
# logfile_max_num: 3

# With this line, curl -s "127.0.0.1:8223/connz?auth=1&sort=msgs_from" shows which identity sends how much:
# http: "127.0.0.1:8223"

jetstream {
  store_dir: %s
  sync_interval: always
}

tls {
  cert_file: %s
  key_file: %s
  timeout: %d # seconds; a connection that has not logged in a second later is closed
  # With these two lines a client also needs a certificate of the authority:
  # ca_file: %s
  # verify: true
}

operator: %s
system_account: %s
resolver: MEMORY
resolver_preload {
%s  # SYS, has no users
  %s: %s
}
`, s.dir, strconv.Quote(listen), confConnections, strconv.Quote(storeDir),
		strconv.Quote(s.path(fileServer)), strconv.Quote(s.path(fileServerKey)), confTLSTimeout, strconv.Quote(s.path(fileCA)),
		c.Operator, c.SystemKey, accounts.String(), c.SystemKey, c.System), nil
}
