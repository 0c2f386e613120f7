package schema

// What a fleet needs of a nats server.
const (
	// LeastMajor and LeastMinor are the least version. Version 2.12 has atomic batches; older ones store a batch's
	// messages one by one, without saying so.
	LeastMajor, LeastMinor = 2, 12

	// LeastPayload is the least value of max_payload, in bytes. The longest message is a result of 768 KiB (package
	// worker); its header and its subject have far fewer than 4 KiB.
	LeastPayload = 772 << 10

	// LeastConsumers is how many consumers a stream must be able to have. FACTOR_TASKS has three durables; another
	// stream has one consumer for each process that follows it, and FACTOR_RESULTS one for each job.
	LeastConsumers = 8
)

// A Former is the value that an earlier release gave to a setting. `init` replaces it by the present one, since that
// loses nothing. Any other value is the choice of a user, and stays.
type Former struct {
	Of      string // stream or durable
	Setting string // as package fleet names it
	Value   string // as package fleet prints it
}

// Formers has all of them. It is read only.
var Formers = []Former{
	{DurableSweeper, "max ack pending", "1000"},
	{BucketStream(BucketJobs), "time to live of messages", "false"},
}
