package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// FACTOR_CACHE has one message for each number whose factorization is kept: a line of text under the key of the number.
// Package factored has the rules of lines and keys. The stream has at most 65,536 messages; the oldest one makes room.
//
//	holder, submitter: a verified answer that is worth it ──► KeepCached
//	submitter: numbers of the input ──► Cached ──► verified ──► StoreCachedAnswers ──► FACTOR_RESULTS
//	producer find, cache export ──► Cached, EachCached ──► verified ──► printed
//
// Producers and admins may write to it, workers may not. A message is a claim nevertheless: nothing here is believed
// before it is verified. No job needs the cache. A server of an earlier release has none, and credentials of an earlier
// release do not permit to use it: then nothing is found, and nothing is kept.

// ErrNoCache is wrapped if the server has no stream FACTOR_CACHE, or the credentials do not permit to use it.
var ErrNoCache = errors.New("there is no cache of factorizations")

// CacheError returns an error that wraps ErrNoCache if this process cannot use the cache, and says what to do.
func (f *Fleet) CacheError(ctx context.Context) error {
	if f.cacheless {
		return fmt.Errorf("%w for these credentials: use those of a producer; if they are of an earlier version, run `embedded keys renew` and use the new ones", ErrNoCache)
	}
	if _, err := f.cacheInfo(ctx); err != nil {
		return err
	}
	return nil
}

// cacheKeys is how many keys one request names. The server answers with at most 1024 messages. Up to cacheRequests are on
// their way.
const (
	cacheKeys     = 512
	cacheRequests = 8
)

// Cached returns the lines that are stored under some of the keys, by key. Lines are missing after an error, which wraps
// ErrNoCache if there is no cache.
func (f *Fleet) Cached(ctx context.Context, keys []string) (map[string][]byte, error) {
	if f.cacheless {
		return nil, ErrNoCache
	}
	var mu sync.Mutex // guards lines
	lines := make(map[string][]byte)
	var group errgroup.Group
	group.SetLimit(cacheRequests)
	for part := range slices.Chunk(keys, cacheKeys) {
		group.Go(func() error {
			subjects := make([]string, len(part))
			for i, key := range part {
				subjects[i] = schema.CachePrefix + key
			}
			_, err := f.readCache(ctx, cacheRequest{Subjects: subjects}, func(e CacheEntry) error {
				mu.Lock()
				defer mu.Unlock()
				lines[e.Key] = e.Line
				return nil
			})
			return err
		})
	}
	return lines, group.Wait()
}

// A CacheEntry is a message of FACTOR_CACHE.
type CacheEntry struct {
	Key    string
	Line   []byte
	Stored time.Time // the server's time
}

// EachCached calls got with all entries, the oldest first, until got returns an error, which EachCached returns. The filter
// of its requests selects all subjects: with another one the server counts what is left for each message, which takes 0.5 ms
// if there are 60,000.
func (f *Fleet) EachCached(ctx context.Context, got func(CacheEntry) error) error {
	if f.cacheless {
		return ErrNoCache
	}
	for seq := uint64(1); seq > 0; {
		var err error
		if seq, err = f.readCache(ctx, cacheRequest{Seq: seq, Next: ">", Batch: 1024}, got); err != nil {
			return err
		}
	}
	return nil
}

// KeepCached stores a line under a key, and replaces the one before. It tries once, for at most the time of one answer: a
// line that is lost costs time, since its number is then factored again.
func (f *Fleet) KeepCached(ctx context.Context, key string, line []byte) {
	if f.cacheless {
		return
	}
	if _, err := f.link.Request(ctx, message(schema.CachePrefix+key, line)); err != nil {
		f.link.Log.Debug().Err(err).Msg("cannot keep a factorization in the cache")
	}
}

// StoreCached stores all lines, and waits until the server has them.
func (f *Fleet) StoreCached(ctx context.Context, entries []CacheEntry) error {
	if err := f.CacheError(ctx); err != nil {
		return err
	}
	messages := make([]*nats.Msg, len(entries))
	for i, e := range entries {
		messages[i] = message(schema.CachePrefix+e.Key, e.Line)
	}
	return f.link.StoreEach(ctx, messages, nil)
}

// CacheUse says how full the cache is.
type CacheUse struct {
	Entries, Most uint64
	Bytes         uint64
	First, Last   time.Time // when the oldest and the newest entry were stored; zero if there is none
}

// CacheUse returns how full the cache is. Observers may call it.
func (f *Fleet) CacheUse(ctx context.Context) (CacheUse, error) {
	info, err := f.cacheInfo(ctx)
	if err != nil {
		return CacheUse{}, err
	}
	u := CacheUse{Entries: info.State.Msgs, Most: uint64(max(0, info.Config.MaxMsgs)), Bytes: info.State.Bytes}
	if u.Entries > 0 {
		u.First, u.Last = info.State.FirstTime, info.State.LastTime
	}
	return u, nil
}

// RemoveCached removes the entry of a key, or all entries if key is "", and returns how many they were.
func (f *Fleet) RemoveCached(ctx context.Context, key string) (removed uint64, err error) {
	if err := f.CacheError(ctx); err != nil {
		return 0, err
	}
	removed, err = f.purgeCache(ctx, key)
	if err != nil {
		return 0, fmt.Errorf("remove from stream %s: %w", schema.StreamCache, stream.Explain(err))
	}
	return removed, nil
}
