package schema

import (
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// A Stream has the settings of one of the streams. The number of replicas is not among them: it depends
// on the server. All streams are stored on disk.
type Stream struct {
	Name, Description string
	Subjects          []string
	WorkQueue         bool // a message leaves the stream when it is acked

	// Once: the stream keeps the first message of each subject and refuses others as duplicates. The
	// subject thus serves as the id of the message. A full stream refuses new messages.
	Once bool

	// Latest: the stream keeps the last message of each subject, and the oldest message makes room for another one.
	Latest bool

	MaxMsgs     int64 // 0 = no limit
	MaxBytes    int64 // 0 or -1 = no limit
	MaxMsgSize  int32 // bytes
	DirectGet   bool  // any replica, not only the leader, may answer a request for one message
	AtomicBatch bool  // several messages can be stored as a whole or not at all
}

// A DurableConsumer has the settings of one of the durables. It delivers all messages of its filter,
// and each is acked by itself.
type DurableConsumer struct {
	Stream, Name    string
	Filter          string // subjects of the stream; "" = all
	AckWait         time.Duration
	MaxDeliver      int // -1 = no limit
	MaxAckPending   int // -1 = no limit
	MaxWaiting      int // pull requests that may wait at once; cannot be changed later
	MaxRequestBatch int // messages of one pull request; 0 = no limit
}

// A Bucket has the settings of one of the key-value buckets.
type Bucket struct {
	Name, Description string
	History           uint8         // values kept of each key
	TTL               time.Duration // after which a value is removed; 0 = never
	MarkerTTL         time.Duration // after which the marker of a removed value is removed; 0 = no markers
	MessageTTL        bool          // single messages may have a time to live; MarkerTTL permits that too
	MaxValueSize      int32         // bytes, headers included; 0 = no limit
	MaxKeys           int64         // the oldest value makes room for another key; 0 = no limit

	// WorkersWrite: workers write to it, who are not believed. So no message may remove others (rollup), or
	// choose how long it lives.
	WorkersWrite bool
}

// DefaultAckWait is the time without a heartbeat after which the server redelivers a task. Workers send
// a heartbeat for each task six times in that time. It must be longer than an election of a leader,
// which took 6 to 10 s with three nodes of nats-server 2.15.2.
const DefaultAckWait = 30 * time.Second

// BegunSuffix ends the key of FACTOR_WORKERS under which a process announces a task that it is about to begin: the
// key of its heartbeats and the suffix. The value is no heartbeat, so that programs of an earlier version ignore it.
const BegunSuffix = "-begun"

// BeatInterval is the time between two heartbeats of a worker to the registry. After WorkerTTL without one,
// the worker is removed from the registry.
const (
	BeatInterval = 10 * time.Second
	WorkerTTL    = 3 * BeatInterval
)

// Limits of the streams, durables and buckets.
const (
	MaxDeliver      = attempt.MaxDeliver
	MaxRequestBatch = 256              // tasks of one pull request, so that no worker can take the whole queue
	MaxStatusSize   = 4 << 10          // bytes of a heartbeat, headers included; it needs none
	SweepAckWait    = 10 * time.Second // after which a return is redelivered if its sweeper is gone
	TaskBytes       = 1 << 30          // bytes of FACTOR_TASKS, which the server reserves

	maxTasks      = 100_000   // in FACTOR_TASKS; each takes about 185 B of the server's heap
	maxTaskSize   = 512 << 10 // bytes of a task, input block, return or dead letter
	maxResultSize = 896 << 10 // bytes of a result
	maxLeaseSize  = 1 << 10   // bytes of a lease
	maxHeartbeats = 1 << 16   // in FACTOR_WORKERS, 256 MiB at most: one worker can make up instances
	maxCached     = 1 << 16   // entries of FACTOR_CACHE, 256 MiB at most; nothing is reserved for them
	maxCachedSize = 4 << 10   // bytes of an entry: factored.MaxLine and the header
	maxWaiting    = 16384     // pull requests that wait at the durable of a class
	maxReturns    = 8192      // messages of FACTOR_RETURNS that sweepers have; those that wait for room must not fill it
)

// Streams returns the settings of the streams. taskBytes is the limit of FACTOR_TASKS in bytes,
// which the server reserves in its store: 0 = 1 GiB, -1 = no limit and no reservation.
func Streams(taskBytes int64) []Stream {
	if taskBytes == 0 {
		taskBytes = TaskBytes
	}
	return []Stream{
		{
			Name: StreamInputs, Description: "the numbers of each job, as read",
			Subjects: []string{InputsPrefix + ">"}, Once: true, MaxMsgSize: maxTaskSize, DirectGet: true, AtomicBatch: true,
		},
		{
			Name: StreamTasks, Description: "chunks waiting for a worker, and in work",
			Subjects: []string{TasksPrefix + ">"}, Once: true, WorkQueue: true,
			MaxMsgs: maxTasks, MaxBytes: taskBytes, MaxMsgSize: maxTaskSize, AtomicBatch: true,
		},
		{
			Name: StreamResults, Description: "answers, not yet verified",
			Subjects: []string{ResultsPrefix + ">"}, Once: true, MaxMsgSize: maxResultSize, DirectGet: true,
		},
		{
			Name: StreamReturns, Description: "ranges handed back, and tasks whose deliveries are exhausted",
			Subjects: []string{ReturnsPrefix + ">", AdvisoryPrefix + "*"}, WorkQueue: true, MaxMsgSize: maxTaskSize,
		},
		{
			Name: StreamDead, Description: "dead letters, and the failed attempts before them",
			Subjects: []string{DeadPrefix + ">", FailedPrefix + ">"}, Once: true, MaxMsgSize: maxTaskSize, DirectGet: true,
		},
		{
			Name: StreamCache, Description: "factorizations of hard numbers, verified again by whoever reads them",
			Subjects: []string{CachePrefix + "*"}, Latest: true, MaxMsgs: maxCached, MaxMsgSize: maxCachedSize, DirectGet: true,
		},
	}
}

// Durables returns the settings of the durables that every fleet has: one for the tasks of each priority, and the
// sweeper's. A class with a route has a durable while it is in use.
// ackWait is the time without a heartbeat after which a task is redelivered; 0 = DefaultAckWait.
func Durables(ackWait time.Duration) (list []DurableConsumer) {
	if ackWait == 0 {
		ackWait = DefaultAckWait
	}
	for _, class := range task.Classes {
		list = append(list, ClassDurable(class, ackWait))
	}
	return append(list, DurableConsumer{
		Stream: StreamReturns, Name: DurableSweeper,
		AckWait: SweepAckWait, MaxDeliver: -1, MaxAckPending: maxReturns, MaxWaiting: 512,
	})
}

// ClassDurable returns the settings of the durable of a class, with or without a route.
func ClassDurable(class task.Class, ackWait time.Duration) DurableConsumer {
	return DurableConsumer{
		Stream: StreamTasks, Name: Durable(class), Filter: TasksPrefix + string(class) + ".>",
		AckWait: ackWait, MaxDeliver: MaxDeliver, MaxAckPending: -1, MaxWaiting: maxWaiting, MaxRequestBatch: MaxRequestBatch,
	}
}

// Buckets returns the settings of the key-value buckets.
func Buckets() []Bucket {
	return []Bucket{
		// Not MarkerTTL: an expired tombstone would leave a marker in its place.
		{Name: BucketJobs, Description: "manifests of jobs, strikes of workers", History: 5, MessageTTL: true},
		// History 1: with a longer history, a lease would outlive its time to live by MarkerTTL.
		{Name: BucketLeases, Description: "who holds a job", History: 1, MarkerTTL: time.Second, MaxValueSize: maxLeaseSize},
		{
			Name: BucketWorkers, Description: "heartbeats of workers", History: 1,
			TTL: WorkerTTL, MaxValueSize: MaxStatusSize, MaxKeys: maxHeartbeats, WorkersWrite: true,
		},
	}
}
