package identity

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"

	"factorfleet/internal/schema"
)

// creationOrder has the files of a new store in the order in which Prepare makes them.
func creationOrder() []string {
	files := []string{fileCreating, fileCAKey, fileCA, fileWorkers, fileSystemJWT, fileOperatorJWT, fileOperator, fileAccount}
	for _, u := range firstUsers {
		files = append(files, "."+u.Name+stagedExt, filepath.Join(dirUsers, u.Name+userExt), u.Name+credsExt, u.Name+".json")
	}
	return files
}

// TestCreateInterrupted: Prepare completes a creation that was interrupted after any of its steps.
func TestCreateInterrupted(t *testing.T) {
	t.Parallel()
	whole := prepare(t)
	source := contents(t, whole.dir)
	for _, u := range firstUsers {
		source[whole.stagedFile(u.Name)] = source[whole.CredsFile(u.Name)]
	}
	order := creationOrder()
	for n := range len(order) + 1 {
		s := &Store{dir: filepath.Join(t.TempDir(), "keys")}
		for _, d := range []string{dirUsers, dirRevoked} {
			if err := os.MkdirAll(s.path(d), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range order[:n] {
			if err := os.WriteFile(s.path(file), []byte(source[whole.path(file)]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(s.dir); !errors.Is(err, ErrNoKeys) {
			t.Errorf("after %d steps, open: %v", n, err)
		}
		again, err := Prepare(s.dir)
		if err != nil {
			t.Fatalf("after %d steps: %v", n, err)
		}
		checkStore(t, again, len(firstUsers))
	}
}

// checkStore checks that a store has so many identities, each with all of its files, and no other file.
func checkStore(t *testing.T, s *Store, identities int) {
	t.Helper()
	users, err := s.Users()
	if err != nil || len(users) != identities {
		t.Fatalf("%d identities, want %d, %v", len(users), identities, err)
	}
	files := contents(t, s.dir)
	for _, u := range users {
		key, err := s.signer(u.Role).PublicKey()
		if err != nil || u.issuer != key {
			t.Errorf("%s is signed by %s, not by %s", u.Name, u.issuer, key)
		}
		if token, err := jwt.ParseDecoratedJWT([]byte(files[s.CredsFile(u.Name)])); err != nil || token != files[s.userFile(u.Name)] {
			t.Errorf("the credentials of %s are not the recorded ones: %v", u.Name, err)
		}
		if !strings.HasSuffix(files[s.CredsFile(u.Name)], files[s.path(fileCA)]) {
			t.Errorf("the credentials of %s lack the authority", u.Name)
		}
		if files[s.ContextFile(u.Name)] == "" {
			t.Errorf("%s has no context", u.Name)
		}
		maps.DeleteFunc(files, func(path, _ string) bool {
			return path == s.CredsFile(u.Name) || path == s.userFile(u.Name) || path == s.ContextFile(u.Name)
		})
	}
	for path := range files {
		name := filepath.Base(path)
		if strings.HasPrefix(name, ".") && name != fileLock || strings.HasSuffix(name, credsExt) {
			t.Errorf("left: %s", path)
		}
	}
}

// TestLostAccount: keys that identities use are never replaced.
func TestLostAccount(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	if _, err := Create(s.dir); !errors.Is(err, ErrTaken) {
		t.Errorf("keys were created twice: %v", err)
	}
	os.Remove(s.path(fileAccount))
	before := contents(t, s.dir)
	for name, open := range map[string]func(string) (*Store, error){"prepare": Prepare, "create": Create} {
		if _, err := open(s.dir); err == nil || !strings.Contains(err.Error(), fileAccount+" is missing, but ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !maps.Equal(before, contents(t, s.dir)) {
		t.Error("a file was changed")
	}
}

// TestAddInterrupted: after an interrupted Add or Revoke, an identity is there with all its files, or not at all.
func TestAddInterrupted(t *testing.T) {
	t.Parallel()
	attic := User{Name: "attic", Role: schema.RoleWorker}
	for name, test := range map[string]struct {
		spoil func(s *Store)
		there bool
	}{
		"staged": {func(s *Store) { os.Rename(s.CredsFile("attic"), s.stagedFile("attic")); os.Remove(s.userFile("attic")) }, false},
		"recorded": {func(s *Store) {
			os.Rename(s.CredsFile("attic"), s.stagedFile("attic"))
			os.Remove(s.ContextFile("attic"))
		}, true},
		"empty record":      {func(s *Store) { os.WriteFile(s.userFile("attic"), nil, 0o600); os.Remove(s.CredsFile("attic")) }, false},
		"no context":        {func(s *Store) { os.Remove(s.ContextFile("attic")) }, true},
		"temporary":         {func(s *Store) { os.WriteFile(s.path(temporaryPrefix+"1"), []byte("seed"), 0o600) }, true},
		"staged by renewal": {func(s *Store) { os.WriteFile(s.stagedFile("attic"), []byte("another"), 0o600) }, true},
		"revoked, not removed": {func(s *Store) {
			u, _ := s.User("attic")
			os.WriteFile(s.path(dirRevoked, u.Key), nil, 0o600)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepare(t)
			if err := s.Add(attic); err != nil {
				t.Fatal(err)
			}
			test.spoil(s)
			if _, err := s.Users(); err != nil { // keys ls
				t.Error(err)
			}
			again, err := Prepare(s.dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := again.Add(attic); errors.Is(err, ErrTaken) != test.there || err != nil && !test.there {
				t.Errorf("add again: %v", err)
			}
			checkStore(t, again, len(firstUsers)+1)
		})
	}
}
