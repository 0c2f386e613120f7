package page_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"factorfleet/internal/testsize"
)

// shotsVariable names a folder for screenshots of all views, for people to look at; without it none are made.
const shotsVariable = "FACTORFLEET_SCREENSHOTS"

// TestBrowser drives the page in Chromium by the script in test/page, against synthetic fleets. It needs Chromium and
// Node.js; playwright-core comes from npm. Where one is missing it is skipped, and fails in the gate.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	chromium := need(t, "chromium", "chromium-browser", "google-chrome")
	node := need(t, "node", "nodejs")
	dir := script(t, need(t, "npm"))
	server := httptest.NewUnstartedServer(newFake().handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that the test breaks
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Start()
	defer server.Close()
	defer server.CloseClientConnections()

	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "page.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PAGE_URL="+server.URL, "CHROMIUM="+chromium, "SHOTS="+os.Getenv(shotsVariable))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	checks := report(t, out)
	if err := cmd.Wait(); err != nil {
		t.Errorf("page.mjs: %v", err)
	}
	if checks < 20 && os.Getenv("CHECKS") == "" {
		t.Errorf("only %d checks ran", checks)
	}
}

// report makes each check of the script a subtest, and returns their number.
func report(t *testing.T, out io.Reader) (checks int) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var check struct {
			Name, Error string
			MS          int
		}
		if err := json.Unmarshal(lines.Bytes(), &check); err != nil {
			t.Errorf("page.mjs says %q", lines.Text())
			continue
		}
		checks++
		t.Run(check.Name, func(t *testing.T) {
			t.Logf("%d ms", check.MS)
			if check.Error != "" {
				t.Error(check.Error)
			}
		})
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
	return checks
}

// need returns the path of the first of some programs that is installed.
func need(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	notTested(t, errors.New(names[0]+" is not installed"))
	return ""
}

func notTested(t *testing.T, why error) {
	t.Helper()
	if testsize.Full() {
		t.Fatalf("NOT TESTED: the page in a browser: %v", why)
	}
	t.Skipf("NOT TESTED: the page in a browser: %v", why)
}

// script copies test/page to a temporary folder and installs there what it needs, and returns the folder.
func script(t *testing.T, npm string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "test", "page"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		notTested(t, errors.New("npm cannot install playwright-core: "+string(out)))
	}
	return dir
}
