package schema

import (
	"fmt"
	"slices"
	"strings"

	"factorfleet/internal/task"
)

// A Role is the purpose of an identity. An identity has the permissions that its role needs and no
// more: a test of package fleet removes each line in turn, and an action of the role must fail.
type Role string

// The roles.
const (
	RoleWorker   Role = "worker"   // pulls tasks and stores their results
	RoleProducer Role = "producer" // submits, watches, cancels and removes jobs
	RoleObserver Role = "observer" // reads jobs, queues and workers, and changes nothing
	RoleAdmin    Role = "admin"    // creates streams and durables, and may do everything
)

// roleTag is the prefix of the tag that names the role in the JWT of a user.
const roleTag = "role:"

// RoleTag returns the tag of a role.
func RoleTag(r Role) string { return roleTag + string(r) }

// RoleOf returns the role that the tags of a user name, "" if none does. The role may be unknown.
func RoleOf(tags []string) (r Role) {
	for _, tag := range tags {
		if name, ok := strings.CutPrefix(tag, roleTag); ok {
			r = Role(name)
		}
	}
	return r
}

// Roles has all roles.
var Roles = []Role{RoleWorker, RoleProducer, RoleObserver, RoleAdmin}

// ParseRole returns the role of that name.
func ParseRole(text string) (Role, error) {
	if r := Role(text); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", fmt.Errorf("%.60q is not a role: use worker, producer, observer or admin", text)
}

// A Permission allows an identity to publish or to subscribe to a subject.
type Permission struct {
	Subject string `json:"subject"` // may have wildcards
	Why     string `json:"why"`     // the reason, for people
}

// Permissions are those of one identity. The server refuses every subject that is in neither list.
type Permissions struct {
	Publish   []Permission `json:"publish"`
	Subscribe []Permission `json:"subscribe"`

	// Refuse are subjects to which the identity may not publish, although Publish has them.
	Refuse []Permission `json:"refuse,omitempty"`

	// Respond is the reason why the identity may answer requests: once each, within a minute, to any
	// reply subject. "" = it may not.
	Respond string `json:"respond,omitempty"`

	Limits *Limits `json:"limits,omitempty"` // nil = those of the server
}

// Limits are those of each connection of an identity. The server refuses a subscription beyond them, and ends
// a connection that sends a larger message.
type Limits struct {
	Subscriptions int64 `json:"subscriptions"`
	Payload       int64 `json:"payload"` // bytes of a message with its header
}

// WorkerLimits returns the limits of workers. A worker has 13 subscriptions, and one more for each 1024 of its
// requests while the slowest of them waits for its answer; its largest message is a result. Without the
// limits one connection could fill the server's memory with subscriptions.
func WorkerLimits() Limits { return Limits{Subscriptions: 256, Payload: maxResultSize} }

// CheckIdentity returns an error if an identity of the role cannot have the name. A name is a token of
// subjects, and the sweeper writes dead letters under its own: no worker may have that one.
func CheckIdentity(r Role, name string) error {
	if err := task.CheckWorker(name); err != nil {
		return err
	}
	if r == RoleWorker && name == Sweeper {
		return fmt.Errorf("%q is not a name for a worker: the sweeper writes dead letters under it", name)
	}
	if r == RoleWorker && name == CacheWriter {
		return fmt.Errorf("%q is not a name for a worker: producers store answers of the cache under it", name)
	}
	return nil
}

// InboxOf returns the inbox prefix of an identity. No other identity may subscribe to it.
func InboxOf(name string) string { return InboxStem + name }

// InboxStem begins the inbox prefix of every identity.
const InboxStem = "_INBOX_"

// PermissionsOf returns the permissions of the identity of that name in a role; none for an unknown role.
func PermissionsOf(r Role, name string) Permissions {
	inbox := Permission{InboxOf(name) + ".>", "receives the answers to its own requests only"}
	switch r {
	case RoleWorker:
		limits := WorkerLimits()
		return Permissions{
			Publish: workerPublish(name), Subscribe: append(workerSubscribe(name), inbox),
			Respond: "answers service requests and requests for its status", Limits: &limits,
		}
	case RoleProducer:
		return Permissions{Publish: producerPublish(), Subscribe: []Permission{inbox}, Refuse: producerRefuse()}
	case RoleObserver:
		return Permissions{Publish: observerPublish(), Subscribe: []Permission{inbox}}
	case RoleAdmin:
		all := []Permission{{">", "everything in the account, such as to create streams and durables"}}
		return Permissions{Publish: all, Subscribe: all}
	}
	return Permissions{}
}

