package main

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/identity"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
)

// A access decides who may join a server that listens. A nil access lets everybody in.
type access struct {
	keys  *identity.Store
	hosts []string // by which other machines know this one, the best first
	rules natsserver.Security
	known string // revision of the revocations that rules know of, at least
}

func accessFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "secure", Usage: "let in over TLS only those who have keys from `DIR`, which is made if it is not there"},
		&ucli.StringSliceFlag{Name: "san", Usage: "`HOST` name or address by which other machines know this one, as often as you like; the first is told them"},
		&ucli.BoolFlag{Name: "insecure", DisableDefaultText: true, Usage: "let in everybody who can reach --listen: to read, forge and delete"},
	}
}

// openAccess reads what the flags say of who is let in. Others than this machine are, only
// if that was said.
func openAccess(c *ucli.Context, host string) (*access, error) {
	dir := c.String("secure")
	switch {
	case dir != "" && c.Bool("insecure"):
		return nil, cli.Usagef("--secure and --insecure exclude each other")
	case dir == "" && c.IsSet("san"):
		return nil, cli.Usagef("--san is for the certificate that --secure makes")
	case dir == "" && !c.Bool("insecure") && !isLoopback(host):
		return nil, cli.WithHint(cli.Usagef("--listen %s would let everybody in who can reach it", c.String("listen")),
			"add --secure DIR, which makes keys and tells how others join; or --insecure in a network where you trust everybody")
	case dir == "":
		return nil, nil
	}
	keys, err := identity.Prepare(dir)
	if err != nil {
		return nil, keyFault(err)
	}
	g := &access{keys: keys, hosts: append(c.StringSlice("san"), identity.Hosts(host)...)}
	if g.known, err = keys.Revision(); err != nil { // before the claims: what comes between is put in force again
		return nil, err
	}
	claims, err := keys.Claims()
	if err != nil {
		return nil, err
	}
	g.rules = natsserver.Security{Operator: claims.Operator, Accounts: claims.Tokens(), System: claims.System, StreamKey: claims.FleetKey, SystemKey: claims.SystemKey}
	g.rules.TLS, err = keys.ServerTLS(g.hosts)
	return g, err
}

// isLoopback reports whether only this machine can reach the host.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// security returns what the server is to be told, nil for a server that lets everybody in.
func (g *access) security() *natsserver.Security {
	if g == nil {
		return nil
	}
	return &g.rules
}

// credentials returns credentials for a part of this process; none are needed without a gate.
func (g *access) credentials(role schema.Role, name string) (schema.Credentials, error) {
	if g == nil {
		return schema.Credentials{}, nil
	}
	return g.keys.Sign(identity.User{Role: role, Name: name}, schema.PermissionsOf(role, name))
}

// revokeEvery is how soon the server hears of a revocation.
const revokeEvery = time.Second

// watch puts revocations in force as they come, until ctx ends.
func (g *access) watch(ctx context.Context, server *natsserver.Server, log zerolog.Logger) {
	known := g.known
	ticker := time.NewTicker(revokeEvery)
	defer ticker.Stop()
	var err error
	for warned := false; ; {
		if err != nil && !warned {
			log.Warn().Err(err).Msg("revocations cannot be read: those made since are not in force")
		}
		warned = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		var now string
		if now, err = g.keys.Revision(); err != nil || now == known {
			continue
		}
		var claims identity.Claims
		if claims, err = g.keys.Claims(); err != nil {
			continue
		}
		if err = server.UpdateAccounts(claims.Tokens()); err == nil {
			known = now
			log.Info().Int("revoked", claims.Revoked).Msg("revocations are in force")
		}
	}
}

// greet says how others join: the line for each worker, and the contexts.
func (g *access) greet(server *natsserver.Server) (string, error) {
	url := server.URLAt(g.hosts[0])
	if err := g.keys.SetURL(url); err != nil {
		return "", err
	}
	lines, err := g.keys.Greeting()
	if err != nil {
		return "", err
	}
	lines = append([]string{"listening on " + url + ", for those with keys from " + g.keys.Dir()}, lines...)
	return "embedded: " + strings.Join(lines, "\nembedded: ") + "\n", nil
}
