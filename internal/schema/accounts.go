package schema

// Workers are users of an account of their own. The reason is a gap in the server's permissions: it
// checks the subject to which a client publishes, but not the reply subject that the client names.
// The server publishes its answer there with its own rights. Within one account a worker could
// thus have an answer stored as input, or obeyed as an order. In the workers' account these subjects
// have no meaning. Package identity signs the accounts, and their exports and imports.

// An AccountName is one of the accounts of a fleet's server.
type AccountName string

// The accounts.
const (
	AccountFleet   AccountName = "FACTOR"  // has the streams, and the users of all other roles
	AccountWorkers AccountName = "WORKERS" // has the workers
)

// AccountOf returns the account whose users have the role.
func AccountOf(r Role) AccountName {
	if r == RoleWorker {
		return AccountWorkers
	}
	return AccountFleet
}

// WorkerRequests returns the subjects that the workers' account imports from the fleet's: all that
// workers may publish to, with a wildcard for the name of the worker.
func WorkerRequests() (subjects []string) {
	for _, p := range workerPublish("*") {
		subjects = append(subjects, p.Subject)
	}
	return subjects
}

// FleetRequests returns the subjects that the fleet's account imports from the workers': requests
// that workers answer.
func FleetRequests() []string { return []string{"$SRV.>", StatusPrefix + "*"} }

// OrderSubject matches all orders to workers. They come from the fleet's account, never from the
// workers' own.
const OrderSubject = "FACTOR.ctl.>"
