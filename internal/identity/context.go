package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"factorfleet/internal/schema"
)

// ContextFile is a context of the nats command for an identity.
func (s *Store) ContextFile(name string) string { return s.path(name + ".json") }

// A natsContext has the fields that the nats command reads.
type natsContext struct {
	Description string `json:"description"`
	URL         string `json:"url"`
	Creds       string `json:"creds"`
	CA          string `json:"ca"`
	InboxPrefix string `json:"inbox_prefix"`
}

func (s *Store) writeContext(u User) error {
	url, err := s.URL()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(natsContext{
		Description: fmt.Sprintf("factorfleet %s %s", u.Role, u.Name), URL: url,
		Creds: s.CredsFile(u.Name), CA: s.path(fileCA), InboxPrefix: schema.InboxOf(u.Name),
	}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(s.ContextFile(u.Name), append(text, '\n'), 0o600)
}

// URL is where the server was said to be; "" if nobody has.
func (s *Store) URL() (string, error) {
	text, err := os.ReadFile(s.path(fileURL))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// SetURL says where the server is, and has all contexts say so.
func (s *Store) SetURL(url string) error {
	users, err := s.Users()
	if err != nil {
		return err
	}
	if err := writeFile(s.path(fileURL), []byte(url+"\n"), 0o644); err != nil {
		return err
	}
	for _, u := range users {
		if err := s.writeContext(u); err != nil {
			return err
		}
	}
	return nil
}
