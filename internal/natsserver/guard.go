package natsserver

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// A guard finds users that have far more open requests than others, and refuses them for a while.
//
// The library has no limit of the requests that one user may have open. A pull request that waits takes
// one of the places of its consumer, and its share of the messages. A request from another account is
// remembered for two minutes and more, in 1.2 to 1.6 kB. Both without end: a request without an expiry
// waits for as long as its subscription lives.
//
// Whose the requests are cannot be read from the library. The guard finds out: while there are too many, it
// closes the connections of the user that has most probably sent them, and counts again. All requests of a
// connection end with it. Requests of others end in the same moment as well, when tasks come for them. So a
// user is refused only if much more ended than others can explain, and that twice. Others reconnect at once; a
// task in work stays with its worker.
//
// Only users of accounts without streams are looked at: the workers. Its goroutine owns all fields.
type guard struct {
	s       *Server
	log     zerolog.Logger
	account string                                          // public key
	streams map[string]bool                                 // whose consumers the users may pull from
	more    int                                             // looks in a row that found too many pull requests
	sent    map[uint64]int64                                // messages that each connection had sent at the last look, if that found too much
	tried   map[string]bool                                 // users whose connections were closed since the load was normal
	found   map[string]time.Time                            // users that were found once, and when
	rests   time.Time                                       // until when no connection is closed
	load    func() (requests, waiting int, consumer string) // an argument so that a test can change it
}

const (
	guardEvery = time.Second      // between two looks
	refusal    = 10 * time.Minute // for which a user is refused, or nothing is done after a search in vain
	forgetTime = time.Second      // for the library to forget the requests of a connection
)

// newGuard returns the guard of a server with accounts, or nil if no account lacks streams.
func newGuard(s *Server) (*guard, error) {
	for _, token := range s.security.Accounts {
		claims, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			return nil, fmt.Errorf("read the claims of an account: %w", err)
		}
		if claims.Subject != s.security.StreamKey {
			g := &guard{s: s, log: s.log.log, account: claims.Subject, sent: make(map[uint64]int64), tried: make(map[string]bool), found: make(map[string]time.Time)}
			g.streams, g.load = pulledStreams(claims), g.measure
			return g, nil
		}
	}
	return nil, nil
}

// pulledStreams returns the names of the streams from whose consumers the users of an account may pull, which
// its imports say.
func pulledStreams(claims *jwt.AccountClaims) map[string]bool {
	streams := make(map[string]bool)
	for _, i := range claims.Imports {
		if rest, ok := strings.CutPrefix(string(i.Subject), "$JS.API.CONSUMER.MSG.NEXT."); ok {
			name, _, _ := strings.Cut(rest, ".")
			streams[name] = true
		}
	}
	return streams
}

// run looks until stop is closed.
func (g *guard) run(stop <-chan struct{}) {
	ticker := time.NewTicker(guardEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			g.look()
		}
	}
}

// look closes the connections of one user if there are too many requests, and refuses the user if it has sent them.
func (g *guard) look() {
	a, err := g.s.ns.LookupAccount(g.account)
	if err != nil {
		return
	}
	e, found := g.excess(a.NumLocalConnections())
	if !found {
		clear(g.tried)
		clear(g.sent)
		return
	}
	if time.Now().Before(g.rests) {
		return
	}
	list := g.connections()
	defer g.remember(list)
	c := g.pick(list)
	if c == nil {
		g.rests = time.Now().Add(refusal)
		clear(g.tried)
		g.log.Warn().Msgf("nats server: nobody was found who has many %s", e)
		return
	}
	g.try(e, c, list)
}

// try closes the connections of the user of c, and refuses the user if that proves it.
func (g *guard) try(e excess, c *server.ConnInfo, list []*server.ConnInfo) {
	user, name := userOf(c)
	g.tried[user] = true
	closed := 0
	for _, other := range list {
		if key, _ := userOf(other); key == user && isRemote(other) && g.s.ns.DisconnectClientByID(other.Cid) == nil {
			closed++
		}
	}
	ended := g.ended(e, closed)
	if closed == 0 || ended <= e.enough(closed) {
		g.log.Debug().Msgf("nats server: closed the connections of %s, with which %d of the open requests have ended", name, ended)
		return
	}
	if !g.again(user, time.Now()) {
		g.log.Warn().Msgf("nats server: closed the connections of %s (%s): with them ended about %d %s; if that happens again, the user is refused for %d minutes",
			name, c.IP, ended, e, int(refusal.Minutes()))
		return
	}
	g.log.Warn().Msgf("nats server: %s (%s) had about %d %s: refused for %d minutes; end that for good with `embedded keys revoke %s`",
		name, c.IP, ended, e, int(refusal.Minutes()), name)
	if err := g.s.refuse(g.account, user, refusal); err != nil {
		g.log.Error().Err(err).Msgf("nats server: cannot refuse %s", name)
	}
}

// again notes that a user was found, and reports whether that is the second time within twice refusal. A user
// that is found may be tried again.
func (g *guard) again(user string, now time.Time) bool {
	delete(g.tried, user)
	first, ok := g.found[user]
	if ok && now.Sub(first) < 2*refusal {
		delete(g.found, user)
		return true
	}
	g.found[user] = now
	return false
}

// ended returns how many of the requests have ended with the connections that were just closed. Pull
// requests end at once. They must be counted before the client is connected again, because then they would
// wait again. The library forgets requests one by one, in a goroutine.
func (g *guard) ended(e excess, closed int) int {
	if e.consumer != "" {
		_, waiting, _ := g.load()
		return e.count - waiting
	}
	left := e.count
	for late := time.Now().Add(forgetTime); e.count-left <= e.enough(closed) && time.Now().Before(late); time.Sleep(forgetTime / 20) {
		left, _, _ = g.load()
	}
	return e.count - left
}

// mostListed is the number of connections that are looked at.
const mostListed = 64 << 10

// connections returns the connections of the account.
func (g *guard) connections() []*server.ConnInfo {
	c, err := g.s.ns.Connz(&server.ConnzOptions{Username: true, Account: g.account, Limit: mostListed})
	if err != nil {
		return nil
	}
	return c.Conns
}

// pick returns the connection of a user that was not tried which has most probably sent the open
// requests: it has sent many messages just now, or many more or fewer than it has got. It returns nil if all
// users were tried.
func (g *guard) pick(list []*server.ConnInfo) *server.ConnInfo {
	score := func(c *server.ConnInfo) int64 {
		return c.InMsgs - g.sent[c.Cid] + max(c.InMsgs-c.OutMsgs, c.OutMsgs-c.InMsgs)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(c *server.ConnInfo) bool {
		user, _ := userOf(c)
		return !isRemote(c) || g.tried[user]
	})
	if len(list) == 0 {
		return nil
	}
	return slices.MaxFunc(list, func(a, b *server.ConnInfo) int { return cmp.Compare(score(a), score(b)) })
}

// isRemote reports whether a connection comes over the network. Others, within this process, have no address.
func isRemote(c *server.ConnInfo) bool {
	_, err := netip.ParseAddr(c.IP)
	return err == nil
}

// remember keeps how much each connection has sent.
func (g *guard) remember(list []*server.ConnInfo) {
	clear(g.sent)
	for _, c := range list {
		g.sent[c.Cid] = c.InMsgs
	}
}

// userOf returns the public key and the name of the user of a connection.
func userOf(c *server.ConnInfo) (key, name string) {
	claims, err := jwt.DecodeUserClaims(c.JWT)
	if err != nil {
		return "", "unknown"
	}
	return claims.Subject, claims.Name
}
