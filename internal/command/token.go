package command

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/web"
)

const (
	tokenBytes   = 32
	maxTokenFile = 4 << 10
)

// readToken returns the token in a file; "" if no file is named. A file that does not exist is created with a new token. A
// file that other users may read is refused.
func readToken(s *Session, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createToken(s, path)
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := checkPrivate(path); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxTokenFile))
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if len(token) < web.MinToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%s must have one token of at least %d printable ASCII characters; remove the file to have a new one made", path, web.MinToken)
	}
	return token, nil
}

// createToken makes a file with a new token, which only this user may read.
func createToken(s *Session, path string) (string, error) {
	secret := make([]byte, tokenBytes)
	rand.Read(secret) // it never fails
	token := base64.RawURLEncoding.EncodeToString(secret)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(token + "\n")
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(path)
		return "", err
	}
	s.Log.Info().Str("file", path).Msg("created a token for the page")
	return token, nil
}

// checkPrivate returns an error if other users may read or write a file with a secret. It is not one of the connection to NATS.
func checkPrivate(path string) error {
	if err := natsconn.CheckKeyMode(path); err != nil {
		return errors.New(err.Error())
	}
	return nil
}
