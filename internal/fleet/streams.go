package fleet

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/task"
)

// Provision says how the streams are to be made.
type Provision struct {
	Replicas int           // 1, or 3 in a cluster; 0 = 1
	AckWait  time.Duration // how long a silent worker keeps its task; 0 = 30 s
	DryRun   bool          // only say what would be done

	// TaskBytes bounds FACTOR_TASKS; the server sets as much of its store aside. 0 = 1 GiB,
	// -1 = whatever the store has.
	TaskBytes int64
}

// DefaultAckWait is the time after which a task whose worker has fallen silent is
// handed out again. Workers beat every sixth of it.
const DefaultAckWait = 30 * time.Second

// Limits of the streams.
const (
	maxTasks        = 100_000 // messages in FACTOR_TASKS: about 185 B of the server's heap for each
	maxTaskBytes    = 1 << 30
	maxTaskSize     = 512 << 10
	maxResultSize   = 896 << 10
	maxLeaseSize    = 1 << 10
	maxDeliver      = 3
	maxWaiting      = 16384 // pull requests a durable holds; cannot be changed later
	maxRequestBatch = 256   // so that no client can hoard
	workerTTL       = 30 * time.Second
)

func (p Provision) withDefaults() Provision {
	if p.Replicas == 0 {
		p.Replicas = 1
	}
	if p.AckWait == 0 {
		p.AckWait = DefaultAckWait
	}
	if p.TaskBytes == 0 {
		p.TaskBytes = maxTaskBytes
	}
	return p
}

// streams returns the configuration of the five streams.
func (p Provision) streams() []jetstream.StreamConfig {
	// One message a subject, for ever the first: the subject is the deduplication.
	once := func(c jetstream.StreamConfig) jetstream.StreamConfig {
		c.MaxMsgsPerSubject = 1
		c.Discard = jetstream.DiscardNew
		c.DiscardNewPerSubject = true
		return c
	}
	streams := []jetstream.StreamConfig{
		once(jetstream.StreamConfig{
			Name: StreamInputs, Description: "the numbers of each job, as read",
			Subjects: []string{inputsPrefix + ">"}, MaxMsgSize: maxTaskSize, AllowDirect: true, AllowAtomicPublish: true,
		}),
		once(jetstream.StreamConfig{
			Name: StreamTasks, Description: "chunks waiting for a worker, and in work",
			Subjects: []string{tasksPrefix + ">"}, Retention: jetstream.WorkQueuePolicy,
			MaxMsgs: maxTasks, MaxBytes: p.TaskBytes, MaxMsgSize: maxTaskSize, AllowAtomicPublish: true,
		}),
		once(jetstream.StreamConfig{
			Name: StreamResults, Description: "answers, not yet verified",
			Subjects: []string{resultsPrefix + ">"}, MaxMsgSize: maxResultSize, AllowDirect: true,
		}),
		{
			Name: StreamReturns, Description: "ranges handed back, and tasks whose deliveries are exhausted",
			Subjects: []string{returnsPrefix + ">", advisoryPrefix + "*"}, Retention: jetstream.WorkQueuePolicy, MaxMsgSize: maxTaskSize,
		},
		once(jetstream.StreamConfig{
			Name: StreamDead, Description: "dead letters, and the failed attempts before them",
			Subjects: []string{deadPrefix + ">", failedPrefix + ">"}, MaxMsgSize: maxTaskSize, AllowDirect: true,
		}),
	}
	for i := range streams {
		streams[i].Replicas = p.Replicas
		streams[i].Storage = jetstream.FileStorage
	}
	return streams
}

// durable returns the configuration of the durable of a class.
func (p Provision) durable(c task.Class) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:         Durable(c),
		FilterSubject:   tasksPrefix + string(c) + ".>",
		DeliverPolicy:   jetstream.DeliverAllPolicy,
		AckPolicy:       jetstream.AckExplicitPolicy,
		AckWait:         p.AckWait,
		MaxDeliver:      maxDeliver,
		MaxAckPending:   -1,
		MaxWaiting:      maxWaiting,
		MaxRequestBatch: maxRequestBatch,
	}
}

// sweeper returns the configuration of the durable of FACTOR_RETURNS.
func (p Provision) sweeper() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       DurableSweeper,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       sweepAckWait,
		MaxDeliver:    -1,
		MaxAckPending: 1000,
		MaxWaiting:    512,
	}
}

// buckets returns the configuration of the key-value buckets.
func (p Provision) buckets() []jetstream.KeyValueConfig {
	return []jetstream.KeyValueConfig{
		{Bucket: BucketJobs, Description: "manifests of jobs, strikes of workers", History: 5, Replicas: p.Replicas},
		// History 1: in a bucket with more, a lease would outlive its time to live by LimitMarkerTTL.
		{Bucket: BucketLeases, Description: "who holds a job", History: 1, Replicas: p.Replicas, LimitMarkerTTL: time.Second, MaxValueSize: maxLeaseSize},
		{Bucket: BucketWorkers, Description: "heartbeats of workers", History: 1, Replicas: p.Replicas,
			TTL: workerTTL, LimitMarkerTTL: time.Minute, MaxValueSize: maxStatusSize},
	}
}
