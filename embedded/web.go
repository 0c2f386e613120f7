package main

import (
	"context"
	"errors"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/observe"
	"factorfleet/internal/page"
	"factorfleet/internal/web"
)

// servePage serves the page of this process's fleet until the returned function is called, if there is --web.
func (n *node) servePage(c *ucli.Context) (stop func(), err error) {
	o := observe.New()
	server, err := command.ServePage(c, n.session, web.Config{Health: n.health, Observer: o, Page: page.Handler()})
	if server == nil {
		return func() {}, err
	}
	server.Handle("GET /metrics", n.options.metrics.handler(n, o))
	ctx, cancel := context.WithCancel(n.session.Context)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.Run(ctx, n.fleet) // it ends with ctx
	}()
	n.session.Notef("the page of the fleet is at %s", server.URL())
	return func() {
		cancel()
		<-ended
		server.Close()
	}, nil
}

// health returns nil while the server of this process works, else the reason.
func (n *node) health() error {
	switch {
	case n.session.Context.Err() != nil:
		return errors.New("the program is ending")
	case !n.fleet.Connected():
		return errors.New("not connected to the server in this process")
	}
	return n.server.Health()
}
