package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"
)

// CSP is the Content-Security-Policy of all answers: a page loads nothing but its own files, and runs no inline script or
// style. So text of a hostile worker that became HTML by mistake would still do nothing.
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// securityHeaders are those of all answers.
var securityHeaders = map[string]string{
	"Content-Security-Policy":      CSP,
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY", // for browsers without frame-ancestors
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
}

// handler returns the handler of all requests.
//
//	headers ──► method ──► Host ──► other sites ──┬──► /healthz, /readyz, the page
//	                                              └──► token ──► API, and what was mounted by Handle
func (s *Server) handler() http.Handler {
	open := http.NewServeMux()
	open.HandleFunc("/healthz", s.health)
	open.HandleFunc("/readyz", s.ready)
	page := s.config.Page
	if page == nil {
		page = http.NotFoundHandler()
	}
	open.Handle("/{$}", page)
	open.Handle("/assets/", page)
	open.Handle("/", s.checkToken(s.guarded))
	if s.config.Observer != nil {
		s.routes()
	}
	return s.withHeaders(checkMethod(s.checkHost(checkSite(open))))
}

// withHeaders sets the security headers.
func (s *Server) withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// checkMethod refuses all methods but GET and HEAD.
func checkMethod(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, r, http.StatusMethodNotAllowed, "only GET and HEAD are answered")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkHost refuses requests whose Host header is not this machine, or a name that was configured. A web page whose name
// resolves to the address could otherwise read the answers (DNS rebinding). With a token or TLS the page cannot, and any
// Host is accepted unless names are configured.
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOf(r.Host)
		any := s.config.Protected() && len(s.config.Hosts) == 0
		named := slices.ContainsFunc(s.config.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
		if !any && !named && !IsLoopback(host) {
			fail(w, r, http.StatusForbidden, "the Host header must be localhost or a loopback address, or a name of --web-host")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf returns the host of a Host header, without port and brackets.
func hostOf(header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil { // without a port
		host = header
	}
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	return host
}

// checkSite refuses requests that a browser makes for a page of another site: such a page cannot read the answers, but
// could cause work. A link from elsewhere that a user follows is a navigation of a whole window, which is accepted; the
// navigation of a frame is not.
func checkSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		link := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
		if (site == "cross-site" || site == "same-site") && !link {
			fail(w, r, http.StatusForbidden, "requests of other sites are not answered")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkToken refuses requests without the token, if there is one. It compares hashes, in a time that does not depend on them.
func (s *Server) checkToken(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(s.config.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(token))
		if s.config.Token != "" && (!bearer || subtle.ConstantTimeCompare(got[:], want[:]) != 1) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="factorfleet"`)
			fail(w, r, http.StatusUnauthorized, "this needs the token of --web-token-file: Authorization: Bearer TOKEN")
			return
		}
		next.ServeHTTP(w, r)
	})
}
