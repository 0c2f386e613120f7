package unit

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"unicode"
)

//go:embed files
var files embed.FS

// templates are the files, with delimiters that none of their formats has.
var templates = template.Must(template.New("").Delims("[[", "]]").Option("missingkey=error").
	Funcs(template.FuncMap{"yaml": quoteJSON, "dollars": quoteDollars, "shell": quoteShell, "systemd": quoteSystemd, "specifiers": quoteSpecifiers}).ParseFS(files, "files/*"))

// names maps a kind to its template.
var names = map[string]string{
	"systemd": "systemd.service", "docker": "Dockerfile", "compose": "compose.yaml", "k8s": "k8s.yaml", "keda": "keda.yaml",
	"prometheus-rules": "rules.yaml",
}

// Check returns an error if a text has a control character, which no file can contain.
func Check(o Options) error {
	for _, text := range []string{o.Name, o.Server, o.Creds, o.Binary, o.Image, o.Account} {
		if strings.IndexFunc(text, unicode.IsControl) >= 0 {
			return fmt.Errorf("%.100q has a control character", text)
		}
	}
	return nil
}

// Write writes the file of a kind, which is one of Kinds. o must have passed Check. An error means that nothing was
// written, unless it is one of w.
func Write(w io.Writer, kind string, o Options) error {
	if !slices.Contains(Kinds, kind) {
		return fmt.Errorf("%.40q is none of %s", kind, strings.Join(Kinds, ", "))
	}
	var out bytes.Buffer
	var err error
	if kind == "grafana" {
		err = writeDashboard(&out)
	} else {
		err = templates.ExecuteTemplate(&out, names[kind], o.withDefaults(kind))
	}
	if err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}

// quoteJSON returns text as a JSON string, which is a string of YAML, too.
func quoteJSON(text string) (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(strings.ToValidUTF8(text, "?"))
	return strings.TrimSpace(out.String()), err
}

// quoteDollars returns text in which Docker Compose, and Kubernetes in the arguments of a container, find no variables.
func quoteDollars(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// quoteShell returns text as a word of a shell, for a command that a user copies.
func quoteShell(text string) string {
	safe := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+,:@", r)
	}
	if strings.IndexFunc(text, func(r rune) bool { return !safe(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// quoteSystemd returns text as one argument of ExecStart: systemd reads escapes, % for specifiers, and $ for variables.
func quoteSystemd(text string) string {
	text = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(text)
	return `"` + text + `"`
}

// quoteSpecifiers returns text as the end of a line in which systemd reads nothing but specifiers.
func quoteSpecifiers(text string) string { return strings.ReplaceAll(text, "%", "%%") }
