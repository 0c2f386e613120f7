package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/jwt/v2"
)

// Credentials of an identity become valid in three steps, so that none is ever usable without a record by which
// it can be listed and revoked, and none is lost if the process is killed between two steps:
//
//	.NAME.creds.new   the credentials, which nobody uses yet
//	users/NAME.jwt    the record; from here on the identity exists
//	NAME.creds        the first file is renamed
//	NAME.json         follows from the record
//
// complete does the last two steps for records that exist, and removes credentials without a record.

// complete completes what a process that was killed has left half-made. The lock must be held.
func (s *Store) complete() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), stagedExt); ok && strings.HasPrefix(name, ".") {
			if err := s.publish(name[1:]); err != nil {
				return err
			}
		}
	}
	if err := s.completeUsers(); err != nil {
		return err
	}
	return s.removeTemporary()
}

// publish makes staged credentials those of their identity if they are the recorded ones. Otherwise it removes
// them: a process was killed before it recorded them.
func (s *Store) publish(name string) error {
	text, err := os.ReadFile(s.stagedFile(name))
	if err != nil {
		return err
	}
	token, err := jwt.ParseDecoratedJWT(text)
	recorded, missing := os.ReadFile(s.userFile(name))
	if err != nil || missing != nil || token != string(recorded) {
		return os.Remove(s.stagedFile(name))
	}
	if err := os.Rename(s.stagedFile(name), s.CredsFile(name)); err != nil {
		return err
	}
	u, err := s.User(name)
	if err != nil {
		return err
	}
	return s.writeContext(u)
}

// completeUsers removes empty records and completes all others.
func (s *Store) completeUsers() error {
	names, err := s.userNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		u, err := s.User(name)
		if errors.Is(err, ErrUnknown) {
			if err := s.removeFiles(name); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			continue // damage, which User reports to whoever needs the identity
		}
		if err := s.completeUser(u); err != nil {
			return err
		}
	}
	return nil
}

// completeUser removes what is left of a revoked identity, and writes a context that is missing.
func (s *Store) completeUser(u User) error {
	if exists(s.path(dirRevoked, u.Key)) {
		return s.removeFiles(u.Name)
	}
	if !exists(s.ContextFile(u.Name)) {
		return s.writeContext(u)
	}
	return nil
}

// removeTemporary removes the files that interrupted calls of writeFile have left.
func (s *Store) removeTemporary() error {
	for _, dir := range []string{s.dir, s.path(dirUsers), s.path(dirRevoked)} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), temporaryPrefix) {
				os.Remove(filepath.Join(dir, e.Name()))
			}
		}
	}
	return nil
}

// removeFiles removes the files of an identity, the record last.
func (s *Store) removeFiles(name string) error {
	for _, file := range []string{s.stagedFile(name), s.CredsFile(name), s.ContextFile(name), s.userFile(name)} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
