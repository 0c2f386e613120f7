package identity

import (
	"errors"
	"fmt"

	"github.com/nats-io/jwt/v2"

	"factorfleet/internal/schema"
)

// Claims returns the claims, those of the accounts signed as they are now.
func (s *Store) Claims() (Claims, error) {
	c := s.claims
	revoked, err := s.revoked()
	if err != nil {
		return c, err
	}
	c.Revoked = len(revoked)
	if c.FleetKey, err = s.account.PublicKey(); err != nil {
		return c, err
	}
	workersKey, err := s.workers.PublicKey()
	if err != nil {
		return c, err
	}
	// What exports comes before what imports from it: a server that puts the exports in force
	// again takes them for others.
	for _, account := range []*jwt.AccountClaims{fleetAccount(c.FleetKey, workersKey), workersAccount(workersKey, c.FleetKey)} {
		account.Limits.DisallowBearer = true // a JWT alone lets nobody in
		for key, issuer := range revoked {
			if issuer == account.Subject || issuer == "" {
				account.RevokeAt(key, forEver)
			}
		}
		token, err := s.signAccount(account)
		if err != nil {
			return c, err
		}
		c.Accounts = append(c.Accounts, Account{Name: schema.AccountName(account.Name), Key: account.Subject, JWT: token})
	}
	return c, nil
}

// signAccount signs claims that a server would take: one that finds fault leaves out a part
// of them, and says so only in its log.
func (s *Store) signAccount(account *jwt.AccountClaims) (string, error) {
	var faults jwt.ValidationResults
	account.Validate(&faults)
	if faulty := faults.Errors(); len(faulty) > 0 {
		return "", fmt.Errorf("sign the account %s: %w", account.Name, errors.Join(faulty...))
	}
	token, err := account.Encode(s.operator)
	if err != nil {
		return "", fmt.Errorf("sign the account %s: %w", account.Name, err)
	}
	return token, nil
}

// everyService is the one service that the fleet's account exports. A server passes a message
// through the same export only once: so an answer that has come from the fleet's account does
// not go back there if the subject that a worker has named for it is one that workers publish
// to, such as that of another's result. With an export for each subject nats-server 2.15.2 lets
// it go back where an import has no wildcard, and elsewhere stops it for another reason, on
// which nothing should rest: it passes it on under the subject that it came with.
//
// What of the service the workers' account can reach, its imports say. The exports ask for no
// tokens: only the operator's accounts are there to import them, and those are these two.
const everyService = ">"

// fleetAccount is the account that has the streams.
func fleetAccount(key, workers string) *jwt.AccountClaims {
	a := jwt.NewAccountClaims(key)
	a.Name = string(schema.AccountFleet)
	a.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit,
		MaxAckPending: jwt.NoLimit, MemoryMaxStreamBytes: jwt.NoLimit, DiskMaxStreamBytes: jwt.NoLimit,
	}
	// A pull is answered by as many messages as there are tasks.
	a.Exports.Add(&jwt.Export{Name: "requests of workers", Subject: everyService, Type: jwt.Service, ResponseType: jwt.ResponseTypeStream})
	a.Exports.Add(&jwt.Export{Name: "orders", Subject: schema.OrderSubject, Type: jwt.Stream})
	for _, subject := range schema.FleetRequests() {
		a.Imports.Add(&jwt.Import{Name: subject, Subject: jwt.Subject(subject), Account: workers, Type: jwt.Service})
	}
	return a
}

// workersAccount is the account of the workers, without streams.
func workersAccount(key, fleetKey string) *jwt.AccountClaims {
	a := jwt.NewAccountClaims(key)
	a.Name = string(schema.AccountWorkers)
	for _, subject := range append(schema.WorkerRequests(), hideOwn) {
		a.Imports.Add(&jwt.Import{Name: subject, Subject: jwt.Subject(subject), Account: fleetKey, Type: jwt.Service})
	}
	a.Imports.Add(&jwt.Import{Name: "orders", Subject: schema.OrderSubject, Account: fleetKey, Type: jwt.Stream})
	// What is sent there from within the account is an answer that a worker has had sent to
	// the others. Orders come from without, and are not mapped.
	a.AddMapping(schema.OrderSubject, jwt.WeightedMapping{Subject: noOrder})
	for _, subject := range schema.FleetRequests() {
		a.Exports.Add(&jwt.Export{Name: subject, Subject: jwt.Subject(subject), Type: jwt.Service, ResponseType: jwt.ResponseTypeStream})
	}
	return a
}

// hideOwn is imported for the sake of a side effect: a server answers requests to JetStream for
// an account that has none, in a race with the fleet's account, unless this one is imported.
// No worker may send it.
const hideOwn = "$JS.API.INFO"

// noOrder are subjects that nobody hears. A server takes a mapping to them only with the same
// wildcard at its end.
const noOrder = "FACTOR.forged.>"
