package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

var (
	// ErrUnknown is wrapped when no identity has a name.
	ErrUnknown = errors.New("no such identity")
	// ErrTaken is wrapped when one has it already.
	ErrTaken = errors.New("taken")
)

// A User is one identity.
type User struct {
	Name    string
	Role    schema.Role
	Sources []string  // networks it may come from, as CIDR; empty = anywhere
	Expires time.Time // zero = never
	Key     string    // public: what a server writes in its log

	issuer string // public key of the account that has signed it
}

// ParseSource reads a network, or one address, from which an identity may come.
func ParseSource(text string) (string, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()).String(), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return "", fmt.Errorf("%.60q is neither a network such as 10.0.0.0/8 nor an address", text)
	}
	return p.Masked().String(), nil
}

// Sign returns credentials for an identity with these permissions, of which the store
// keeps no record.
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
	token, err := s.sign(u, p)
	return schema.Credentials{JWT: token, Seed: string(seed), Inbox: schema.InboxOf(u.Name)}, err
}

func (s *Store) sign(u User, p schema.Permissions) (string, error) {
	claims := jwt.NewUserClaims(u.Key)
	claims.Name = u.Name
	claims.Tags.Add(schema.RoleTag + string(u.Role))
	allow(&claims.Permissions.Pub, p.Publish)
	allow(&claims.Permissions.Sub, p.Subscribe)
	if p.Respond != "" {
		claims.Resp = &jwt.ResponsePermission{MaxMsgs: 1, Expires: time.Minute}
	}
	claims.Src.Add(u.Sources...)
	if !u.Expires.IsZero() {
		claims.Expires = u.Expires.Unix()
	}
	token, err := claims.Encode(s.signer(u.Role))
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", u.Name, err)
	}
	return token, nil
}

// allow puts a list into claims. An empty one would be read as no limit at all.
func allow(to *jwt.Permission, list []schema.Permission) {
	if len(list) == 0 {
		to.Deny.Add(">")
	}
	for _, x := range list {
		to.Allow.Add(x.Subject)
	}
}

// Add makes a new identity, with its credentials and its context. An error wraps ErrTaken
// if the name is.
func (s *Store) Add(u User) error {
	if err := schema.CheckIdentity(u.Role, u.Name); err != nil {
		return err
	}
	c, err := s.Sign(u, schema.PermissionsOf(u.Role, u.Name))
	if err != nil {
		return err
	}
	creds, err := jwt.FormatUserConfig(c.JWT, []byte(c.Seed))
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(s.path(fileCA))
	if err != nil {
		return err
	}
	record, err := os.OpenFile(s.path(dirUsers, u.Name+".jwt"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the name %s is %w; use another, or revoke that one first", u.Name, ErrTaken)
	}
	if err != nil {
		return err
	}
	_, err = record.WriteString(c.JWT)
	if err = errors.Join(err, record.Sync(), record.Close()); err != nil {
		return err
	}
	if err := writeFile(s.CredsFile(u.Name), append(creds, ca...), 0o600); err != nil {
		return err
	}
	return s.writeContext(u)
}

// User returns the identity of that name. An error wraps ErrUnknown if there is none.
func (s *Store) User(name string) (User, error) {
	u := User{Name: name}
	if err := schema.CheckIdentity("", name); err != nil {
		return u, err
	}
	text, err := os.ReadFile(s.path(dirUsers, name+".jwt"))
	if errors.Is(err, fs.ErrNotExist) {
		return u, fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	if err != nil {
		return u, err
	}
	claims, err := jwt.DecodeUserClaims(string(text))
	if err != nil {
		return u, fmt.Errorf("read %s: %w", s.path(dirUsers, name+".jwt"), err)
	}
	u.Key, u.Sources, u.issuer = claims.Subject, claims.Src, claims.Issuer
	for _, tag := range claims.Tags {
		if role, ok := strings.CutPrefix(tag, schema.RoleTag); ok {
			u.Role = schema.Role(role)
		}
	}
	if claims.Expires > 0 {
		u.Expires = time.Unix(claims.Expires, 0)
	}
	return u, nil
}

// CredsFile is the file with the credentials of an identity, and with the certificate of
// the authority that vouches for the server.
func (s *Store) CredsFile(name string) string { return s.path(name + ".creds") }
