package web

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/observe"
)

// TestFlood: only so many answers of the API are made and sent at a time, so that clients that do not read them cost a bounded
// amount of memory. Health is answered meanwhile, and a client that leaves makes room.
func TestFlood(t *testing.T) {
	s, _ := serve(t, Config{wait: 10 * time.Millisecond})
	entered, leave := make(chan struct{}), make(chan struct{})
	s.handleAPI("slow", func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	})
	ended := make(chan error, maxAnswers)
	for range maxAnswers {
		go func() {
			answer, err := http.Get(s.URL() + "api/v1/slow")
			if err == nil {
				answer.Body.Close()
			}
			ended <- err
		}()
		<-entered
	}
	answer, err := http.Get(s.URL() + "api/v1/jobs")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "too many requests") {
		t.Errorf("one more: status %d: %s", answer.StatusCode, body)
	}
	answer, err = http.Get(s.URL() + "healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("health: status %d", answer.StatusCode)
	}
	close(leave)
	for range maxAnswers {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	go func() { <-entered }()
	if answer, err = http.Get(s.URL() + "api/v1/slow"); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %v", err)
	}
}

// TestSharedDocument: all answers with the same View share their bytes.
func TestSharedDocument(t *testing.T) {
	var d documents
	v := &observe.View{Reason: strings.Repeat("a", 2*leastGzip)}
	first, err := d.of(v)
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.of(v)
	if err != nil || first != second {
		t.Errorf("two documents of a View: %v", err)
	}
	if a, b := first.compressed(), second.compressed(); &a[0] != &b[0] {
		t.Error("it was compressed twice")
	}
	if other, err := d.of(&observe.View{}); err != nil || other == first {
		t.Errorf("the document of another View: %v", err)
	}
}
