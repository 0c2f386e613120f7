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

// Security has the settings of a server that requires TLS and a login. It accepts the users that one of
// the accounts has signed. Package identity makes all of this.
type Security struct {
	TLS       *tls.Config
	Operator  string   // JWT
	Accounts  []string // JWTs of the accounts, signed by the operator
	System    string   // JWT of the system account
	StreamKey string   // public key of the account that has the streams
	SystemKey string   // public key of the system account
}

// tlsTimeout is the longest TLS handshake of a client, in seconds.
const tlsTimeout = 5

// apply sets the options of the library. The accounts are in memory, not in files: package identity stores them, and
// UpdateAccounts brings its changes here.
func (c *Security) apply(o *server.Options) error {
	operator, err := jwt.DecodeOperatorClaims(c.Operator)
	if err != nil {
		return fmt.Errorf("read the claims of the operator: %w", err)
	}
	resolver := new(server.MemAccResolver)
	for _, token := range append([]string{c.System}, c.Accounts...) {
		account, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			return fmt.Errorf("read the claims of an account: %w", err)
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

// UpdateAccounts replaces the claims of the accounts, in the order of tokens, the JWTs. A user that they
// revoke is disconnected at once and not accepted any more. The claims must be signed by the server's
// operator.
//
// Accounts before the first one that has changed are left unchanged. The reason: a server that applies
// exports drops the answers on their way through them. A pull that waits is then lost, and a task that
// was delivered for it is redelivered only after AckWait (seen with nats-server 2.15.2).
func (s *Server) UpdateAccounts(tokens []string) error {
	trusted, err := operatorKey(s.security)
	if err != nil {
		return err
	}
	s.updating.Lock()
	defer s.updating.Unlock()
	changed := false
	for _, token := range tokens {
		claims, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			return fmt.Errorf("read the claims of an account: %w", err)
		}
		if claims.Issuer != trusted {
			return errors.New("the claims of an account are signed by another operator")
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

// isNew reports whether the claims of an account differ from those in force. Their times of issue do not
// count: they change whenever the claims are signed again.
func (s *Server) isNew(claims *jwt.AccountClaims) bool {
	token, err := s.ns.AccountResolver().Fetch(claims.Subject)
	if err != nil {
		return true
	}
	now, err := jwt.DecodeAccountClaims(token)
	return err != nil || !reflect.DeepEqual(now.Account, claims.Account)
}

// updateAccount puts the claims of one account in force, with those users revoked that are refused for a
// while. updating must be held.
func (s *Server) updateAccount(claims *jwt.AccountClaims, token string) error {
	if err := s.ns.AccountResolver().Store(claims.Subject, token); err != nil {
		return err
	}
	account, err := s.ns.LookupAccount(claims.Subject)
	if err != nil {
		return err
	}
	s.refused.apply(claims)
	s.ns.UpdateAccountClaims(account, claims)
	s.updates.Add(1)
	return nil
}

// Updates returns how often claims of an account were put in force: by UpdateAccounts, and because a user was refused
// for a while or is accepted again. The server then forgets requests that wait.
func (s *Server) Updates() int64 { return s.updates.Load() }

// operatorKey returns the public key of the operator that the server trusts.
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

// noAccount is the account in which the library puts the streams of a server without logins.
const noAccount = "$G"

// account returns the account that has the streams.
func (c *Security) account() string {
	if c == nil {
		return noAccount
	}
	return c.StreamKey
}

// checkAccount returns an error if a store has streams of another account than own. They would take
// space, and no client could see them.
func checkAccount(dir, own string) error {
	accounts, err := os.ReadDir(filepath.Join(dir, jetStreamDir))
	if err != nil {
		return nil // a new store
	}
	for _, a := range accounts {
		streams, err := os.ReadDir(filepath.Join(dir, jetStreamDir, a.Name(), streamsDir))
		if err != nil || len(streams) == 0 || a.Name() == own {
			continue
		}
		if a.Name() == noAccount {
			return fmt.Errorf("the store in %s belongs to a server without --secure: start it without --secure, or name another --store", dir)
		}
		return fmt.Errorf("the store in %s belongs to a server with other keys (account %s): start it with the same --secure, or name another --store", dir, a.Name())
	}
	return nil
}
