package schema

import "testing"

// TestCheckIdentity: no worker has a name under which others write.
func TestCheckIdentity(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		role Role
		name string
		good bool
	}{
		{RoleWorker, "w-1", true}, {RoleWorker, Sweeper, false}, {RoleWorker, CacheWriter, false}, {RoleProducer, CacheWriter, true},
		{"", CacheWriter, true}, {RoleWorker, "a.b", false}, {RoleProducer, "*", false},
	} {
		if err := CheckIdentity(x.role, x.name); (err == nil) != x.good {
			t.Errorf("%s %q: %v", x.role, x.name, err)
		}
	}
}

// TestHasCache: the credentials of a producer permit to use the cache, those of others do not.
func TestHasCache(t *testing.T) {
	t.Parallel()
	for role, want := range map[Role]bool{RoleWorker: false, RoleProducer: true, RoleObserver: false, RoleAdmin: true} {
		var publish []string
		for _, p := range PermissionsOf(role, "x").Publish {
			publish = append(publish, p.Subject)
		}
		if HasCache(publish) != want {
			t.Errorf("%s: %v", role, !want)
		}
	}
}
