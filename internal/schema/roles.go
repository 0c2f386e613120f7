package schema

import (
	"fmt"
	"slices"

	"factorfleet/internal/task"
)

// A Role is what an identity is for. Its permissions are what it needs, and no more:
// a test takes each line away and sees something fail.
type Role string

// The roles.
const (
	RoleWorker   Role = "worker"   // consumer run
	RoleProducer Role = "producer" // producer submit, wait and all that looks after jobs
	RoleObserver Role = "observer" // producer ls, status, workers ls: looks, and changes nothing
	RoleAdmin    Role = "admin"    // producer init, the nats command
)

// RoleTag is the beginning of the tag of a user JWT that names its role.
const RoleTag = "role:"

// Roles are all roles.
var Roles = []Role{RoleWorker, RoleProducer, RoleObserver, RoleAdmin}

// ParseRole returns the role of that name.
func ParseRole(text string) (Role, error) {
	if r := Role(text); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", fmt.Errorf("%.60q is not a role: use worker, producer, observer or admin", text)
}

// A Permission lets an identity publish to subjects, or subscribe to them.
type Permission struct {
	Subject string `json:"subject"` // may have wildcards
	Why     string `json:"why"`     // what for
}

// Permissions are those of one identity. What is in neither list is refused.
type Permissions struct {
	Publish   []Permission `json:"publish"`
	Subscribe []Permission `json:"subscribe"`
	Respond   string       `json:"respond,omitempty"` // why it may answer requests, once each within a minute, wherever they ask for it; "" = it may not
}

// CheckIdentity returns an error if name cannot be that of an identity in the role. It is
// a token of subjects, and one that the sweeper writes under is nobody else's.
func CheckIdentity(r Role, name string) error {
	if err := task.CheckWorker(name); err != nil {
		return err
	}
	if r == RoleWorker && name == Sweeper {
		return fmt.Errorf("%q is not a name for a worker: dead letters under it are the sweeper's", name)
	}
	return nil
}

// InboxOf returns the inbox prefix of an identity: nobody else can read what comes there.
func InboxOf(name string) string { return InboxStem + name }

// InboxStem is what the inbox prefix of every identity begins with.
const InboxStem = "_INBOX_"

// PermissionsOf returns what the identity of that name may do in a role.
func PermissionsOf(r Role, name string) Permissions {
	inbox := Permission{InboxOf(name) + ".>", "answers to its own requests, and nobody else's"}
	switch r {
	case RoleWorker:
		return Permissions{
			Publish: workerPublish(name), Subscribe: append(workerSubscribe(name), inbox),
			Respond: "to answer as a service of NATS",
		}
	case RoleProducer:
		return Permissions{Publish: producerPublish(), Subscribe: []Permission{inbox}}
	case RoleObserver:
		return Permissions{Publish: observerPublish(), Subscribe: []Permission{inbox}}
	case RoleAdmin:
		all := []Permission{{">", "everything in the account: creates streams and durables"}}
		return Permissions{Publish: all, Subscribe: all}
	}
	return Permissions{}
}

// workerPublish has the worker's name as the last token of all that it writes. With
// $JS.ACK it could ack what others work on: such a chunk is found missing and queued again.
func workerPublish(name string) []Permission {
	return []Permission{
		{ResultsPrefix + "*.*." + name, "its results; the first of a range stands"},
		{ReturnsPrefix + "*.*.*." + name, "ranges that it hands back"},
		{DeadPrefix + "*.*." + name, "numbers that it gives up: a claim"},
		{FailedPrefix + "*.*.*.*." + name, "its failed attempts"},
		{KeyPrefix(BucketWorkers) + name + ".*", "its heartbeat"},
		{"$JS.API.CONSUMER.INFO." + StreamTasks + ".*", "to bind to the durables"},
		{"$JS.API.CONSUMER.MSG.NEXT." + StreamTasks + ".*", "to pull tasks"},
		{"$JS.ACK." + StreamTasks + ".>", "to settle them, and to show that it works on them"},
	}
}

func workerSubscribe(name string) []Permission {
	return []Permission{
		{OrderSubject, "to be told of cancelled jobs and of its quarantine"},
		{StatusPrefix + name, "to be asked for its status"},
		{"$SRV.PING", "to show in `nats service ls`"},
		{"$SRV.INFO", "to show in `nats service ls`"},
		{"$SRV.STATS", "to show in `nats service ls`"},
		{"$SRV.*." + ServiceName, "to be asked together with all workers"},
		{"$SRV.*." + ServiceName + ".*", "to be asked alone"},
	}
}

