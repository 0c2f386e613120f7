package natsserver

import (
	"sync"
	"time"

	"github.com/nats-io/jwt/v2"
)

// refusals are users that are refused for a while. They are safe for concurrent use.
type refusals struct {
	mu    sync.Mutex
	until map[string]time.Time // by public key; guarded by mu
}

// add refuses a user until then.
func (r *refusals) add(user string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = make(map[string]time.Time)
	}
	r.until[user] = until
}

// apply revokes the users in the claims of their account, and forgets those whose time is over.
func (r *refusals) apply(claims *jwt.AccountClaims) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, until := range r.until {
		if time.Now().After(until) {
			delete(r.until, user)
			continue
		}
		claims.Revoke(user)
	}
}

// refuse disconnects a user of an account and accepts it no more for d.
func (s *Server) refuse(account, user string, d time.Duration) error {
	s.refused.add(user, time.Now().Add(d))
	time.AfterFunc(d+time.Second, func() { s.reapply(account) })
	return s.reapply(account)
}

// reapply puts the claims of an account in force again, with the present refusals.
func (s *Server) reapply(account string) error {
	s.updating.Lock()
	defer s.updating.Unlock()
	token, err := s.ns.AccountResolver().Fetch(account)
	if err != nil {
		return err
	}
	claims, err := jwt.DecodeAccountClaims(token)
	if err != nil {
		return err
	}
	return s.updateAccount(claims, token)
}
