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

// ContextFile returns the path of the nats command's context for an identity.
func (s *Store) ContextFile(name string) string { return s.path(name + ".json") }

// A natsContext has the fields of a context that the nats command needs here.
type natsContext struct {
	Description string `json:"description"`
	URL         string `json:"url"`
	Creds       string `json:"creds"`
	CA          string `json:"ca"`
	InboxPrefix string `json:"inbox_prefix"`
}

// writeContext writes the context of an identity, with the address of the server if that is known.
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
	return writeFile(s.ContextFile(u.Name), append(text, '\n'), modeSecret)
}

// URL returns the address of the server; "" if SetURL was never called.
func (s *Store) URL() (string, error) {
	text, err := os.ReadFile(s.path(fileURL))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// SetURL stores the address of the server, and writes it into all contexts.
func (s *Store) SetURL(url string) error {
	return s.locked(func() error { return s.setURL(url) })
}

func (s *Store) setURL(url string) error {
	users, err := s.Users()
	if err != nil {
		return err
	}
	if err := writeFile(s.path(fileURL), []byte(url+"\n"), modePublic); err != nil {
		return err
	}
	for _, u := range users {
		if err := s.writeContext(u); err != nil {
			return err
		}
	}
	return nil
}