func producerPublish() []Permission {
	list := []Permission{
		{InputsPrefix + ">", "the numbers of a job"},
		{TasksPrefix + ">", "its chunks, and those queued again"},
		{DeadPrefix + "*.*.*", "dead letters, as the sweeper"},
		{OrderSubject, "to tell workers of cancelled jobs and of a quarantine"},
		{KeyPrefix(BucketJobs) + ">", "manifests, and what is held against workers"},
		{KeyPrefix(BucketLeases) + ">", "who holds a job"},
	}
	for _, s := range []string{StreamInputs, StreamTasks, StreamResults, StreamReturns, StreamDead} {
		list = append(list,
			Permission{"$JS.API.STREAM.INFO." + s, "to bind to the stream, and to list what it holds"},
			Permission{"$JS.API.STREAM.PURGE." + s, "to remove a job"})
	}
	for _, b := range []string{BucketJobs, BucketLeases, BucketWorkers} {
		list = append(list, Permission{"$JS.API.STREAM.INFO." + BucketStream(b), "to bind to the bucket"})
	}
	list = append(list,
		Permission{"$JS.API.STREAM.PURGE." + BucketStream(BucketJobs), "to remove the tombstone of a job"},
		Permission{"$JS.API.STREAM.MSG.GET." + StreamTasks, "the sweeper, to read a task whose deliveries are exhausted"},
		Permission{"$JS.API.STREAM.MSG.DELETE." + StreamTasks, "and to remove it"},
		Permission{"$JS.API.STREAM.MSG.GET." + StreamResults, "to know the last result of a job, from the leader"},
		Permission{"$JS.API.STREAM.MSG.DELETE." + StreamResults, "to drop a result that does not verify"},
		Permission{"$JS.API.STREAM.MSG.DELETE." + StreamDead, "to remove a dead letter"},
		Permission{"$JS.API.CONSUMER.INFO." + StreamTasks + ".*", "how the queue stands"},
		Permission{"$JS.API.CONSUMER.MSG.NEXT." + StreamTasks + ".*", "the probe: has the server notice exhausted tasks"},
		Permission{"$JS.API.CONSUMER.INFO." + StreamReturns + "." + DurableSweeper, "the sweeper"},
		Permission{"$JS.API.CONSUMER.MSG.NEXT." + StreamReturns + "." + DurableSweeper, "the sweeper"},
		Permission{"$JS.ACK." + StreamReturns + "." + DurableSweeper + ".>", "the sweeper"},
		Permission{"$JS.API.DIRECT.GET." + StreamInputs + "." + InputsPrefix + ">", "to read blocks of input"},
		Permission{"$JS.API.DIRECT.GET." + StreamResults, "to read a result again"},
		Permission{"$JS.API.DIRECT.GET." + StreamDead, "to read last-attempt records"},
		readKey(BucketJobs), readKey(BucketLeases),
	)
	list = append(list, follow(StreamResults, ResultsPrefix)...)
	list = append(list, follow(StreamDead, "FACTOR.")...)
	return append(list, buckets()...)
}

func observerPublish() []Permission {
	list := []Permission{
		{"$JS.API.INFO", "what the account uses"},
		{"$JS.API.STREAM.NAMES", "to list the streams"},
		{"$JS.API.STREAM.LIST", "to list the streams"},
		{"$JS.API.STREAM.INFO.*", "how they stand, and the names of what they hold"},
		{"$JS.API.CONSUMER.NAMES.*", "to list the durables"},
		{"$JS.API.CONSUMER.LIST.*", "to list the durables"},
		{"$JS.API.CONSUMER.INFO.*.*", "how they stand"},
		readKey(BucketJobs), readKey(BucketLeases),
		{"$SRV.PING", "`nats service ping`"},
		{"$SRV.INFO", "`nats service ls`"},
		{"$SRV.STATS", "to ask all services how they fare"},
		{StatusPrefix + "*", "to ask a worker for its status"},
		{"$SRV.*." + ServiceName, "`nats service info` and stats, of all workers"},
		{"$SRV.*." + ServiceName + ".*", "and of one"},
	}
	return append(list, buckets()...)
}

// buckets lists the permissions to read all jobs and workers. The server pushes the bucket of
// workers: a large one comes in portions, each of which is confirmed.
func buckets() []Permission {
	workers := BucketStream(BucketWorkers)
	return append(follow(BucketStream(BucketJobs), KeyPrefix(BucketJobs)),
		Permission{"$JS.API.CONSUMER.CREATE." + workers + ".*." + KeyPrefix(BucketWorkers) + ">", "to list the workers"},
		Permission{"$JS.API.CONSUMER.DELETE." + workers + ".*", "to leave nothing behind"},
		Permission{"$JS.FC." + workers + ".>", "to confirm portions of a large bucket"},
	)
}

// follow lists the permissions to read a stream with the reader's own consumers.
func follow(stream, subjects string) []Permission {
	return []Permission{
		{"$JS.API.CONSUMER.CREATE." + stream + ".*." + subjects + ">", "to read the stream"},
		{"$JS.API.CONSUMER.MSG.NEXT." + stream + ".*", "to read the stream"},
		{"$JS.API.CONSUMER.DELETE." + stream + ".*", "to leave nothing behind"},
	}
}

func readKey(bucket string) Permission {
	return Permission{"$JS.API.DIRECT.GET." + BucketStream(bucket) + "." + KeyPrefix(bucket) + ">", "to read a key"}
}
