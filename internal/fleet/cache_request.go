package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
)

// A cacheRequest asks the server for messages of FACTOR_CACHE (ADR-31). Any replica may answer. It names subjects, or
// where to begin and how many messages to return.
type cacheRequest struct {
	Subjects []string `json:"multi_last,omitempty"`

	Seq   uint64 `json:"seq,omitempty"`
	Next  string `json:"next_by_subj,omitempty"`
	Batch int    `json:"batch,omitempty"`
}

// Statuses of the last message of an answer.
const (
	statusEnd      = "204"
	statusNotFound = "404"
)

// readCache sends a request, and calls got with each entry of the answer. It returns the sequence after the last one, 0
// if there are no more. It waits for each message for the time of one answer at most.
func (f *Fleet) readCache(ctx context.Context, r cacheRequest, got func(CacheEntry) error) (next uint64, err error) {
	payload, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	inbox := f.link.NC.NewInbox()
	answers, err := f.link.NC.SubscribeSync(inbox)
	if err != nil {
		return 0, cacheError(err)
	}
	defer answers.Unsubscribe()
	if err := f.link.NC.PublishRequest(f.link.API+"DIRECT.GET."+schema.StreamCache, inbox, payload); err != nil {
		return 0, cacheError(err)
	}
	var last uint64
	for {
		m, err := f.nextOf(ctx, answers)
		if err != nil {
			return 0, cacheError(err)
		}
		switch status := m.Header.Get("Status"); {
		case status == statusEnd && last > 0 && m.Header.Get("Nats-Num-Pending") != "0":
			return last + 1, nil
		case status == statusEnd, status == statusNotFound:
			return 0, nil
		case status != "":
			return 0, cacheError(fmt.Errorf("status %.3q %.100q", status, m.Header.Get("Description")))
		}
		e, seq, ok := cacheEntry(m)
		if !ok {
			continue // a key that a hostile producer has made up, or a message of others in the inbox
		}
		last = max(last, seq)
		if err := got(e); err != nil {
			return 0, err
		}
	}
}

// nextOf returns the next message of an answer.
func (f *Fleet) nextOf(ctx context.Context, answers *nats.Subscription) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, f.link.Timeout)
	defer cancel()
	return answers.NextMsgWithContext(ctx)
}

// cacheEntry returns the entry that a message of an answer carries.
func cacheEntry(m *nats.Msg) (e CacheEntry, seq uint64, ok bool) {
	e.Line = m.Data
	e.Key, ok = strings.CutPrefix(m.Header.Get(jetstream.SubjectHeader), schema.CachePrefix)
	seq, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	e.Stored, _ = time.Parse(time.RFC3339Nano, m.Header.Get(jetstream.TimeStampHeaer))
	return e, seq, ok && err == nil
}

// cacheError wraps ErrNoCache if the server has no stream to answer.
func cacheError(err error) error {
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w on this server: run `producer init`", ErrNoCache)
	}
	return fmt.Errorf("read stream %s: %w", schema.StreamCache, stream.Explain(err))
}

// cacheInfo looks at the stream.
func (f *Fleet) cacheInfo(ctx context.Context) (*jetstream.StreamInfo, error) {
	s, err := f.link.JS.Stream(ctx, schema.StreamCache)
	if err != nil {
		return nil, cacheError(err)
	}
	return s.CachedInfo(), nil
}

// purgeCache removes the entry of a key, all entries if it is "".
func (f *Fleet) purgeCache(ctx context.Context, key string) (uint64, error) {
	subject := schema.CachePrefix + "*"
	if key != "" {
		subject = schema.CachePrefix + key
	}
	m := nats.NewMsg(f.link.API + "STREAM.PURGE." + schema.StreamCache)
	m.Data = fmt.Appendf(nil, `{"filter":%q}`, subject)
	var answer struct {
		Error  *jetstream.APIError `json:"error"`
		Purged uint64              `json:"purged"`
	}
	reply, err := f.link.Request(ctx, m)
	if err == nil {
		err = json.Unmarshal(reply.Data, &answer)
	}
	if err == nil && answer.Error != nil {
		err = answer.Error
	}
	return answer.Purged, err
}
