package fleet

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
)

// entries returns count entries, which are no factorizations: this package does not look.
func entries(count int) (list []CacheEntry) {
	for i := range count {
		list = append(list, CacheEntry{Key: fmt.Sprintf("%032x", i), Line: fmt.Appendf(nil, "line %d", i)})
	}
	return list
}

// TestCache: what was stored is found, replaced, listed in the order of time, counted and removed.
func TestCache(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	const count = 1100 // more than two requests of keys, and than one portion of a listing
	list := entries(count)
	if err := h.StoreCached(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	keys := []string{"none", "00000000000000000000000000000bad"}
	for _, e := range list {
		keys = append(keys, e.Key)
	}
	found, err := h.Cached(t.Context(), keys)
	if err != nil || len(found) != count {
		t.Fatalf("%d found, %v", len(found), err)
	}
	for _, e := range list {
		if string(found[e.Key]) != string(e.Line) {
			t.Fatalf("%s: %q", e.Key, found[e.Key])
		}
	}
	h.KeepCached(t.Context(), list[0].Key, []byte("newer"))
	if found, err = h.Cached(t.Context(), keys[2:3]); err != nil || string(found[list[0].Key]) != "newer" {
		t.Errorf("%q, %v", found, err)
	}
	var listed []string
	err = h.EachCached(t.Context(), func(e CacheEntry) error {
		if e.Stored.IsZero() {
			t.Errorf("%s has no time", e.Key)
		}
		listed = append(listed, e.Key)
		return nil
	})
	if err != nil || len(listed) != count || listed[0] != list[1].Key || listed[count-1] != list[0].Key {
		t.Errorf("%d listed, %v", len(listed), err)
	}
	stop := errors.New("stop")
	if err := h.EachCached(t.Context(), func(CacheEntry) error { return stop }); err != stop {
		t.Error(err)
	}
	if u, err := h.CacheUse(t.Context()); err != nil || u.Entries != count || u.Most != 65536 || u.Bytes == 0 || u.Last.Before(u.First) {
		t.Errorf("%+v, %v", u, err)
	}
	for _, x := range []struct {
		key  string
		want uint64
	}{{list[5].Key, 1}, {list[5].Key, 0}, {"", count - 1}, {"", 0}} {
		if n, err := h.RemoveCached(t.Context(), x.key); err != nil || n != x.want {
			t.Errorf("%q: %d removed, %v", x.key, n, err)
		}
	}
	if found, err := h.Cached(t.Context(), keys); err != nil || len(found) != 0 {
		t.Errorf("%d found, %v", len(found), err)
	}
	if err := h.EachCached(t.Context(), func(CacheEntry) error { return stop }); err != nil {
		t.Error(err)
	}
}

// TestCacheBounded: the oldest entry makes room, and an entry that is too large is refused.
func TestCacheBounded(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	s, err := h.js.Stream(t.Context(), schema.StreamCache)
	if err != nil {
		t.Fatal(err)
	}
	config := s.CachedInfo().Config
	if config.MaxMsgs != 65536 || config.MaxMsgSize != 4096 || config.MaxMsgsPerSubject != 1 || config.Discard != jetstream.DiscardOld || config.MaxAge != 0 || config.MaxBytes > 0 {
		t.Errorf("%+v", config)
	}
	config.MaxMsgs = 10 // as the server treats 65,536
	if _, err := h.js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	list := entries(25)
	if err := h.StoreCached(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	var kept []string
	if err := h.EachCached(t.Context(), func(e CacheEntry) error { kept = append(kept, e.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(kept) != 10 || kept[0] != list[15].Key || kept[9] != list[24].Key {
		t.Errorf("%q", kept)
	}
	if err := h.StoreCached(t.Context(), []CacheEntry{{Key: "x", Line: make([]byte, 5000)}}); err == nil {
		t.Error("an entry of 5000 bytes was stored")
	}
}

// TestCacheMissing: a server of an earlier version has no such stream.
func TestCacheMissing(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	if err := h.js.DeleteStream(t.Context(), schema.StreamCache); err != nil {
		t.Fatal(err)
	}
	h.KeepCached(t.Context(), "key", []byte("line"))
	_, read := h.Cached(t.Context(), []string{"key"})
	_, removed := h.RemoveCached(t.Context(), "")
	_, used := h.CacheUse(t.Context())
	for what, err := range map[string]error{
		"read": read, "removed": removed, "used": used,
		"stored": h.StoreCached(t.Context(), entries(1)),
		"listed": h.EachCached(t.Context(), func(CacheEntry) error { return nil }),
	} {
		if !errors.Is(err, ErrNoCache) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s, err := h.Inspect(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	list := Findings(s, Provision{})
	if len(list) != 1 || list[0].Kind != Missing || len(waitsFor(list)) != 0 {
		t.Errorf("%v", list)
	}
	if made, err := Init(t.Context(), h.js, Provision{Adopt: true}); err != nil || len(made) != 1 || made[0].What != "stream FACTOR_CACHE" {
		t.Errorf("%v, %v", made, err)
	}
	if _, err := h.Cached(t.Context(), []string{"key"}); err != nil {
		t.Error(err)
	}
}

// TestCacheCancelled: who has ended waits for nothing.
func TestCacheCancelled(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Cached(ctx, []string{"key"}); err == nil {
		t.Error("no error")
	}
}