// workerPublish returns the subjects to which a worker publishes. The last token of a subject that
// stores something is the worker's name, so no worker can write under another's. With $JS.ACK a worker
// could ack a task of another worker. The supervisor then finds the range missing and queues it again.
func workerPublish(name string) []Permission {
	return []Permission{
		{ResultsPrefix + "*.*." + name, "stores its results; the first of a range stays"},
		{ReturnsPrefix + "*.*.*." + name, "hands ranges back"},
		{DeadPrefix + "*.*." + name, "claims that a number must be given up"},
		{FailedPrefix + "*.*.*.*." + name, "records its failed attempts"},
		{KeyPrefix(BucketWorkers) + name + ".*", "sends its heartbeat"},
		{"$JS.API.CONSUMER.INFO." + StreamTasks + ".*", "reads the settings of the durables"},
		{"$JS.API.CONSUMER.MSG.NEXT." + StreamTasks + ".*", "pulls tasks"},
		{"$JS.ACK." + StreamTasks + ".>", "settles tasks, and sends heartbeats for them"},
	}
}

// workerSubscribe returns the subjects that a worker receives: orders, and requests for its status.
func workerSubscribe(name string) []Permission {
	return []Permission{
		{OrderSubject, "receives orders: a job was cancelled, it is quarantined"},
		{StatusPrefix + name, "receives requests for its status"},
		{"$SRV.PING", "appears in `nats service ls`"},
		{"$SRV.INFO", "appears in `nats service ls`"},
		{"$SRV.STATS", "appears in `nats service ls`"},
		{"$SRV.*." + ServiceName, "receives service requests to all workers"},
		{"$SRV.*." + ServiceName + ".*", "receives service requests to one process"},
	}
}

// producerPublish returns the subjects of everything that works on jobs: submit, wait, cancel, the sweeper
// and the supervisor.
func producerPublish() []Permission {
	list := []Permission{
		{InputsPrefix + ">", "stores the numbers of a job"},
		{TasksPrefix + ">", "queues tasks, and queues ranges again"},
		{DeadPrefix + "*.*.*", "gives numbers up, as the sweeper"},
		{OrderSubject, "orders workers to cancel a job or to accept a quarantine"},
		{KeyPrefix(BucketJobs) + ">", "writes manifests of jobs, and strikes of workers"},
		{KeyPrefix(BucketLeases) + ">", "takes and renews leases of jobs"},
		{ResultsPrefix + "*.*." + CacheWriter, "stores answers of the cache, which are verified as those of workers"},
		{CachePrefix + "*", "stores what it has verified in the cache; whoever reads it verifies it again"},
		{readCache, "reads the cache"},
		{"$JS.API.STREAM.PURGE." + StreamCache, "removes entries of the cache"},
	}
	for _, s := range []string{StreamInputs, StreamTasks, StreamResults, StreamReturns, StreamDead} {
		list = append(list, Permission{"$JS.API.STREAM.PURGE." + s, "removes a job"})
	}
	// One line for all streams: a server refuses a login of more than 4 KiB, which contains all these permissions.
	list = append(list, Permission{"$JS.API.STREAM.INFO.*", "binds to the streams and buckets, and lists their subjects"},
		Permission{"$JS.API.STREAM.PURGE." + BucketStream(BucketJobs), "removes the tombstone of a job"},
		Permission{"$JS.API.STREAM.MSG.GET." + StreamTasks, "reads a task whose deliveries are exhausted"},
		Permission{"$JS.API.STREAM.MSG.DELETE." + StreamTasks, "removes a task whose deliveries are exhausted"},
		Permission{"$JS.API.STREAM.MSG.GET." + StreamResults, "reads the last result of a job from the leader"},
		Permission{"$JS.API.STREAM.MSG.DELETE." + StreamResults, "removes a result that does not verify"},
		Permission{"$JS.API.STREAM.MSG.DELETE." + StreamDead, "removes a dead letter"},
		Permission{"$JS.API.CONSUMER.INFO." + StreamTasks + ".*", "reads the state of the queue"},
		Permission{"$JS.API.CONSUMER.MSG.NEXT." + StreamTasks + ".*", "makes the server report exhausted tasks, without taking one"},
		Permission{consumerNames, "lists the durables of routes"},
		Permission{"$JS.API.CONSUMER.CREATE." + StreamTasks + ".*." + TasksPrefix + "*.>", "creates the durable of a route"},
		Permission{"$JS.API.CONSUMER.DELETE." + StreamTasks + ".*", "removes the durable of a route that is not used any more"},
		Permission{"$JS.API.CONSUMER.INFO." + StreamReturns + "." + DurableSweeper, "binds to the sweeper's durable"},
		Permission{"$JS.API.CONSUMER.MSG.NEXT." + StreamReturns + "." + DurableSweeper, "pulls returned ranges"},
		Permission{"$JS.ACK." + StreamReturns + "." + DurableSweeper + ".>", "settles returned ranges"},
		Permission{"$JS.API.DIRECT.GET." + StreamInputs + ".>", "reads blocks of input"},
		Permission{"$JS.API.DIRECT.GET." + StreamResults, "reads a result again"},
		Permission{"$JS.API.DIRECT.GET." + StreamDead, "reads records of failed attempts"},
		readKey(BucketJobs), readKey(BucketLeases),
	)
	list = append(list, follow(StreamResults, ResultsPrefix)...)
	list = append(list, follow(StreamDead, "FACTOR.")...)
	return append(list, buckets()...)
}

