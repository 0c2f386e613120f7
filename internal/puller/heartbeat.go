package puller

import (
	"fmt"
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

// Announce tells supervisors which task this process is about to begin, for the case that the task kills it. It returns
// when the server has the message, or after announceLimit. Without a connection it sends nothing.
func (c *Client) Announce(a task.Address) error {
	if !c.link.NC.IsConnected() {
		return fmt.Errorf("announce a task: %w", nats.ErrDisconnected)
	}
	if err := c.link.NC.Publish(c.heartbeatSubject()+schema.BegunSuffix, []byte(worker.BegunPrefix+worker.TaskName(a))); err != nil {
		return err
	}
	return c.link.NC.FlushTimeout(announceLimit)
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
