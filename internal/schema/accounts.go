package schema

// Workers are users of an account of their own. A server checks what a client publishes to, but
// not which subject it names for the answer, and there the server publishes with its own
// rights: within one account a worker could have an answer stored as input, or obeyed as an
// order. In the workers' account such a subject means nothing. Package identity signs the
// accounts, and says what passes from one to the other.

// An AccountName is one of the accounts of a fleet's server.
type AccountName string

// The accounts.
const (
	AccountFleet   AccountName = "FACTOR"  // streams, and all roles but workers
	AccountWorkers AccountName = "WORKERS" // workers
)

// AccountOf returns the account in which identities of a role are users.
func AccountOf(r Role) AccountName {
	if r == RoleWorker {
		return AccountWorkers
	}
	return AccountFleet
}

// WorkerRequests are the subjects that the workers' account passes on to the fleet's: what
// workers publish to, whatever their names.
func WorkerRequests() (subjects []string) {
	for _, p := range workerPublish("*") {
		subjects = append(subjects, p.Subject)
	}
	return subjects
}

// FleetRequests are the subjects that the fleet's account passes on to the workers', for
// workers to answer.
func FleetRequests() []string { return []string{"$SRV.>", StatusPrefix + "*"} }

// OrderSubject is what workers hear from the fleet's account, and never from their own.
const OrderSubject = "FACTOR.ctl.>"
