package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// A User is one identity of the fleet.
type User struct {
	Name    string
	Role    schema.Role
	Sources []string  // networks from which it may connect, as CIDR; empty = all
	Expires time.Time // zero = never
	Key     string    // public key, which a server writes in its log

	Permissions PermissionState // of its credentials; Add and Sign ignore it

	issuer string    // public key of the account that has signed it
	issued time.Time // when it was signed
}

// ParseSource reads a network, or an address, from which an identity may connect. It returns the
// network as CIDR.
func ParseSource(text string) (string, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()).String(), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return "", fmt.Errorf("%.60q must be a network such as 10.0.0.0/8, or an address", text)
	}
	return p.Masked().String(), nil
}

// Sign returns new credentials for an identity with these permissions. The store keeps no record of
// them, so that they cannot be listed or revoked: they are for parts of this process.
func (s *Store) Sign(u User, p schema.Permissions) (schema.Credentials, error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return schema.Credentials{}, err
	}
	seed, err := key.Seed()
	if err != nil {
		return schema.Credentials{}, err
	}
	if u.Key, err = key.PublicKey(); err != nil {
		return schema.Credentials{}, err
	}
	token, err := s.signUser(u, p)
	return schema.Credentials{JWT: token, Seed: string(seed), Inbox: schema.InboxOf(u.Name)}, err
}

// responseTime is the time within which an identity may answer a request.
const responseTime = time.Minute

// signUser returns the JWT of a user, signed by the account of its role.
func (s *Store) signUser(u User, p schema.Permissions) (string, error) {
	token, err := userClaims(u, p).Encode(s.signer(u.Role))
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", u.Name, err)
	}
	return token, nil
}

// userClaims returns the claims of a user with these permissions.
func userClaims(u User, p schema.Permissions) *jwt.UserClaims {
	claims := jwt.NewUserClaims(u.Key)
	claims.Name = u.Name
	claims.Tags.Add(schema.RoleTag(u.Role))
	allow(&claims.Permissions.Pub, p.Publish)
	allow(&claims.Permissions.Sub, p.Subscribe)
	for _, x := range p.Refuse {
		claims.Permissions.Pub.Deny.Add(x.Subject)
	}
	if p.Respond != "" {
		claims.Resp = &jwt.ResponsePermission{MaxMsgs: 1, Expires: responseTime}
	}
	claims.Src.Add(u.Sources...)
	if !u.Expires.IsZero() {
		claims.Expires = u.Expires.Unix()
	}
	return claims
}

// allow adds a list of permissions to claims. Without any permission all subjects are denied, because
// a server takes an empty list for no limit.
func allow(to *jwt.Permission, list []schema.Permission) {
	if len(list) == 0 {
		to.Deny.Add(">")
	}
	for _, x := range list {
		to.Allow.Add(x.Subject)
	}
}

// Add makes a new identity with its credentials and its context. The error wraps ErrTaken if the name
// is taken.
func (s *Store) Add(u User) error {
	return s.locked(func() error {
		if err := s.complete(); err != nil {
			return err
		}
		return s.add(u)
	})
}

// add is Add while the lock is held.
func (s *Store) add(u User) error {
	if err := schema.CheckIdentity(u.Role, u.Name); err != nil {
		return err
	}
	if exists(s.userFile(u.Name)) {
		return fmt.Errorf("the name %s is %w; use another name, or revoke that identity first", u.Name, ErrTaken)
	}
	c, err := s.Sign(u, schema.PermissionsOf(u.Role, u.Name))
	if err != nil {
		return err
	}
	return s.store(u.Name, c)
}

// store stores the credentials of an identity and its record, in the order that complete.go explains.
func (s *Store) store(name string, c schema.Credentials) error {
	creds, err := jwt.FormatUserConfig(c.JWT, []byte(c.Seed))
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(s.path(fileCA))
	if err != nil {
		return err
	}
	if err := writeFile(s.stagedFile(name), append(creds, ca...), modeSecret); err != nil {
		return err
	}
	if err := writeFile(s.userFile(name), []byte(c.JWT), modeSecret); err != nil {
		return err
	}
	return s.publish(name)
}

// User returns the identity of that name. The error wraps ErrUnknown if no identity has it.
func (s *Store) User(name string) (User, error) {
	u := User{Name: name}
	if err := schema.CheckIdentity("", name); err != nil {
		return u, err
	}
	text, err := os.ReadFile(s.userFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return u, fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	if err != nil {
		return u, err
	}
	if len(text) == 0 { // an earlier version was killed before it wrote the claims
		return u, fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	claims, err := jwt.DecodeUserClaims(string(text))
	if err != nil {
		return u, fmt.Errorf("read %s: %w", s.userFile(name), err)
	}
	u.Role, u.Key, u.Sources, u.issuer = schema.RoleOf(claims.Tags), claims.Subject, claims.Src, claims.Issuer
	u.issued = time.Unix(claims.IssuedAt, 0)
	if claims.Expires > 0 {
		u.Expires = time.Unix(claims.Expires, 0)
	}
	u.Permissions, err = s.stateOf(u, claims)
	return u, err
}

// Users returns the identities that are not revoked, sorted by name.
func (s *Store) Users() ([]User, error) {
	names, err := s.userNames()
	if err != nil {
		return nil, err
	}
	var list []User
	for _, name := range names {
		u, err := s.User(name)
		if errors.Is(err, ErrUnknown) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}

// userNames returns the names of all records, sorted.
func (s *Store) userNames() (names []string, err error) {
	entries, err := os.ReadDir(s.path(dirUsers))
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), userExt); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}

// Extensions of the files of identities: claims, credentials, and credentials that are not yet recorded.
const userExt, credsExt, stagedExt = ".jwt", ".creds", ".creds.new"

// userFile returns the path of the file with the claims of an identity.
func (s *Store) userFile(name string) string { return s.path(dirUsers, name+userExt) }

// CredsFile returns the path of the file with the credentials of an identity. The file also has the
// certificate of the authority, by which the client knows the server.
func (s *Store) CredsFile(name string) string { return s.path(name + credsExt) }

// stagedFile returns the path of credentials that are not yet recorded.
func (s *Store) stagedFile(name string) string { return s.path("." + name + stagedExt) }
