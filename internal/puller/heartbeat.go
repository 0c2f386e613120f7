package puller

import (
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// A heartbeat is a value of the bucket FACTOR_WORKERS. It is published directly to the subject of its
// key: the key-value interface of the client library would bind to the bucket first, and so needs
// permissions that workers do not have.

// heartbeatSubject returns the subject of this process's heartbeat.
func (c *Client) heartbeatSubject() string {
	return schema.KeyPrefix(schema.BucketWorkers) + c.worker + "." + c.instance
}

// Beat publishes the worker's heartbeat, any value that encodes as JSON, of at most
// schema.MaxStatusSize bytes. It does not wait for the server's answer, because the next heartbeat
// follows soon.
func (c *Client) Beat(status any) error {
	b, err := json.Marshal(status)
	if err != nil {
		return fmt.Errorf("encode the heartbeat: %w", err)
	}
	return c.link.NC.Publish(c.heartbeatSubject(), b)
}

// operationHeader has the value purgeOperation on the message that deletes a key with its history
// (ADR-8 of NATS).
const (
	operationHeader = "KV-Operation"
	purgeOperation  = "PURGE"
)

// Leave removes this process from the registry of workers. Without it the last heartbeat would stay
// there until its time to live ends (30 s).
func (c *Client) Leave() error {
	m := nats.NewMsg(c.heartbeatSubject())
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	m.Header.Set(operationHeader, purgeOperation)
	if err := c.link.NC.PublishMsg(m); err != nil {
		return err
	}
	return c.link.NC.FlushTimeout(c.link.Timeout)
}
