package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"factorfleet/internal/text"
)

// Limits of an answer.
const (
	maxRedirects   = 3
	maxHeaderBytes = 16 << 10
	maxAnswer      = 16 << 10 // bytes that are read of its body
)

// newClient returns a client that verifies certificates, and follows redirects within a host only.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = maxHeaderBytes
	transport.DisableKeepAlives = true // a notification is rare
	transport.TLSHandshakeTimeout = 10 * time.Second
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}
}

// checkRedirect refuses a redirect to another host, and one that would turn the POST into a GET without a body.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case r.URL.Scheme != first.URL.Scheme || r.URL.Host != first.URL.Host:
		return finalError{errors.New("the server redirects to another host, which is not followed")}
	case r.Method != first.Method:
		return finalError{errors.New("the server redirects without the request body (use 307 or 308)")}
	case len(via) > maxRedirects:
		return finalError{errors.New("too many redirects")}
	}
	return nil
}

// post makes one attempt to send the event.
func (t *Target) post(ctx context.Context, e *Event, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url.String(), bytes.NewReader(body))
	if err != nil {
		return finalError{errors.New("the address cannot be used")}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "factorfleet")
	r.Header.Set("Idempotency-Key", e.ID)
	answer, err := t.client.Do(r)
	if err != nil {
		return withoutURL(err)
	}
	defer answer.Body.Close()
	return t.checkAnswer(answer)
}

// withoutURL returns the error of a request without its URL, which may contain a secret.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// checkAnswer returns nil for a status of success.
func (t *Target) checkAnswer(answer *http.Response) error {
	said, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	code := answer.StatusCode
	if code >= 200 && code < 300 {
		return nil
	}
	err := fmt.Errorf("the server answers %d %s", code, http.StatusText(code))
	if detail := text.Sanitize(t.redacted(string(said)), maxDetail); detail != "" {
		err = fmt.Errorf("%w: %s", err, detail)
	}
	if code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout {
		return err
	}
	return finalError{err}
}
