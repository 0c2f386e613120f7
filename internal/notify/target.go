package notify

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"factorfleet/internal/text"
)

// A Target is where notifications go: a command or an address.
type Target struct {
	url    *url.URL // nil for a command
	words  []string // of the command
	client *http.Client
}

// Parse reads the value of --notify: an address that begins with http:// or https://, or a command line. With direct the
// command runs without a shell: its words are separated by spaces.
func Parse(value string, direct bool) (*Target, error) {
	value = strings.TrimSpace(value) // of a file or a variable: a space must not make an address a command
	if value == "" {
		return nil, errors.New("it is empty: name a command, or an address such as https://HOST/PATH")
	}
	if scheme, _, ok := strings.Cut(value, "://"); ok && strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return parseURL(value, strings.ToLower(scheme))
	}
	if direct {
		return &Target{words: strings.Fields(value)}, nil
	}
	return &Target{words: append(shell(), value)}, nil
}

// parseURL reads an address. Its errors do not have the address, which may contain a secret.
func parseURL(value, scheme string) (*Target, error) {
	if scheme != "http" && scheme != "https" {
		return nil, errors.New("the scheme " + scheme + ":// is not supported: use https:// or http://")
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.Fragment != "" {
		return nil, errors.New("it is not an address such as https://HOST/PATH")
	}
	return &Target{url: u, client: newClient()}, nil
}

// String names the target without what may be secret: of an address the scheme and the host, of a command its first word
// behind assignments of variables such as TOKEN=....
func (t *Target) String() string {
	if t.url != nil {
		return t.url.Scheme + "://" + t.url.Host
	}
	line := t.words[len(t.words)-1]
	if len(t.words) > 1 && t.words[0] != shell()[0] {
		line = t.words[0]
	}
	for _, word := range strings.Fields(line) {
		if !strings.ContainsAny(word, "=:'\"$`") { // an assignment before the command, or an address, may be a secret
			return "command " + text.Sanitize(word, maxName)
		}
	}
	return "command"
}

// maxName bounds the name of a command in messages, in bytes.
const maxName = 60

// redacted returns a text that the other side has sent, without the parts of the address that may be secret: servers quote
// the path of a request in their errors.
func (t *Target) redacted(s string) string {
	parts := []string{t.url.RequestURI(), t.url.Path, t.url.EscapedPath(), t.url.RawQuery}
	parts = append(parts, strings.Split(t.url.Path, "/")...)
	for _, values := range t.url.Query() {
		parts = append(parts, values...)
	}
	if password, ok := t.url.User.Password(); ok {
		parts = append(parts, password)
	}
	for _, part := range parts {
		if len(part) >= minSecret {
			s = strings.ReplaceAll(s, part, "***")
		}
	}
	return s
}

// minSecret is the least length of a part of an address that is left out of messages, in bytes.
const minSecret = 6
