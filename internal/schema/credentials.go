package schema

// Credentials are the login of a user for a server with an operator. The zero value is for a server
// that requires no login.
type Credentials struct {
	JWT, Seed string
	Inbox     string // prefix of the reply subjects to which the user may subscribe
}
