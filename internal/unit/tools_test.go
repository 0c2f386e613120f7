package unit

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tool returns the path of a program that reads the files. Without it the test is skipped, and fails if all tests are to
// run.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("FACTORFLEET_TESTS") == "full":
		t.Fatal(err)
	default:
		t.Skipf("NOT TESTED: there is no %s", name)
	}
	return path
}

// run runs a tool, which must succeed, and returns its output.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

// file returns the file of a kind.
func file(t *testing.T, kind string, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, kind, o); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return out.String()
}

// save writes a file to a new directory.
func save(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hostile has what a format may take for its own syntax.
const hostile = `a"b'c: d # %n %% ${HOME} $$ \ {{.}} [[.Image]] , ]` + "`" + ` é`

// deployments are options of each kind: with and without all that a user may give, and with texts that are to be quoted.
func deployments() map[string]Options {
	all := Options{
		Program: Consumer, Name: "w-1", Server: "tls://a:4222,tls://b:4222", Creds: "/etc/nats.creds", Binary: "/bin/true", Image: "registry.lab:5000/f:1",
		Slots: 7, Memory: 3 << 30, Drain: 90 * time.Second, Account: "FACTOR",
	}
	bad := all
	bad.Server, bad.Creds, bad.Image, bad.Account = hostile, "/etc/"+hostile, hostile, hostile
	scrape := all
	scrape.Scrape = true
	list := map[string]Options{"all": all, "scraped": scrape, "scraped without login": {Program: Consumer, Binary: "/bin/true", Scrape: true}, "hostile": bad, "default": {Program: Consumer, Binary: "/bin/true", Drain: 25 * time.Second}}
	for name, o := range list {
		o.Program, o.Name = Producer, ""
		list["supervisor, "+name] = o
	}
	return list
}

// TestSystemd: systemd accepts the unit, and counts it among the protected ones.
func TestSystemd(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	for name, o := range deployments() {
		text := file(t, "systemd", o)
		path := save(t, "factorfleet.service", text)
		if out := run(t, analyze, "verify", "--man=no", path); strings.TrimSpace(out) != "" {
			t.Errorf("%s: %s\n%s", name, out, text)
		}
		run(t, analyze, "security", "--offline=yes", "--threshold=30", path)
		harmless := o
		harmless.Server, harmless.Creds = "nats://a", "/etc/nats.creds"
		if o.Creds == "" {
			harmless.Creds = ""
		}
		if got, want := strings.Count(text, "\n"), strings.Count(file(t, "systemd", harmless), "\n"); got != want {
			t.Errorf("%s: %d lines, want %d", name, got, want)
		}
	}
}

// TestQuoteSystemd: what is special to ExecStart is escaped.
func TestQuoteSystemd(t *testing.T) {
	if got, want := quoteSystemd(`a "b" %n $HOME \x`), `"a \"b\" %%n $$HOME \\x"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestQuoteShell: a shell reads the text as one word, which it does not evaluate.
func TestQuoteShell(t *testing.T) {
	for _, text := range []string{"/etc/nats.creds", hostile, "a b", "$(false)", "it's", "*", "~", "a;b"} {
		if got := run(t, "sh", "-c", "printf %s "+quoteShell(text)); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestControlCharacters: nothing can add a line to a file.
func TestControlCharacters(t *testing.T) {
	for _, text := range []string{"a\nb", "a\rb", "a\x00", "\x1b[0m", "a\u0085b"} {
		for _, o := range []Options{{Name: text}, {Server: text}, {Creds: text}, {Binary: text}, {Image: text}, {Account: text}} {
			if Check(o) == nil {
				t.Errorf("%+v is accepted", o)
			}
		}
	}
	if err := Check(deployments()["hostile"]); err != nil {
		t.Error(err)
	}
	if err := Write(new(bytes.Buffer), "k9s", Options{}); err == nil {
		t.Error("an unknown kind is accepted")
	}
}

// TestRules: promtool accepts the rules, and each alert fires when it should, and not before.
func TestRules(t *testing.T) {
	promtool := tool(t, "promtool")
	dir := t.TempDir()
	tests, err := os.ReadFile("testdata/rules_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules := file(t, "prometheus-rules", Options{Program: Consumer})
	for name, text := range map[string]string{"rules.yaml": rules, "rules_test.yaml": string(tests)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, promtool, "check", "rules", "--lint=all", "--lint-fatal", filepath.Join(dir, "rules.yaml"))
	run(t, promtool, "test", "rules", filepath.Join(dir, "rules_test.yaml"))
	for line := range strings.Lines(rules) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- alert: "); ok && strings.Count(string(tests), "alertname: "+name+"\n") < 2 {
			t.Errorf("no test that %s fires, and that it does not", name)
		}
	}
}

// TestComposeConfig: Docker Compose accepts its file.
func TestComposeConfig(t *testing.T) {
	docker, err := exec.LookPath("docker")
	if err != nil || exec.Command(docker, "compose", "version").Run() != nil {
		t.Skip("NOT TESTED: there is no docker compose")
	}
	for _, o := range deployments() {
		run(t, docker, "compose", "--file", save(t, "compose.yaml", file(t, "compose", o)), "config", "--quiet")
	}
}
