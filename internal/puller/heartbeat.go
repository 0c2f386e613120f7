package puller

import (
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A heartbeat is a value of the bucket FACTOR_WORKERS. It is published directly to the subject of its
// key: the key-value interface of the client library would bind to the bucket first, and so needs
// permissions that workers do not have.

// heartbeatSubject returns the subject of this process's heartbeat.
func (c *Client) heartbeatSubject() string {
	return c.link.KeySubject(schema.KeyPrefix(schema.BucketWorkers) + c.worker + "." + c.instance)
}

// Beat publishes the worker's heartbeat, without the parts of the status that do not fit into
// schema.MaxStatusSize bytes. It does not wait for the server's answer, because the next heartbeat follows soon.
func (c *Client) Beat(status worker.Status) error {
	b, err := status.Encode(schema.MaxStatusSize)
	if err != nil {
		return fmt.Errorf("encode the heartbeat: %w", err)
	}
	return c.link.NC.Publish(c.heartbeatSubject(), b)
}

// announceLimit bounds how long Announce waits for the server.
const announceLimit = time.Second

// Announce tells supervisors which task this process is about to begin, the first that running returns, and which others
// that it has announced still run, for the case that one kills it. It returns when the server has the message, or after
// announceLimit. Without a connection it sends nothing.
func (c *Client) Announce(running func() []task.Address) error {
	if !c.link.NC.IsConnected() {
		return fmt.Errorf("announce a task: %w", nats.ErrDisconnected)
	}
	if err := c.publishBegun(running); err != nil {
		return err
	}
	return c.link.NC.FlushTimeout(announceLimit)
}

// publishBegun publishes as many names as fit. One announcement replaces another, so the last one must name all tasks.
func (c *Client) publishBegun(running func() []task.Address) error {
	c.announcing.Lock()
	defer c.announcing.Unlock()
	text := strings.TrimSuffix(worker.BegunPrefix, " ")
	for _, a := range running() {
		if name := " " + worker.TaskName(a); len(text)+len(name) <= schema.MaxStatusSize {
			text += name
		}
	}
	return c.link.NC.Publish(c.heartbeatSubject()+schema.BegunSuffix, []byte(text))
}

// operationHeader with the value deleteOperation marks a key as deleted (ADR-8 of NATS).
const (
	operationHeader = "KV-Operation"
	deleteOperation = "DEL"
)

// Leave replaces the last heartbeat of this process by a marker that it has left. Without the marker the heartbeat
// would stay until it expires (schema.WorkerTTL).
func (c *Client) Leave() error {
	m := nats.NewMsg(c.heartbeatSubject())
	m.Header.Set(operationHeader, deleteOperation)
	if err := c.link.NC.PublishMsg(m); err != nil {
		return err
	}
	return c.link.NC.FlushTimeout(c.link.Timeout)
}
