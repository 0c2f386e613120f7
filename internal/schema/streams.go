package schema

import (
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// A Stream says how one of the streams is set up, whatever the number of its replicas. All are
// kept on disk.
type Stream struct {
	Name, Description string
	Subjects          []string
	WorkQueue         bool // a message leaves the stream when it is acked

	// One message a subject, for ever the first: the subject is the deduplication. A full
	// stream refuses new messages.
	Once bool

	MaxMsgs     int64 // 0 = no limit
	MaxBytes    int64 // 0 or -1 = no limit
	MaxMsgSize  int32 // bytes
	DirectGet   bool  // any replica answers for a single message
	AtomicBatch bool  // messages can be stored all or none
}

// A DurableConsumer says how one of the durables is set up. It delivers all messages, and each
// is acked by itself.
type DurableConsumer struct {
	Stream, Name    string
	Filter          string // subjects of the stream; "" = all
	AckWait         time.Duration
	MaxDeliver      int // -1 = no limit
	MaxAckPending   int // -1 = no limit
	MaxWaiting      int // pull requests it holds; cannot be changed later
	MaxRequestBatch int // messages a pull request may ask for; 0 = no limit
}

// A Bucket says how one of the key-value buckets is set up.
type Bucket struct {
	Name, Description string
	History           uint8         // values kept of each key
	TTL               time.Duration // how long a value stays; 0 = for ever
	MarkerTTL         time.Duration // how long the mark of a value that timed out stays; 0 = there are no marks
	MaxValueSize      int32         // bytes; 0 = no limit
}

// DefaultAckWait is the time after which a task whose worker has fallen silent is
// handed out again. Workers beat every sixth of it.
const DefaultAckWait = 30 * time.Second

// BeatInterval is how often a worker shows that it lives; after workerTTL, three
// times as long, it is gone from the list.
const BeatInterval = 10 * time.Second

// Limits of the streams, durables and buckets.
const (
	MaxDeliver      = attempt.MaxDeliver
	MaxRequestBatch = 256              // tasks of one pull request, so that no client can hoard
	MaxStatusSize   = 16 << 10         // bytes of a heartbeat
	SweepAckWait    = 10 * time.Second // how long a silent sweeper keeps a return

	maxTasks      = 100_000 // messages in FACTOR_TASKS: about 185 B of the server's heap for each
	maxTaskBytes  = 1 << 30
	maxTaskSize   = 512 << 10
	maxResultSize = 896 << 10
	maxLeaseSize  = 1 << 10
	maxWaiting    = 16384 // pull requests at the durable of a class
	workerTTL     = 30 * time.Second
)

// Streams returns the five streams. taskBytes bounds FACTOR_TASKS; the server sets as much of
// its store aside. 0 = 1 GiB, -1 = whatever the store has.
func Streams(taskBytes int64) []Stream {
	if taskBytes == 0 {
		taskBytes = maxTaskBytes
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
	}
}

// Durables returns the durables: one for the tasks of each class, and the sweeper's. ackWait is
// how long a silent worker keeps its task; 0 = DefaultAckWait.
func Durables(ackWait time.Duration) (list []DurableConsumer) {
	if ackWait == 0 {
		ackWait = DefaultAckWait
	}
	for _, class := range task.Classes {
		list = append(list, DurableConsumer{
			Stream: StreamTasks, Name: Durable(class), Filter: TasksPrefix + string(class) + ".>",
			AckWait: ackWait, MaxDeliver: MaxDeliver, MaxAckPending: -1, MaxWaiting: maxWaiting, MaxRequestBatch: MaxRequestBatch,
		})
	}
	return append(list, DurableConsumer{
		Stream: StreamReturns, Name: DurableSweeper,
		AckWait: SweepAckWait, MaxDeliver: -1, MaxAckPending: 1000, MaxWaiting: 512,
	})
}

// Buckets returns the key-value buckets.
func Buckets() []Bucket {
	return []Bucket{
		{Name: BucketJobs, Description: "manifests of jobs, strikes of workers", History: 5},
		// History 1: in a bucket with more, a lease would outlive its time to live by MarkerTTL.
		{Name: BucketLeases, Description: "who holds a job", History: 1, MarkerTTL: time.Second, MaxValueSize: maxLeaseSize},
		{
			Name: BucketWorkers, Description: "heartbeats of workers", History: 1,
			TTL: workerTTL, MarkerTTL: time.Minute, MaxValueSize: MaxStatusSize,
		},
	}
}
