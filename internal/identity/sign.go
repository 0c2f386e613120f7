package identity

import (
	"errors"
	"fmt"

	"github.com/nats-io/jwt/v2"

	"factorfleet/internal/schema"
)

// Two accounts share the subjects of a fleet. FACTOR has the streams; WORKERS has only workers. An
// account sees a subject of the other only through an export there and an import here:
//
//	WORKERS imports   results, returns, ..., requests for tasks, acks      (services of FACTOR)
//	WORKERS imports   FACTOR.ctl.>                                         (stream of FACTOR: orders)
//	FACTOR imports    $SRV.>, FACTOR.status.*                              (services of WORKERS)
//
// A service passes requests from the importing account to the exporting one, and their answers back. A
// stream passes messages from the exporting account to the importing one.
//
// The statements about nats-server below were found by experiment with nats-server 2.15.2.

// Claims returns the claims for a server, those of the accounts with all revocations of this moment.
//
// An exporting account comes before the one that imports from it. A server that applies exports again
// takes them for new ones, to which earlier imports do not belong.
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
	for _, account := range []*jwt.AccountClaims{fleetAccount(c.FleetKey, workersKey), workersAccount(workersKey, c.FleetKey)} {
		account.Limits.DisallowBearer = true // a JWT without its seed is no login
		revokeUsers(account, revoked)
		token, err := s.signAccount(account)
		if err != nil {
			return c, err
		}
		c.Accounts = append(c.Accounts, Account{Name: schema.AccountName(account.Name), Key: account.Subject, JWT: token})
	}
	return c, nil
}

// signAccount signs the claims of an account after a check. A server ignores the invalid part of claims
// and reports that only in its log.
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

// everyService is the only service that the fleet's account exports. One export instead of one for each
// subject closes a hole. A worker can name as reply subject one to which workers publish, such as the
// subject of another worker's result. The answer then comes out of the fleet's account, and must not go
// back in as a message of that subject. A server passes a message through the same export only once, so
// with one export it cannot. With an export for each subject it can, where an import has no wildcard.
//
// The imports of the workers' account limit what workers reach of the service. The export requires no
// token for an import, because only accounts of the operator can import it: these two.
const everyService = ">"

// fleetAccount returns the claims of the account that has the streams, without limits for JetStream.
func fleetAccount(key, workersKey string) *jwt.AccountClaims {
	a := jwt.NewAccountClaims(key)
	a.Name = string(schema.AccountFleet)
	a.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit,
		MaxAckPending: jwt.NoLimit, MemoryMaxStreamBytes: jwt.NoLimit, DiskMaxStreamBytes: jwt.NoLimit,
	}
	// The response type is a stream because a pull is answered by one message for each task.
	a.Exports.Add(&jwt.Export{Name: "requests of workers", Subject: everyService, Type: jwt.Service, ResponseType: jwt.ResponseTypeStream})
	a.Exports.Add(&jwt.Export{Name: "orders", Subject: schema.OrderSubject, Type: jwt.Stream})
	for _, subject := range schema.FleetRequests() {
		a.Imports.Add(&jwt.Import{Name: subject, Subject: jwt.Subject(subject), Account: workersKey, Type: jwt.Service})
	}
	return a
}

// hiddenRequest is imported for a side effect. The workers' account has no JetStream, and a server
// answers its JetStream requests with an error, in a race with the answer of the fleet's account. It
// does not if the account imports this subject. No worker may publish to it.
const hiddenRequest = "$JS.API.INFO"

// forgedOrders are subjects without subscribers. A server accepts a mapping from one wildcard subject to
// another only if both end with the same wildcard.
const forgedOrders = "FACTOR.forged.>"

// workersAccount returns the claims of the workers' account, which has no streams. Its limits hold for each
// connection of a worker. They are in the claims of the account, not in those of the users, so that they
// hold for credentials that were made before, too.
func workersAccount(key, fleetKey string) *jwt.AccountClaims {
	a := jwt.NewAccountClaims(key)
	a.Name = string(schema.AccountWorkers)
	limits := schema.WorkerLimits()
	a.Limits.Subs, a.Limits.Payload = limits.Subscriptions, limits.Payload
	for _, subject := range append(schema.WorkerRequests(), hiddenRequest) {
		a.Imports.Add(&jwt.Import{Name: subject, Subject: jwt.Subject(subject), Account: fleetKey, Type: jwt.Service})
	}
	a.Imports.Add(&jwt.Import{Name: "orders", Subject: schema.OrderSubject, Account: fleetKey, Type: jwt.Stream})
	// A message to these subjects from within the account is an answer that a worker has directed to the
	// other workers. The mapping diverts it. Orders come from the other account and are not mapped.
	a.AddMapping(schema.OrderSubject, jwt.WeightedMapping{Subject: forgedOrders})
	for _, subject := range schema.FleetRequests() {
		a.Exports.Add(&jwt.Export{Name: subject, Subject: jwt.Subject(subject), Type: jwt.Service, ResponseType: jwt.ResponseTypeStream})
	}
	return a
}
