package natsserver

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// Sync says when the store syncs its files to disk.
type Sync struct {
	Always   bool          // before each acknowledgement: nothing acknowledged is lost in a power cut
	Interval time.Duration // else at this interval; 0 = when the operating system decides
}

// ParseSync reads the value of --sync: "always", "never" or a positive duration such as 1s.
func ParseSync(s string) (Sync, error) {
	switch s {
	case "always":
		return Sync{Always: true}, nil
	case "never":
		return Sync{}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return Sync{}, fmt.Errorf("--sync %q: use always, never, or a duration such as 1s", s)
	}
	return Sync{Interval: d}, nil
}

// Config has the settings of a server.
type Config struct {
	Store  string // directory of the streams; "" = a temporary one, which Stop removes
	Sync   Sync
	Limit  int64  // bytes of all streams; 0 = according to the free space of the disk
	Listen string // HOST:PORT for other processes, port 0 = any free one; "" = only this process
	Log    zerolog.Logger

	Security *Security // nil = every client is accepted, without a login
}

const (
	maxPayload = 1 << 20   // bytes of a message
	maxMemory  = 256 << 20 // bytes of all streams in memory

	// neverSync stands for no interval at all, which the library does not offer.
	neverSync = 24 * time.Hour
)

// options returns the options of the library for a store in dir.
func options(c Config, dir string) (*server.Options, error) {
	opts := &server.Options{
		ServerName:             "factorfleet",
		DontListen:             c.Listen == "",
		NoSigs:                 true, // else the library handles SIGINT and SIGTERM, and ends the process
		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             c.Sync.Always,
		SyncInterval:           c.Sync.Interval,
		MaxPayload:             maxPayload,
		MaxConn:                maxConnections(),
		DisableJetStreamBanner: true,
		NoSublistCache:         true, // nearly all subjects are unique: the server would insert and evict each
		JetStreamMaxMemory:     maxMemory,
		JetStreamMaxStore:      c.Limit,
	}
	if !c.Sync.Always && c.Sync.Interval == 0 {
		opts.SyncInterval = neverSync
	}
	if c.Security != nil {
		if err := c.Security.apply(opts); err != nil {
			return nil, err
		}
	}
	if c.Listen == "" {
		return opts, nil
	}
	return opts, setAddress(opts, c.Listen)
}

// setAddress sets the address on which the server listens.
func setAddress(opts *server.Options, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("--listen %q is not host:port", listen)
	}
	opts.Host = host
	if opts.Port, err = strconv.Atoi(port); err != nil || opts.Port < 0 || opts.Port > 65535 {
		return fmt.Errorf("--listen %q has no port number from 0 to 65535", listen)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	return nil
}