// consumerNames is the subject of requests for the names of the durables of FACTOR_TASKS.
const consumerNames = "$JS.API.CONSUMER.NAMES." + StreamTasks

// producerRefuse returns the subjects with which a producer could stop the whole fleet: it creates and removes durables of
// routes only.
func producerRefuse() (list []Permission) {
	for _, class := range task.Classes {
		list = append(list,
			Permission{"$JS.API.CONSUMER.CREATE." + StreamTasks + "." + Durable(class) + ".>", "must not change the durable of a priority"},
			Permission{"$JS.API.CONSUMER.DELETE." + StreamTasks + "." + Durable(class), "must not remove the durable of a priority"})
	}
	return list
}

// readCache is the subject of requests for entries of the cache.
const readCache = "$JS.API.DIRECT.GET." + StreamCache

// HasCache reports whether an identity that may publish to these subjects, which may have wildcards, may read and write
// the cache. Credentials of an earlier version may not.
func HasCache(publish []string) bool {
	return slices.ContainsFunc(publish, func(pattern string) bool { return Matches(pattern, readCache) })
}

// SeesRoutes reports whether an identity that may publish to these subjects, which may have wildcards, may list the
// durables. Credentials of an earlier version may not.
func SeesRoutes(publish []string) bool {
	return slices.ContainsFunc(publish, func(pattern string) bool { return Matches(pattern, consumerNames) })
}

// Matches reports whether a subject without wildcards matches a pattern.
func Matches(pattern, subject string) bool {
	for {
		p, rest, more := strings.Cut(pattern, ".")
		s, left, further := strings.Cut(subject, ".")
		switch {
		case p == ">":
			return true
		case p != "*" && p != s || more != further:
			return false
		case !more:
			return true
		}
		pattern, subject = rest, left
	}
}

// observerPublish returns the subjects of requests that only read.
func observerPublish() []Permission {
	list := []Permission{
		{"$JS.API.INFO", "reads the usage of the account"},
		{"$JS.API.STREAM.NAMES", "lists the streams"},
		{"$JS.API.STREAM.LIST", "lists the streams"},
		{"$JS.API.STREAM.INFO.*", "reads the state and the subjects of a stream"},
		{"$JS.API.CONSUMER.NAMES.*", "lists the durables"},
		{"$JS.API.CONSUMER.LIST.*", "lists the durables"},
		{"$JS.API.CONSUMER.INFO.*.*", "reads the state of a durable"},
		readKey(BucketJobs), readKey(BucketLeases),
		{"$SRV.PING", "runs `nats service ping`"},
		{"$SRV.INFO", "runs `nats service ls`"},
		{"$SRV.STATS", "reads the statistics of all services"},
		{StatusPrefix + "*", "requests the status of a worker"},
		{"$SRV.*." + ServiceName, "runs `nats service info` and stats for all workers"},
		{"$SRV.*." + ServiceName + ".*", "runs `nats service info` and stats for one process"},
	}
	return append(list, buckets()...)
}

// buckets returns the permissions to read all jobs and all workers. The client library reads the bucket
// of workers with a push consumer. The server sends a large bucket in portions and waits for a flow
// control message ($JS.FC) after each.
func buckets() []Permission {
	workers := BucketStream(BucketWorkers)
	return append(follow(BucketStream(BucketJobs), KeyPrefix(BucketJobs)),
		Permission{"$JS.API.CONSUMER.CREATE." + workers + ".*." + KeyPrefix(BucketWorkers) + ">", "lists the workers"},
		Permission{"$JS.API.CONSUMER.DELETE." + workers + ".*", "removes its consumer"},
		Permission{"$JS.FC." + workers + ".>", "confirms portions of a large bucket"},
	)
}

// follow returns the permissions to read a stream with consumers of its own (stream.Follow).
func follow(stream, subjects string) []Permission {
	return []Permission{
		{"$JS.API.CONSUMER.CREATE." + stream + ".*." + subjects + ">", "creates a consumer to read the stream"},
		{"$JS.API.CONSUMER.MSG.NEXT." + stream + ".*", "reads the stream"},
		{"$JS.API.CONSUMER.DELETE." + stream + ".*", "removes its consumer"},
	}
}

// readKey returns the permission to read one key of a bucket.
func readKey(bucket string) Permission {
	return Permission{"$JS.API.DIRECT.GET." + BucketStream(bucket) + ".>", "reads a key"}
}
