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
// closes the connection that has most probably sent them, and counts again. All requests of a connection
// end with it. If these were far more than a worker has, the guard has found the user, names it in the log,
// and refuses it for refusal. Others reconnect at once; a task in work stays with its worker.
//
// Only users of accounts without streams are looked at: the workers. Its goroutine owns all fields.
type guard struct {
	s       *Server
	log     zerolog.Logger
	account string                                          // public key
	streams map[string]bool                                 // whose consumers the users may pull from
	more    int                                             // looks in a row that found more pull requests than connections
	sent    map[uint64]int64                                // messages that each connection had sent at the last look, if that found too much
	tried   map[string]bool                                 // users whose connections were closed since the load was normal
	found   map[string]int                                  // how often users were found with too many remembered requests
	rests   time.Time                                       // until when no connection is closed
	load    func() (requests, waiting int, consumer string) // an argument so that a test can change it
}

// An excess is what is too much: requests that are remembered, or pull requests that wait at a consumer.
type excess struct {
	count, limit int
	consumer     string // "" = requests that are remembered
}

func (e excess) String() string {
	if e.consumer == "" {
		return fmt.Sprintf("of the %d requests that the server must remember", e.count)
	}
	return fmt.Sprintf("of the %d pull requests that waited at consumer %s, and took the tasks from the others", e.count, e.consumer)
}

const (
	guardEvery = time.Second      // between two looks
	refusal    = 10 * time.Minute // for which a user is refused, or nothing is done after a search in vain
	forgetTime = time.Second      // for the library to forget the requests of a connection

	// Limits of what is normal. A worker has one pull request that waits, and at most 4096 remembered ones
	// (puller.inboxRequests). After a reconnect its last pull request may wait beside the new one for a
	// second. So a few more than one for each connection are too much in moreLooks looks in a row, and
	// many more at once.
	fewRequests, userRequests = 100_000, 5000
	mostRequests              = 500_000 // whatever the number of connections
	fewWaiting, moreLooks     = 2, 5
	manyWaiting, userWaiting  = 16, 2
)

// newGuard returns the guard of a server with accounts, or nil if no account lacks streams.
func newGuard(s *Server) (*guard, error) {
	for _, token := range s.security.Accounts {
		claims, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			return nil, fmt.Errorf("read the claims of an account: %w", err)
		}
		if claims.Subject != s.security.StreamKey {
			g := &guard{s: s, log: s.log.log, account: claims.Subject, sent: make(map[uint64]int64), tried: make(map[string]bool), found: make(map[string]int)}
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

// look closes one connection if there are too many requests, and refuses its user if they were that user's.
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
	user, name := userOf(c)
	g.tried[user] = true
	if g.s.ns.DisconnectClientByID(c.Cid) != nil { // it has gone
		return
	}
	ended := g.ended(e)
	if !g.proved(e, user, ended) {
		g.log.Debug().Msgf("nats server: closed the connection of %s, which had %d of the open requests", name, ended)
		return
	}
	g.log.Warn().Msgf("nats server: %s (%s) had at least %d %s: refused for %d minutes; end that for good with `embedded keys revoke %s`",
		name, c.IP, ended, e, int(refusal.Minutes()), name)
	if err := g.s.refuse(g.account, user, refusal); err != nil {
		g.log.Error().Err(err).Msgf("nats server: cannot refuse %s", name)
	}
}

// proved reports whether a user whose connection was just closed, and so many of whose requests have ended,
// is to be refused. The library forgets old requests of all users together. So requests that it remembers count
// only when they are found with a user for the second time.
func (g *guard) proved(e excess, user string, ended int) bool {
	if e.consumer != "" {
		return ended > 2*userWaiting
	}
	if ended <= 2*userRequests {
		return false
	}
	delete(g.tried, user)
	g.found[user]++
	return g.found[user] > 1
}

// ended returns how many of the requests have ended with the connection that was just closed. Pull
// requests end at once. They must be counted before the client is connected again, because then they would
// wait again. The library forgets requests one by one, in a goroutine.
func (g *guard) ended(e excess) int {
	if e.consumer != "" {
		_, waiting, _ := g.load()
		return e.count - waiting
	}
	left := e.count
	for late := time.Now().Add(forgetTime); e.count-left <= 2*userRequests && time.Now().Before(late); time.Sleep(forgetTime / 20) {
		left, _, _ = g.load()
	}
	return e.count - left
}

// excess returns what is too much for so many connections, and false if nothing is.
func (g *guard) excess(connections int) (excess, bool) {
	requests, waiting, consumer := g.load()
	normal := fewWaiting + connections
	if g.more++; waiting <= normal {
		g.more = 0
	}
	if g.more >= moreLooks || waiting > manyWaiting+userWaiting*connections {
		return excess{waiting, normal, consumer}, true
	}
	limit := min(fewRequests+userRequests*connections, mostRequests)
	return excess{requests, limit, ""}, requests > limit
}

// measure returns the number of requests that are remembered, and the consumer at which most pull requests
// wait, of those from which the users may pull.
func (g *guard) measure() (requests, waiting int, consumer string) {
	if a, err := g.s.ns.LookupAccount(g.s.security.StreamKey); err == nil {
		requests = a.NumPendingAllResponses()
	}
	detail, err := g.s.ns.JszAccount(&server.JSzOptions{Account: g.s.security.StreamKey, Streams: true, Consumer: true})
	if err != nil {
		return requests, 0, ""
	}
	for _, s := range detail.Streams {
		if !g.streams[s.Name] {
			continue
		}
		for _, c := range s.Consumer {
			if c.NumWaiting > waiting {
				waiting, consumer = c.NumWaiting, c.Name
			}
		}
	}
	return requests, waiting, consumer
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
// users were tried. Connections within this process have no address, and are
// never picked.
func (g *guard) pick(list []*server.ConnInfo) *server.ConnInfo {
	score := func(c *server.ConnInfo) int64 {
		return c.InMsgs - g.sent[c.Cid] + max(c.InMsgs-c.OutMsgs, c.OutMsgs-c.InMsgs)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(c *server.ConnInfo) bool {
		_, err := netip.ParseAddr(c.IP)
		user, _ := userOf(c)
		return err != nil || g.tried[user]
	})
	if len(list) == 0 {
		return nil
	}
	return slices.MaxFunc(list, func(a, b *server.ConnInfo) int { return cmp.Compare(score(a), score(b)) })
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
