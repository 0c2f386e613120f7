package identity

import (
	"fmt"
	"os"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// Claims are the settings of a server: the operator that it trusts, the accounts with their revoked
// users, and the system account.
type Claims struct {
	Operator  string    // JWT
	Accounts  []Account // in the order in which a server must apply them
	System    string    // JWT of the system account
	FleetKey  string    // public key of the account that has the streams
	SystemKey string    // public key of the system account
	Revoked   int       // number of revoked identities
}

// An Account is one of the accounts whose users are the identities.
type Account struct {
	Name schema.AccountName
	Key  string // public
	JWT  string
}

// Tokens returns the JWTs of the accounts, in the order of Accounts.
func (c Claims) Tokens() (tokens []string) {
	for _, a := range c.Accounts {
		tokens = append(tokens, a.JWT)
	}
	return tokens
}

// writeClaims signs the claims of the system account and of the operator, and stores them. They never
// change, because a server reads them only when it starts. The private key of the system account is
// not stored, so that the account cannot have users.
func (s *Store) writeClaims() error {
	system, err := nkeys.CreateAccount()
	if err != nil {
		return err
	}
	if s.claims.SystemKey, err = system.PublicKey(); err != nil {
		return err
	}
	account := jwt.NewAccountClaims(s.claims.SystemKey)
	account.Name = "SYS"
	if s.claims.System, err = account.Encode(s.operator); err != nil {
		return fmt.Errorf("sign the system account: %w", err)
	}
	operatorKey, err := s.operator.PublicKey()
	if err != nil {
		return err
	}
	operator := jwt.NewOperatorClaims(operatorKey)
	operator.Name, operator.SystemAccount = "factorfleet", s.claims.SystemKey
	if s.claims.Operator, err = operator.Encode(s.operator); err != nil {
		return fmt.Errorf("sign the operator: %w", err)
	}
	if err := writeFile(s.path(fileSystemJWT), []byte(s.claims.System), modePublic); err != nil {
		return err
	}
	return writeFile(s.path(fileOperatorJWT), []byte(s.claims.Operator), modePublic)
}

// readClaims reads the claims that writeClaims has stored.
func (s *Store) readClaims() error {
	for file, at := range map[string]*string{fileSystemJWT: &s.claims.System, fileOperatorJWT: &s.claims.Operator} {
		text, err := os.ReadFile(s.path(file))
		if err != nil {
			return err
		}
		*at = string(text)
	}
	operator, err := jwt.DecodeOperatorClaims(s.claims.Operator)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.path(fileOperatorJWT), err)
	}
	s.claims.SystemKey = operator.SystemAccount
	return nil
}
