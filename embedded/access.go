package main

import (
	"context"
	"net"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/identity"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
)

// An access decides which clients a server that listens accepts. A nil access accepts every connection.
type access struct {
	keys        *identity.Store
	hosts       []string // names and addresses of this machine, the one for other machines first
	rules       natsserver.Security
	certificate *identity.Certificate // of the server
	revision    string                // of the revocations; the rules contain at least these
}

func accessFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "secure", Usage: "accept only TLS connections with keys from `DIR`; DIR is created if missing"},
		&ucli.StringSliceFlag{Name: "san", Usage: "`HOST` name or address of this machine for its certificate; may be repeated; other machines connect to the first"},
		&ucli.BoolFlag{Name: "insecure", DisableDefaultText: true, Usage: "accept every connection that reaches --listen: any client can then read, forge and delete"},
	}
}

// openAccess returns the access that the flags describe. Remote connections are accepted only with
// --secure or --insecure: without them, host must be this machine.
func openAccess(c *ucli.Context, host string) (*access, error) {
	dir := c.String("secure")
	switch {
	case dir != "" && c.Bool("insecure"):
		return nil, cli.Usagef("--secure and --insecure exclude each other")
	case dir == "" && c.IsSet("san"):
		return nil, cli.Usagef("--san needs --secure: it names hosts in the certificate of the server")
	case dir == "" && !c.Bool("insecure") && !isLoopback(host):
		return nil, cli.WithHint(cli.Usagef("--listen %s needs --secure or --insecure: other machines can reach it", c.String("listen")),
			"add --secure DIR, which creates keys and prints how other machines join; or --insecure in a network where you trust every user")
	case dir == "":
		return nil, nil
	}
	keys, err := identity.Prepare(dir)
	if err != nil {
		return nil, keyError(err)
	}
	a := &access{keys: keys, hosts: append(c.StringSlice("san"), identity.Hosts(host)...)}
	// The revision is read before the claims: a revocation between the two is then applied twice, not never.
	if a.revision, err = keys.Revision(); err != nil {
		return nil, err
	}
	claims, err := keys.Claims()
	if err != nil {
		return nil, err
	}
	a.rules = natsserver.Security{Operator: claims.Operator, Accounts: claims.Tokens(), System: claims.System, StreamKey: claims.FleetKey, SystemKey: claims.SystemKey}
	if a.certificate, err = keys.ServerCertificate(a.hosts); err != nil {
		return nil, keyError(err)
	}
	a.rules.TLS = a.certificate.TLS()
	return a, nil
}

// isLoopback reports whether only this machine can reach the host.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// security returns the rules for the server, nil if it accepts every connection.
func (a *access) security() *natsserver.Security {
	if a == nil {
		return nil
	}
	return &a.rules
}

// credentials returns credentials for a connection of this process, empty ones for a nil access.
func (a *access) credentials(role schema.Role, name string) (schema.Credentials, error) {
	if a == nil {
		return schema.Credentials{}, nil
	}
	return a.keys.Sign(identity.User{Role: role, Name: name}, schema.PermissionsOf(role, name))
}

// keysEvery is the time between two looks for new revocations, and for a certificate that must be renewed.
const keysEvery = time.Second

// watchKeys applies new revocations to the server, and renews its certificate before it ends, until ctx ends.
// Connections that exist are kept. It logs one warning while either fails. After a revocation or a refusal, workers
// that wait are told to pull again by renewPulls: the server has forgotten their requests.
func (a *access) watchKeys(ctx context.Context, server *natsserver.Server, renewPulls func() error, log zerolog.Logger) {
	ticker := time.NewTicker(keysEvery)
	defer ticker.Stop()
	var revocations, renewal warnOnce
	updates := server.Updates()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		revoked, changed, err := a.updateServer(server)
		revocations.warn(log, err, "cannot apply revocations: the new ones are not in force")
		if changed {
			log.Info().Int("revoked", revoked).Msg("revocations are in force")
		}
		if now := server.Updates(); now != updates {
			updates = now
			if err := renewPulls(); err != nil {
				log.Debug().Err(err).Msg("cannot tell the workers to pull again")
			}
		}
		replaced, err := a.certificate.Renew()
		renewal.warn(log, err, "cannot renew the certificate of the server")
		if replaced {
			log.Info().Time("expires", a.certificate.Expires()).Msg("the certificate of the server is renewed")
		}
	}
}

// A warnOnce logs the first of several errors in a row.
type warnOnce struct{ failing bool }

func (w *warnOnce) warn(log zerolog.Logger, err error, text string) {
	if err != nil && !w.failing {
		log.Warn().Err(err).Msg(text)
	}
	w.failing = err != nil
}

// updateServer applies the revocations to the server if there are new ones. It returns the number of
// all revoked identities.
func (a *access) updateServer(server *natsserver.Server) (revoked int, changed bool, err error) {
	now, err := a.keys.Revision()
	if err != nil || now == a.revision {
		return 0, false, err
	}
	claims, err := a.keys.Claims()
	if err != nil {
		return 0, false, err
	}
	if err := server.UpdateAccounts(claims.Tokens()); err != nil {
		return 0, false, err
	}
	a.revision = now
	return claims.Revoked, true, nil
}

// joinInstructions returns lines with the URL of the server, the command for each further machine, and
// the context for a producer here. It stores the URL with the keys.
func (a *access) joinInstructions(server *natsserver.Server) ([]string, error) {
	url := server.URLAt(a.hosts[0])
	if err := a.keys.SetURL(url); err != nil {
		return nil, err
	}
	lines, err := a.keys.JoinInstructions()
	if err != nil {
		return nil, err
	}
	return append([]string{"listening on " + url + " for clients with keys from " + a.keys.Dir()}, lines...), nil
}
