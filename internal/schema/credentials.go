package schema

// Credentials of a user, as a server with an operator asks for them. The zero value is for
// one that asks for none.
type Credentials struct {
	JWT, Seed string
	Inbox     string // prefix of the inboxes that the user may read
}
