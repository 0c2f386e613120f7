package natsserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
)

// Security makes a server let in only those whom one of the accounts has signed, over TLS only.
type Security struct {
	TLS       *tls.Config
	Operator  string   // JWT
	Accounts  []string // JWTs, signed by the operator
	System    string   // that of the system account
	StreamKey string   // public key of the account that has streams
	SystemKey string   // and of the system account
}

// tlsTimeout bounds the handshake of a client, in seconds.
const tlsTimeout = 5

func (c *Security) apply(o *server.Options) error {
	operator, err := jwt.DecodeOperatorClaims(c.Operator)
	if err != nil {
		return fmt.Errorf("read the operator's claims: %w", err)
	}
	resolver := new(server.MemAccResolver)
	for _, token := range append([]string{c.System}, c.Accounts...) {
		account, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			return fmt.Errorf("read an account's claims: %w", err)
		}
		if err := resolver.Store(account.Subject, token); err != nil {
			return err
		}
	}
	o.TrustedOperators = []*jwt.OperatorClaims{operator}
	o.AccountResolver, o.SystemAccount = resolver, c.SystemKey
	o.TLS, o.TLSConfig, o.TLSTimeout = true, c.TLS, tlsTimeout
	return nil
}

// UpdateAccounts puts new claims of accounts in force, in this order: who is revoked by them
// is disconnected at once, and not let in again. The accounts before the first of which there
// is something new are left alone: to put exports in force drops what is on its way through
// them, and tasks that are sent for lost requests are handed out again only later.
func (s *Server) UpdateAccounts(tokens []string) error {
	trusted, err := operatorKey(s.security)
	if err != nil {
		return err
	}
	changed := false
	for _, token := range tokens {
		claims, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			return fmt.Errorf("read an account's claims: %w", err)
		}
		if claims.Issuer != trusted {
			return errors.New("an account's claims are of another operator")
		}
		if changed = changed || s.isNew(claims); !changed {
			continue
		}
		if err := s.updateAccount(claims, token); err != nil {
			return fmt.Errorf("update the account %s: %w", claims.Name, err)
		}
	}
	return nil
}

// isNew reports whether an account's claims say something else than those in force.
func (s *Server) isNew(claims *jwt.AccountClaims) bool {
	token, err := s.ns.AccountResolver().Fetch(claims.Subject)
	if err != nil {
		return true
	}
	now, err := jwt.DecodeAccountClaims(token)
	return err != nil || !reflect.DeepEqual(now.Account, claims.Account)
}

func (s *Server) updateAccount(claims *jwt.AccountClaims, token string) error {
	if err := s.ns.AccountResolver().Store(claims.Subject, token); err != nil {
		return err
	}
	account, err := s.ns.LookupAccount(claims.Subject)
	if err != nil {
		return err
	}
	s.ns.UpdateAccountClaims(account, claims)
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
	return c.StreamKey
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
