package identity

import (
	"fmt"
	"strconv"
	"strings"
)

// ServerConf returns the configuration of a nats-server that lets in those whom the store
// has signed, and nobody else. storeDir is where it keeps its streams. The certificate is
// to have been made by ServerTLS.
func (s *Store) ServerConf(listen, storeDir string) (string, error) {
	c, err := s.Claims()
	if err != nil {
		return "", err
	}
	var accounts strings.Builder
	for _, a := range c.Accounts {
		fmt.Fprintf(&accounts, "  # %s, %d revoked\n  %s: %s\n", a.Name, c.Revoked, a.Key, a.JWT)
	}
	// Paths are quoted as Go does: the format reads the same escapes.
	return fmt.Sprintf(`# A nats-server for factorfleet: TLS only, for those with keys from %s alone.
# After `+"`embedded keys revoke`"+` print it anew and run: nats-server --signal reload
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
  # With these two lines only clients with a certificate of the authority get through:
  # ca_file: %s
  # verify: true
}

operator: %s
system_account: %s
resolver: MEMORY
resolver_preload {
%s  # SYS, without users
  %s: %s
}
`, s.dir, strconv.Quote(listen), strconv.Quote(storeDir),
		strconv.Quote(s.path(fileServer)), strconv.Quote(s.path(fileServerKey)), strconv.Quote(s.path(fileCA)),
		c.Operator, c.SystemKey, accounts.String(), c.SystemKey, c.System), nil
}
