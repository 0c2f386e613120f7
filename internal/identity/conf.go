package identity

import (
	"fmt"
	"strconv"
	"strings"
)

// ServerConf returns the configuration file of a nats-server that requires TLS and accepts only the
// identities of the store. storeDir is the directory of its streams. ServerTLS must have been called
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
listen: %s
server_name: factorfleet
max_payload: 1MB

jetstream {
  store_dir: %s
  sync_interval: always
}

tls {
  cert_file: %s
  key_file: %s
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
`, s.dir, strconv.Quote(listen), strconv.Quote(storeDir),
		strconv.Quote(s.path(fileServer)), strconv.Quote(s.path(fileServerKey)), strconv.Quote(s.path(fileCA)),
		c.Operator, c.SystemKey, accounts.String(), c.SystemKey, c.System), nil
}
