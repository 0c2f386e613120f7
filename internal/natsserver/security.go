package natsserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
)

// Security makes a server let in only those whom the account has signed, over TLS only.
type Security struct {
	TLS                *tls.Config
	Operator           string // JWT
	Account, System    string // JWTs, signed by the operator
	AccountKey, SysKey string // their public keys
}

// tlsTimeout bounds the handshake of a client, in seconds.
const tlsTimeout = 5

func (c *Security) apply(o *server.Options) error {
	operator, err := jwt.DecodeOperatorClaims(c.Operator)
	if err != nil {
		return fmt.Errorf("read the operator's claims: %w", err)
	}
	resolver := new(server.MemAccResolver)
	for key, claims := range map[string]string{c.AccountKey: c.Account, c.SysKey: c.System} {
		if err := resolver.Store(key, claims); err != nil {
			return err
		}
	}
	o.TrustedOperators = []*jwt.OperatorClaims{operator}
	o.AccountResolver, o.SystemAccount = resolver, c.SysKey
	o.TLS, o.TLSConfig, o.TLSTimeout = true, c.TLS, tlsTimeout
	return nil
}

// UpdateAccount puts new claims of the account in force: who is revoked by them is
// disconnected at once, and not let in again.
func (s *Server) UpdateAccount(claims string) error {
	account, err := jwt.DecodeAccountClaims(claims)
	if err != nil {
		return fmt.Errorf("read the account's claims: %w", err)
	}
	if trusted, err := operatorKey(s.security); err != nil || account.Issuer != trusted {
		return errors.New("the account's claims are of another operator")
	}
	if err := s.ns.AccountResolver().Store(account.Subject, claims); err != nil {
		return err
	}
	a, err := s.ns.LookupAccount(account.Subject)
	if err != nil {
		return fmt.Errorf("look up the account: %w", err)
	}
	s.ns.UpdateAccountClaims(a, account)
	return nil
}

func operatorKey(c *Security) (string, error) {
	if c == nil {
		return "", errors.New("the server has no operator")
	}
	operator, err := jwt.DecodeOperatorClaims(c.Operator)
	if err != nil {
		return "", err
	}
	return operator.Subject, nil
}

// noAccount is where the library keeps the streams of a server that lets everybody in.
const noAccount = "$G"

// account is the account whose streams the server keeps.
func (c *Security) account() string {
	if c == nil {
		return noAccount
	}
	return c.AccountKey
}

// checkAccount returns an error if a store holds streams of another account than own: they
// would be there, take their room, and be seen by nobody.
func checkAccount(dir, own string) error {
	accounts, err := os.ReadDir(filepath.Join(dir, "jetstream"))
	if err != nil {
		return nil // a new store
	}
	for _, a := range accounts {
		streams, err := os.ReadDir(filepath.Join(dir, "jetstream", a.Name(), "streams"))
		if err != nil || len(streams) == 0 || a.Name() == own {
			continue
		}
		if a.Name() == noAccount {
			return fmt.Errorf("the store in %s is that of a server without --secure, whose jobs would not be seen: start it without, or with another --store", dir)
		}
		return fmt.Errorf("the store in %s is that of a server with other keys (account %s), whose jobs would not be seen: start it with the same --secure, or with another --store", dir, a.Name())
	}
	return nil
}
