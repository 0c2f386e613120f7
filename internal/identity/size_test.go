package identity

import (
	"path/filepath"
	"strings"
	"testing"

	"factorfleet/internal/schema"
)

// TestLoginSize: a server accepts a login of at most 4096 bytes by default (max_control_line). It contains the JWT, and
// about 350 bytes besides.
func TestLoginSize(t *testing.T) {
	s, err := Create(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("n", 32)
	for _, r := range schema.Roles {
		u := User{Role: r, Name: name, Sources: []string{"192.168.100.0/24", "192.168.101.0/24"}}
		c, err := s.Sign(u, schema.PermissionsOf(r, name))
		if err != nil {
			t.Fatal(err)
		}
		if t.Logf("%s: %d bytes", r, len(c.JWT)); len(c.JWT) > 3700 {
			t.Errorf("%s: a JWT of %d bytes", r, len(c.JWT))
		}
	}
}
